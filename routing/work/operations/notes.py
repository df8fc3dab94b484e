"""Notes about work. They are written once, and only erasure changes them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Func, Value
from django.utils.translation import gettext as _

from routing.kernel.events import Event
from routing.kernel.roles import AM, CREATIVE, EVERYONE, INTEGRATIONS, OPS, QA, grant
from routing.people.actors import Actor
from routing.work.files import File
from routing.work.items import WorkItem
from routing.work.notes import MOST_SIGNS, Note, NoteFile
from routing.work.registry import announce, eraser, reactions
from routing.work.visibility import work_seen_by

ADDED = "routing.note.add"
NOTED = announce(ADDED)
ERASED = "[…]"

grant("routing.view_note", *EVERYONE)
grant("routing.add_note", AM, CREATIVE, QA, OPS, INTEGRATIONS)


def add(
    item_id: int,
    *,
    body: str,
    audience: str,
    files: Sequence[File] = (),
    by: Actor,
    at: datetime,
    quiet: bool = False,
) -> Note:
    """
    Write a note about work that ``by`` may see, whatever its state.

    :param audience: a value of ``Note.Audience``
    :param files: stored before, in the same transaction
    :param quiet: see ``write``
    :raises PermissionDenied: if ``by`` may not write notes
    :raises WorkItem.DoesNotExist: if there is no such work, or ``by`` may not see it
    :raises ValidationError: if the note is empty or too long
    """
    by.require("routing.add_note", to=_("write notes"))
    item = work_seen_by(by).get(pk=item_id)
    return write(item, body=body, audience=audience, files=files, by=by, at=at, quiet=quiet)


def write(
    item: WorkItem,
    *,
    body: str,
    audience: str,
    files: Sequence[File] = (),
    by: Actor,
    at: datetime,
    quiet: bool = False,
) -> Note:
    """
    Write a note without checking permission, for callers such as the portal that check their own.

    :param quiet: notify nobody of the note, because it belongs to a step that does
    :raises ValidationError: if the note is empty or too long
    """
    note = Note(
        item=item, author_id=by.user_id, audience=Note.Audience(audience), body=body.strip(), at=at
    )
    if not note.body and not files:
        raise ValidationError(_("Enter text or add a file."))
    if len(note.body) > MOST_SIGNS:
        raise ValidationError(
            _("A note can have at most %(most)s characters. Put longer text into a file.")
            % {"most": MOST_SIGNS}
        )
    with transaction.atomic():
        note.save()
        NoteFile.objects.bulk_create([NoteFile(note=note, file=file) for file in files])
        Event.objects.create(kind=ADDED, item=item, object_id=note.pk, actor_id=by.user_id, at=at)
        for reaction in () if quiet else reactions(ADDED):
            reaction([note], by, at)
    return note


@eraser
def forget_notes(contact_id: int, email: str, at: datetime) -> None:
    """Empty a person's notes, and remove their address from the notes of others."""
    Note.objects.filter(author__contact=contact_id).update(body="", erased_at=at)
    if email:
        # Without regard to case, as people write addresses.
        without = Func(
            F("body"), Value(_literal(email)), Value(ERASED), Value("gi"), function="regexp_replace"
        )
        Note.objects.filter(body__icontains=email).update(body=without, erased_at=at)


def _literal(text: str) -> str:
    """Return a PostgreSQL pattern that matches the text itself."""
    return "".join(sign if sign.isalnum() else f"\\{sign}" for sign in text)
