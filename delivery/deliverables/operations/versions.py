"""Uploads of new versions: validated, sanitised and sealed by a digest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max, Q
from django.utils.translation import gettext_lazy as _

from delivery.deliverables.acceptance import PlacedContent, faults_of
from delivery.deliverables.addresses import slug_fault
from delivery.deliverables.details import UploadDetails
from delivery.deliverables.diff import looks_the_same
from delivery.deliverables.formats import Format
from delivery.deliverables.gates import version_is_readable
from delivery.deliverables.manifest import Manifest, digest
from delivery.deliverables.models import Deliverable
from delivery.deliverables.plain_text import lines, one_line
from delivery.deliverables.references import by_digest, distinct_names
from delivery.deliverables.sanitise import sanitise
from delivery.deliverables.slugs import chosen_slug
from delivery.deliverables.versions import Version, VersionFile
from routing.kernel.roles import AM, CREATIVE, EVERYONE, grant
from routing.people.actors import Actor
from routing.work.door import Operation, OperationResult, move, operation
from routing.work.files import File
from routing.work.gates import refused
from routing.work.locking import lock
from routing.work.visibility import files_seen_by

grant("delivery.view_version", *EVERYONE)
grant("delivery.view_versionfile", *EVERYONE)

TEXTS = ("title", "slug", "excerpt", "body_html", "seo_title", "seo_description", "note")
MOST_FILES = 100
SHOWN = frozenset({"content", "hero"})  # purposes of files that a page shows as images


@dataclass(frozen=True, slots=True)
class DraftFile:
    """A file of an upload: ``role`` is such as hero or download, ``alt`` empty for decoration."""

    file_id: int
    role: str
    alt: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """
    Content of an upload.

    ``terms`` maps ``categories`` and ``tags`` to names. An empty slug is derived from the title.
    Images in the body may be ``asset:<name of a file>``. ``basis`` is the id of the version that
    the draft was made from, or 0 for none; the upload is refused if there is a newer version by
    then.
    """

    texts: Mapping[str, str] = field(default_factory=dict)  # by the names in TEXTS
    terms: Mapping[str, Sequence[str]] = field(default_factory=dict)
    parts: Sequence[DraftFile] = ()
    basis: int | None = None


class UnreadableDraft(ValueError):
    """A draft that cannot become a version. The message says what to do."""


class SameVersion(UnreadableDraft):
    """A draft that does not differ from the current version."""


def add_version(
    step: Operation[Draft],
    ids: Sequence[int],
    *,
    by: Actor,
    at: datetime,
    reason: str = "",
    details: Draft,
) -> list[OperationResult]:
    """Make the next version of each deliverable. If one is refused, none is made."""
    results: list[OperationResult] = []
    with transaction.atomic():
        # Two uploads for one deliverable would otherwise read the same last number.
        lock(Deliverable, ids)
        made = _make_all(ids, details, by, at)
        inner = step.with_details(UploadDetails)
        # One by one, because each deliverable gets a version of its own.
        for pk in dict.fromkeys(ids):
            version = made.get(pk, UploadDetails())
            results += move(inner, [pk], by=by, at=at, reason=reason, details=version)
        if not all(result.done for result in results):
            # Versions are append-only: one that no deliverable took would stay for ever.
            transaction.set_rollback(True)
            results = _refuse_all(results)
    return results


def _make_all(
    ids: Sequence[int], draft: Draft, by: Actor, at: datetime
) -> dict[int, UploadDetails]:
    """Make a version for each deliverable in production, or note why there can be none."""
    rows = Deliverable.objects.filter(pk__in=ids, state__in=Deliverable.making)
    made: dict[int, UploadDetails] = {}
    for row in rows.select_related("item", "destination"):
        try:
            made[row.pk] = UploadDetails(make_version(row, draft, by, at).pk)
        except UnreadableDraft as error:
            made[row.pk] = UploadDetails(fault=str(error))
    return made


def _refuse_all(results: Sequence[OperationResult]) -> list[OperationResult]:
    """Refuse the deliverables without a fault as well, since nothing was uploaded."""
    together = refused(
        "together",
        _("Another file was refused, so nothing was uploaded."),
        clears_by=_("You: remove that file"),
    )
    return [
        replace(result, done=False, refusals=result.refusals or (together,)) for result in results
    ]


def make_version(row: Deliverable, draft: Draft, by: Actor, at: datetime) -> Version:
    """
    Store a version of a deliverable, which a verb then makes its newest.

    :raises UnreadableDraft: if the draft cannot become a version
    """
    if draft.basis is not None and draft.basis != (row.version_id or 0):
        raise UnreadableDraft(
            _("Someone uploaded another version in the meantime. Review it, then upload yours.")
        )
    files = _files(row, draft.parts, by)
    chosen = [files[part.file_id] for part in draft.parts]
    names = distinct_names((file.name, file.sha256) for file in chosen)
    texts = _texts(row, draft, list(zip(names, (file.sha256 for file in chosen), strict=True)))
    if fault := slug_fault(row, texts["slug"]):
        raise UnreadableDraft(fault)
    terms = {kind: _stripped(names) for kind, names in draft.terms.items()}
    last = row.versions.aggregate(last=Max("number"))["last"] or 0
    version = Version(
        deliverable=row, number=last + 1, **texts, terms=terms, author_id=by.user_id, at=at
    )
    parts = [
        _part(version, file, name, part, place)
        for place, (file, name, part) in enumerate(zip(chosen, names, draft.parts, strict=True))
    ]
    if not version.body_html and not parts:
        raise UnreadableDraft(_("Enter text or add a file."))
    _check_uses(row, parts)
    content = version.manifest_with(parts)
    version.digest = digest(content)
    _refuse_the_same(row, version, content)
    _validate(version, parts)
    _check_destination(row, content)
    version.save(force_insert=True)
    VersionFile.objects.bulk_create(parts)
    return version


def _refuse_the_same(row: Deliverable, version: Version, content: Manifest) -> None:
    """
    :raises SameVersion: if a reader cannot tell the draft from the newest version, or from the one
        that was returned
    """
    # It would fail the same checks, or ask people about what they have answered already.
    known = row.versions.filter(pk__in=[row.version_id or 0, row.reworked_id or 0])
    for same in known.order_by("-number").prefetch_related("files__file"):
        if looks_the_same(same.manifest, content):
            raise SameVersion(
                _("Nothing differs from version %(number)s. Change something, then upload.")
                % {"number": same.number}
            )


def _check_uses(row: Deliverable, parts: Sequence[VersionFile]) -> None:
    """:raises UnreadableDraft: if a file that is shown in a page is no image"""
    for part in parts:
        if row.format == Format.PAGE and part.role in SHOWN and not part.file.is_image:
            raise UnreadableDraft(
                _("“%(name)s” is not an image, so a page cannot show it. Make it a download.")
                % {"name": part.name}
            )


def _check_destination(row: Deliverable, content: Manifest) -> None:
    """:raises UnreadableDraft: naming what the destination would not take as it is"""
    if row.destination is not None:
        faults = faults_of(PlacedContent(content, row.destination))
        if faults:
            raise UnreadableDraft(" ".join(faults))


def _part(version: Version, file: File, name: str, part: DraftFile, position: int) -> VersionFile:
    return VersionFile(
        version=version,
        file=file,
        role=part.role,
        name=name,
        alt=part.alt,
        position=position,
    )


def _stripped(names: Iterable[str]) -> list[str]:
    return [name.strip() for name in names if name.strip()]


def _texts(row: Deliverable, draft: Draft, named: Sequence[tuple[str, str]]) -> dict[str, str]:
    """
    Return the texts of a draft, its body sanitised, its files named by digest, its slug chosen.

    :param named: name and sha256 of each file
    :raises UnreadableDraft: if the body cannot be sanitised or refers to a file that is not there,
        or there is no slug that can be part of an address
    """
    texts = {name: one_line(str(draft.texts.get(name) or "")) for name in TEXTS}
    texts["excerpt"] = lines(str(draft.texts.get("excerpt") or ""))
    texts["body_html"] = str(draft.texts.get("body_html") or "").strip()
    try:
        texts["body_html"] = sanitise(by_digest(texts["body_html"], named))
        texts["slug"] = chosen_slug(
            texts["slug"], texts["title"], is_page=row.format == Format.PAGE
        )
    except ValueError as error:
        raise UnreadableDraft(str(error)) from None
    return texts


def _validate(version: Version, parts: Sequence[VersionFile]) -> None:
    """:raises UnreadableDraft: if a value does not fit its column"""
    # Foreign keys are left out: each would cost a query, and the rows have just been read.
    try:
        version.clean_fields(exclude=("deliverable", "author"))
        for part in parts:
            part.clean_fields(exclude=("version", "file"))
    except ValidationError as error:
        raise UnreadableDraft(
            " ".join(f"{name}: {' '.join(words)}" for name, words in error.message_dict.items())
        ) from None


def _files(row: Deliverable, parts: Sequence[DraftFile], by: Actor) -> dict[int, File]:
    """
    Return the files of a draft by id.

    :raises UnreadableDraft: if a file is missing, the author may not see it, or it is neither the
        client's nor the author's own
    """
    client = row.item.client_id
    # A file that belongs to no client can be used by its uploader only. Ids come from a form, so
    # they could name a file of work that the author does not see.
    theirs = Q(client=client) | Q(client=None, uploader=by.user_id)
    seen = files_seen_by(by).kept()
    kept = seen.filter(theirs, pk__in=[part.file_id for part in parts])
    found = {file.pk: file for file in kept}
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
