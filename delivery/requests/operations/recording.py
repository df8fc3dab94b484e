"""Requests by phone, e-mail or in a meeting, recorded by the agency with their evidence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.core.files.base import File as Upload
from django.db import transaction
from django.utils.translation import gettext as _

from delivery.requests.models import Request
from delivery.requests.operations.requests import open_request
from routing.people.actors import Actor
from routing.people.clients import Client
from routing.work.notes import Note
from routing.work.operations import notes
from routing.work.operations.files import keep


def record(
    *, client: Client, evidence: Sequence[Upload[Any]], by: Actor, at: datetime, **fields: Any
) -> Request:
    """
    Open a request, and add its evidence as an internal note. Both happen, or neither.

    :param fields: arguments of ``open_request``
    :raises PermissionDenied: if ``by`` may not create requests, or may not write the note
    :raises NotKept: if a file is refused
    """
    with transaction.atomic():
        made = open_request(client=client, by=by, at=at, **fields)
        files = [
            keep(upload, name=upload.name or "", client=client, by=by, at=at) for upload in evidence
        ]
        if files:
            body = _("Evidence of the request. Channel: %(way)s") % {
                "way": made.get_channel_display()
            }
            notes.add(
                made.item_id,
                body=body,
                audience=Note.Audience.INTERNAL,
                files=files,
                by=by,
                at=at,
                quiet=True,
            )
    return made
