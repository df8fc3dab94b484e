"""
Compare what is in an external system with what our rows say about it.

Nothing here reads a row or calls anybody, but for the surveyor that it is given.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from integrations.base.survey import RemoteObject, Surveyor
from integrations.outbox.discrepancies import Discrepancy

Kind = Discrepancy.Kind


@dataclass(frozen=True, slots=True)
class OurObject:
    """
    What our rows say about one external object.

    ``remote_id`` is empty if no attempt was confirmed. ``is_watched`` is false once it no longer
    matters what becomes of the object, as for archived work. ``is_busy`` is true while a message
    about the object is on its way.
    """

    object_key: str
    object_type: str = ""
    remote_id: str = ""
    url: str = ""
    item_id: int | None = None
    content: Mapping[str, Any] = field(default_factory=dict)
    evidence: Mapping[str, Any] = field(default_factory=dict)
    is_watched: bool = False
    is_busy: bool = False

    @property
    def place(self) -> tuple[str, str]:
        return self.object_type, self.remote_id


@dataclass(frozen=True, slots=True)
class Observation:
    """A difference that was seen. ``there`` is None if the object is gone."""

    kind: str
    object_type: str
    remote_id: str
    object_key: str
    item_id: int | None = None
    there: RemoteObject | None = None
    url: str = ""
    keeps: str = ""
    keeps_url: str = ""
    changes: tuple[str, ...] = ()


def compare(
    surveyor: Surveyor,
    found: Iterator[RemoteObject],
    ours: Mapping[str, OurObject],
    settled: Collection[tuple[str, str]] = (),
    *,
    files: bool = False,
) -> list[Observation]:
    """
    Return the differences between the objects that were found and those of our rows.

    :param found: every object with the mark of one of ``ours``, or with any mark
    :param settled: places of objects that a person decided to leave as they are
    :param files: look for second copies of the files of our objects, too
    :raises CallFailed: if a call fails
    """
    seen: list[Observation] = []
    confirmed: set[str] = set()
    others: dict[str, list[RemoteObject]] = defaultdict(list)
    for each in found:
        known = ours.get(each.object_key)
        if known is not None and known.remote_id and known.place == each.place:
            confirmed.add(known.object_key)
            seen += _changes(surveyor, known, each)
        elif each.place not in settled:
            others[each.object_key].append(each if known else _slim(each))
    for key, known in ours.items():
        if known.remote_id and known.is_watched and not known.is_busy and key not in confirmed:
            # Whoever edits a post may take the mark out.
            seen += _changes(surveyor, known, surveyor.read(*known.place))
    for known in ours.values() if files else ():
        seen += _copies_of_files(surveyor, known, settled)
    for key, some in others.items():
        seen += _others(surveyor, ours.get(key), some)
    return seen


def _slim(found: RemoteObject) -> RemoteObject:
    """Return the object without its texts: there may be thousands."""
    return replace(found, texts={}, raw=None)


def _changes(
    surveyor: Surveyor, ours: OurObject, there: RemoteObject | None
) -> Sequence[Observation]:
    """Return what became of an object of ours."""
    if not ours.is_watched or ours.is_busy:
        return ()
    if there is None:
        return (_observed(Kind.DELETED, ours, None),)
    if there.is_trashed:
        return (_observed(Kind.TRASHED, ours, there),)
    if there.scheduled_at is not None:
        return (_observed(Kind.SCHEDULED, ours, there),)
    if ours.remote_id and not there.is_public:
        return (_observed(Kind.HIDDEN, ours, there),)
    changes = tuple(surveyor.edits(there, ours.content, ours.evidence))
    return (_observed(Kind.EDITED, ours, there, changes=changes),) if changes else ()


def _copies_of_files(
    surveyor: Surveyor, ours: OurObject, settled: Collection[tuple[str, str]]
) -> Iterator[Observation]:
    if ours.is_busy:
        return
    for first, copy in surveyor.copies_of_files(ours.evidence):
        if copy.place not in settled:
            yield Observation(
                Kind.COPY,
                *copy.place,
                ours.object_key,
                ours.item_id,
                copy,
                copy.url,
                keeps=first,
                keeps_url=ours.url,
            )


def _others(
    surveyor: Surveyor, ours: OurObject | None, some: Sequence[RemoteObject]
) -> Sequence[Observation]:
    """Return what is to be said of objects with our mark that no attempt has confirmed."""
    # Nobody sees what is in the trash.
    shown = [each for each in some if not each.is_trashed]
    if ours is None:
        return [_copy(Kind.STRAY, each) for each in shown]
    if ours.is_busy:
        return ()  # it may be the object that the message is just creating
    if ours.remote_id:
        return [_copy(Kind.COPY, each, ours) for each in shown]
    # A message failed without an answer that says which object is ours. The oldest one that readers
    # see is the likeliest to be linked to.
    ranked = sorted(shown or some, key=_likeliest)
    first, *rest = ranked
    copies = [_copy(Kind.COPY, each, ours, first) for each in rest]
    return [*_changes(surveyor, ours, first), *(copies if shown else ())]


def _observed(
    kind: Kind, ours: OurObject, there: RemoteObject | None, changes: tuple[str, ...] = ()
) -> Observation:
    object_type, remote_id = there.place if there else ours.place
    url = there.url if there else ours.url
    return Observation(
        kind, object_type, remote_id, ours.object_key, ours.item_id, there, url, changes=changes
    )


def _likeliest(each: RemoteObject) -> tuple[bool, int, str]:
    return not each.is_public, len(each.remote_id), each.remote_id


def _copy(
    kind: Kind,
    there: RemoteObject,
    ours: OurObject | None = None,
    kept: RemoteObject | None = None,
) -> Observation:
    keeps, keeps_url = (kept.remote_id, kept.url) if kept else ("", "")
    if ours is not None and kept is None:
        keeps, keeps_url = ours.remote_id, ours.url
    item_id = ours.item_id if ours else None
    return Observation(
        kind, *there.place, there.object_key, item_id, there, there.url, keeps, keeps_url
    )
