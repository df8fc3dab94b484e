"""
An approved deliverable goes to where it belongs: its intent in the transaction that publishes it,
its result when it is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.utils.translation import gettext_lazy as _

from delivery.approvals.operations import deliverables
from delivery.deliverables.details import GoLiveDetails
from delivery.models import Deliverable, Version
from integrations.adapters.registry import adapter_of, kinds
from integrations.base.adapter import Asset
from integrations.base.connections import Connection
from integrations.outbox.assets import FileRef, NoSuchFile, file_reader
from integrations.outbox.enqueue import NewMessage, enqueue
from integrations.outbox.models import Outbound
from integrations.outbox.operations.replay import give_up, replay
from integrations.outbox.outcomes import on_dead, on_delivered, on_discarded, on_replayed
from routing.kernel.reasons import Reason
from routing.models import Destination, File
from routing.people.actors import Actor
from routing.people.registry import PlaceKind, places
from routing.runs.operations.raising import ExceptionFinding, raise_exception
from routing.work.door import Operation, carry
from routing.work.operations.files import content_of
from routing.work.registry import react

VERB = "publish"
State = Deliverable.State


@react(deliverables.publish)
def publish(rows: Sequence[Deliverable], by: Actor, at: datetime) -> None:
    """
    Write the intents; what failed before and is published again is let go anew. What can go nowhere
    fails at once, and says so.
    """
    about = Deliverable.objects.filter(pk__in=[row.pk for row in rows])
    found = (
        about.select_related("item__run", "destination", "version")
        .prefetch_related("version__files__file")
        .order_by("pk")
    )
    for row in found:
        assert row.destination is not None  # the gate refuses anything else
        assert row.version is not None
        connection = connection_of(row.destination)
        if connection is None:
            _nowhere(row, row.destination, at)
            continue
        wanted = _wanted(row, row.version, row.destination, connection)
        dead = Outbound.objects.dead().filter(key=wanted.key).first()
        if dead is not None and (dead.connection_id, dead.content) == (
            connection.pk,
            wanted.content,
        ):
            replay([dead.pk], by=Actor.system(), at=at, reason=str(_("Published again.")))
            continue
        if dead is not None:  # it goes elsewhere now
            give_up(
                [dead.pk],
                by=Actor.system(),
                at=at,
                reason=str(_("The destination was changed.")),
                replaced=True,
            )
            wanted = _wanted(row, row.version, row.destination, connection)
        enqueue([wanted], by=by, at=at)


@places
def publishing_places() -> list[PlaceKind]:
    """The kinds of system that finished work can go to, with the connections in use."""
    active = Connection.objects.active().order_by("name")
    found = [kind for kind in kinds() if (adapter := adapter_of(kind)) and adapter.publishes]
    return [
        PlaceKind(
            kind, kind.capitalize(), [(row.slug, row.name) for row in active if row.kind == kind]
        )
        for kind in found
    ]


def connection_of(destination: Destination) -> Connection | None:
    """
    The connection a destination means: the one it names, or the only active one of its kind that
    need not be named.
    """
    active = Connection.objects.active().filter(kind=destination.kind)
    if destination.connection:
        return active.filter(slug=destination.connection).first()
    found = list(active.unnamed()[:2])
    return found[0] if len(found) == 1 else None


def _nowhere(row: Deliverable, destination: Destination, at: datetime) -> None:
    evidence = {
        "destination": destination.pk,
        "kind": destination.kind,
        "connection": destination.connection,
    }
    message = str(
        _(
            "No active connection matches the destination. Add a connection or choose one in the "
            "destination, then publish again."
        )
    )
    raise_exception(
        ExceptionFinding(
            Reason.FAILED_DELIVERY, {**evidence, "message": message}, row.item, row.item.run
        ),
        at=at,
    )
    carry(deliverables.fail_publishing, [row.pk], by=Actor.system(), at=at, reason=message)


def object_of(row: Deliverable) -> str:
    """
    Names the remote object by the deliverable it was first made from: its successors bring the same
    object up to date.

    With the moment of its making, or the first work of another installation, on the same site,
    would pass for ours.
    """
    while row.replaces is not None:
        row = row.replaces
    made = sha256(row.item.created_at.isoformat().encode()).hexdigest()
    return f"deliverable:{row.pk}:{made[:12]}"


def _key(row: Deliverable, version: Version) -> str:
    """
    The same as long as nobody gave it up: what was discarded and is published again is another
    intent.
    """
    given_up = Outbound.objects.filter(item=row.item_id, verb=VERB, state__in=Outbound.given_up)
    return f"{VERB}:{row.pk}:{version.digest}:{given_up.count()}"


def _wanted(
    row: Deliverable, version: Version, destination: Destination, connection: Connection
) -> NewMessage:
    return NewMessage(
        connection_id=connection.pk,
        key=_key(row, version),
        verb=VERB,
        object_key=object_of(row),
        content=content(version, destination),
        files=tuple(FileRef(part.file_id, part.role, part.alt) for part in version.files.all()),
        object_type=destination.post_type,
        item_id=row.item_id,
        run_id=row.item.run_id,
    )


def content(version: Version, destination: Destination) -> dict[str, Any]:
    """Return the content for a destination in the form that adapters read."""
    return {
        "title": version.title,
        "slug": version.slug,
        "excerpt": version.excerpt,
        "body_html": version.body_html,
        "seo": {"title": version.seo_title, "description": version.seo_description},
        "terms": version.terms,
        "post_type": destination.post_type,
        "path": destination.path,
        "digest": version.digest,
    }


@file_reader
def assets(refs: Sequence[FileRef]) -> list[Asset]:
    """:raises NoSuchFile: if one was erased"""
    found = File.objects.kept().in_bulk([ref.file for ref in refs])
    missing = [ref.file for ref in refs if ref.file not in found]
    if missing:
        raise NoSuchFile(
            f"The file {missing[0]} is not kept any more: upload it again in a new version."
        )
    return [_asset(found[ref.file], ref) for ref in refs]


def _asset(file: File, ref: FileRef) -> Asset:
    return Asset(ref.role, file.name, file.type, file.sha256, ref.alt, lambda: content_of(file))


@on_delivered(VERB)
def went_live(row: Outbound, by: Actor, at: datetime) -> None:
    ids = _of(row)
    if ids:
        carry(
            deliverables.go_live,
            ids,
            by=by,
            at=at,
            reason=str(_("Published and confirmed.")),
            details=GoLiveDetails(row.url),
        )


@on_dead(VERB)
def failed(row: Outbound, by: Actor, at: datetime) -> None:
    _carry(deliverables.fail_publishing, row, by, at, row.last_error)


@on_discarded(VERB)
def given_up(row: Outbound, by: Actor, at: datetime) -> None:
    _carry(
        deliverables.fail_publishing,
        row,
        by,
        at,
        str(_("Discarded before it was published.")),
        state=State.PUBLISHING,
    )


@on_replayed(VERB)
def goes_again(row: Outbound, by: Actor, at: datetime) -> None:
    """
    Replayed by hand: the deliverable is on its way again. Published again from its own page, it is
    already.
    """
    _carry(deliverables.publish, row, by, at, str(_("Retried.")), state=State.PUBLISH_FAILED)


def _carry(
    step: Operation[None], row: Outbound, by: Actor, at: datetime, reason: str, state: str = ""
) -> None:
    ids = _of(row, state)
    if ids:
        carry(step, ids, by=by, at=at, reason=reason)


def _of(row: Outbound, state: str = "") -> list[int]:
    """Return the deliverable that an outbox message is about, if it is in that state."""
    about = Deliverable.objects.filter(item=row.item_id)
    return list((about.filter(state=state) if state else about).values_list("pk", flat=True))
