"""The notes of a work item on its page, and the form to write one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from routing.desk.forms import long_text
from routing.people.actors import Actor
from routing.sla.operations.first_response import ResponseChannel, reached_client
from routing.work.items import WorkItem
from routing.work.notes import MOST_SIGNS, Note
from routing.work.operations import files, notes

LIMIT = 100
MOST_FILES = 10


class FilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True
    template_name = "desk/widgets/files.html"


class FilesField(forms.FileField):
    """A field for several uploads, which ``files.keep`` checks later."""

    widget = FilesInput

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile[Any]]:
        if len(data or ()) > MOST_FILES:
            raise ValidationError(_("At most %(most)s files at once."), params={"most": MOST_FILES})
        return list(data or ())


class NoteForm(forms.Form):
    partial = True  # text or a file is enough

    body = long_text(_("Note"), error="", required=False, rows=4, max_length=MOST_SIGNS)
    audience = forms.ChoiceField(
        label=_("Visible to"),
        choices=Note.Audience.choices,
        initial=Note.Audience.INTERNAL,
        widget=forms.RadioSelect(),
    )
    is_call = forms.BooleanField(
        label=_("This was a call with the client"),
        required=False,
        help_text=_("A recorded call counts as a response to the client."),
    )
    uploads = FilesField(label=_("Files"), required=False)

    def __init__(self, data: Any = None, uploaded: Any = None) -> None:
        super().__init__(data, uploaded, prefix="note")  # there may be another form on the page

    def save(self, item: WorkItem, *, by: Actor, at: datetime) -> Note | None:
        """
        Store the note with all its files. If anything is refused, store nothing, add an error to
        the form and return None.
        """
        if not self.is_valid():
            return None
        name = ""
        try:
            with transaction.atomic():
                kept = []
                for upload in self.cleaned_data["uploads"]:
                    name = upload.name or ""
                    kept.append(files.keep(upload, name=name, client=item.client, by=by, at=at))
                said, audience = self.cleaned_data["body"], self.cleaned_data["audience"]
                note = notes.add(item.pk, body=said, audience=audience, files=kept, by=by, at=at)
                if self.cleaned_data["is_call"]:
                    reached_client([item.pk], ResponseChannel.CALL, by=by, at=at)
                return note
        except files.NotKept as refusal:
            self.add_error("uploads", f"{name}: {refusal}")
        except ValidationError as refusal:
            self.add_error("body", refusal)
        return None


def notes_of(item: WorkItem) -> Sequence[Note]:
    """Return the newest notes with their files and authors, in two queries."""
    return list(item.notes.select_related("author").prefetch_related("files")[:LIMIT])
