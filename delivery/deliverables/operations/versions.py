"""A new version of a deliverable: read, sanitised, sealed by its digest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max, Q
from django.utils.translation import gettext_lazy as _

from delivery.deliverables.details import UploadDetails
from delivery.deliverables.gates import version_is_readable
from delivery.deliverables.manifest import digest
from delivery.deliverables.models import Deliverable
from delivery.deliverables.references import by_digest
from delivery.deliverables.sanitise import sanitise
from delivery.deliverables.versions import Version, VersionFile
from routing.kernel.roles import AM, CREATIVE, EVERYONE, grant
from routing.people.actors import Actor
from routing.work.door import Operation, OperationResult, move, operation
from routing.work.files import File
from routing.work.gates import refused
from routing.work.locking import lock

grant("delivery.view_version", *EVERYONE)
grant("delivery.view_versionfile", *EVERYONE)

TEXTS = ("title", "slug", "excerpt", "body_html", "seo_title", "seo_description", "note")
MOST_FILES = 100


@dataclass(frozen=True, slots=True)
class DraftFile:
    """
    A file of the version to be: ``role`` such as hero or download; ``alt`` empty for a decorative
    image.
    """

    file_id: int
    role: str
    alt: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """
    Content of an upload. ``terms`` maps ``categories`` and ``tags`` to names. Images in the body
    may be ``asset:<name of a file>``.

    ``basis`` is the id of the version it was made from, 0 for none: then another one that came
    meanwhile refuses it.
    """

    texts: Mapping[str, str] = field(default_factory=dict)  # by the names in TEXTS
    terms: Mapping[str, Sequence[str]] = field(default_factory=dict)
    parts: Sequence[DraftFile] = ()
    basis: int | None = None


class UnreadableDraft(ValueError):
    """A draft that cannot become a version; the message says what to do."""


def add_version(
    step: Operation[Draft],
    ids: Sequence[int],
    *,
    by: Actor,
    at: datetime,
    reason: str = "",
    details: Draft,
) -> list[OperationResult]:
    """
    Make the next version of each deliverable: of all of them, or where one is refused, of none.
    """
    with transaction.atomic():
        lock(Deliverable, ids)
        made: dict[int, UploadDetails] = {}
        for row in Deliverable.objects.filter(
            pk__in=ids, state__in=Deliverable.making
        ).select_related("item"):
            try:
                made[row.pk] = UploadDetails(_make(row, details, by, at).pk)
            except UnreadableDraft as error:
                made[row.pk] = UploadDetails(fault=str(error))
        inner = step.with_details(UploadDetails)
        results = [
            result
            for pk in dict.fromkeys(ids)
            for result in move(
                inner, [pk], by=by, at=at, reason=reason, details=made.get(pk, UploadDetails())
            )
        ]
        if not all(result.done for result in results):
            transaction.set_rollback(True)  # a version that no deliverable took would stay for ever
            together = refused(
                "together",
                _("Another file was refused, so nothing was uploaded."),
                clears_by=_("You: remove that file"),
            )
            results = [
                replace(result, done=False, refusals=result.refusals or (together,))
                for result in results
            ]
    return results


def _make(row: Deliverable, draft: Draft, by: Actor, at: datetime) -> Version:
    """:raises UnreadableDraft: see the class"""
    if draft.basis is not None and draft.basis != (row.version_id or 0):
        raise UnreadableDraft(
            _("Someone uploaded another version in the meantime. Review it, then upload yours.")
        )
    texts = {name: str(draft.texts.get(name) or "").strip() for name in TEXTS}
    files = _files(row, draft.parts, by)
    try:
        texts["body_html"] = sanitise(
            by_digest(texts["body_html"], [(file.name, file.sha256) for file in files.values()])
        )
    except ValueError as error:
        raise UnreadableDraft(str(error)) from None
    last = row.versions.aggregate(last=Max("number"))["last"] or 0
    terms = {
        kind: [name.strip() for name in names if name.strip()]
        for kind, names in draft.terms.items()
    }
    version = Version(
        deliverable=row, number=last + 1, **texts, terms=terms, author_id=by.user_id, at=at
    )
    parts = [
        VersionFile(
            version=version,
            file=files[part.file_id],
            role=part.role,
            name=files[part.file_id].name,
            alt=part.alt,
            position=place,
        )
        for place, part in enumerate(draft.parts)
    ]
    if not version.body_html and not parts:
        raise UnreadableDraft(_("Enter text or add a file."))
    version.digest = digest(version.manifest_with(parts))
    try:
        version.clean_fields(exclude=("deliverable", "author"))
        for part in parts:
            part.clean_fields(exclude=("version", "file"))
    except ValidationError as error:
        raise UnreadableDraft(
            " ".join(f"{name}: {' '.join(words)}" for name, words in error.message_dict.items())
        ) from None
    version.save(force_insert=True)
    VersionFile.objects.bulk_create(parts)
    return version


def _files(row: Deliverable, parts: Sequence[DraftFile], by: Actor) -> dict[int, File]:
    """
    The files by their ids.

    :raises UnreadableDraft: if one is not there, or is neither the client's nor uploaded by whoever
        makes the version
    """
    client = row.item.client_id
    theirs = Q(client=client) | Q(client=None, uploader=by.user_id)
    found = {
        file.pk: file
        for file in File.objects.kept().filter(theirs, pk__in=[part.file_id for part in parts])
    }
    if len(parts) > MOST_FILES:
        raise UnreadableDraft(
            _("A version can have at most %(most)s files.") % {"most": MOST_FILES}
        )
    if missing := [part.file_id for part in parts if part.file_id not in found]:
        raise UnreadableDraft(
            _("A file is no longer available. Upload it again.")
            + f" ({', '.join(map(str, missing))})"
        )
    return found


upload = operation(
    Deliverable,
    "upload",
    _("Upload version"),
    done=_("%(who)s uploaded a version"),
    may=(AM, CREATIVE),
    gates=(version_is_readable,),
    details=Draft,
    verb_details=UploadDetails,
    for_gates=("fault",),
    run=add_version,
)
