"""A contact's answer to a question about a request, with its files."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.core.files.base import File as Upload
from django.db import transaction

from delivery.requests.details import AnswerDetails
from delivery.requests.operations.requests import answer
from routing.people.actors import Actor
from routing.work.door import OperationResult
from routing.work.notes import Note
from routing.work.operations import notes
from routing.work.operations.files import keep


def answer_with_files(
    request_id: int, *, details: str, uploads: Sequence[Upload[Any]], by: Actor, at: datetime
) -> OperationResult:
    """
    Answer, and add the files to the request as a shared note. Both happen, or neither.

    :raises PermissionDenied: if ``by`` may not answer
    :raises NotKept: if a file is refused
    """
    with transaction.atomic():
        [result] = answer([request_id], by=by, at=at, details=AnswerDetails(details))
        if result.done and uploads:
            item = result.row.item
            files = [
                keep(upload, name=upload.name or "", client=item.client, by=by, at=at)
                for upload in uploads
            ]
            notes.write(
                item,
                body="",
                audience=Note.Audience.CLIENT,
                files=files,
                by=by,
                at=at,
                quiet=True,
            )
    return result
