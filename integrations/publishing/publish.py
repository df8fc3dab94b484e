"""
Publish approved deliverables.

The outbox message is written in the transaction that publishes. Its result moves the deliverable.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from delivery.approvals.operations import deliverables
from delivery.deliverables.addresses import AddressRule, address_rule
from delivery.deliverables.details import GoLiveDetails
from delivery.deliverables.manifest import Manifest
from delivery.models import Deliverable, Version
from integrations.adapters.registry import adapter_of, kinds
from integrations.base.adapter import Asset
from integrations.base.connections import Connection
from integrations.outbox.assets import FileRef, NoSuchFile, file_reader
from integrations.outbox.cases import REASONS
from integrations.outbox.enqueue import NewMessage, enqueue
from integrations.outbox.models import Outbound
from integrations.outbox.operations.replay import give_up, replay
from integrations.outbox.outcomes import on_dead, on_delivered, on_discarded, on_replayed
from integrations.outbox.verbs import called
from integrations.publishing.draft_objects import DRAFT, take_over
from routing.kernel.reasons import Reason
from routing.models import Destination, ExceptionCase, File
from routing.people.actors import Actor
from routing.people.registry import PlaceKind, places
from routing.runs.operations.raising import ExceptionFinding, raise_exception
from routing.work.door import Operation, carry
from routing.work.operations.files import content_of
from routing.work.registry import react

VERB = called("publish", _("Publish the page"))
NOWHERE = _(
    "No active connection matches the destination. Add a connection or choose one in the "
    "destination, then publish again."
)
NOT_PUBLISHED = _("The deliverable is not published. Publish it again or withdraw it for rework.")
State = Deliverable.State


@react(deliverables.publish)
def publish(rows: Sequence[Deliverable], by: Actor, at: datetime) -> None:
    """
    Write the outbox messages of the deliverables.

    A failed message is retried if nothing in it changed. Without a connection, publishing fails at
    once with an exception.
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
        wanted = _message(row, row.version, row.destination, connection)
        dead = list(Outbound.objects.dead().filter(item=row.item_id, verb=VERB).order_by("pk"))
        same = [each.pk for each in dead if _says(each, wanted)]
        system, others = Actor.system(), [each.pk for each in dead if each.pk not in same]
        if others:
            # Its destination was changed, or it was a decision about an object there. Either would
            # block what is published now.
            reason = str(_("It is published again."))
            give_up(others, by=system, at=at, reason=reason, replaced=True)
        if same:
            replay(same, by=system, at=at, reason=str(_("Published again.")))
        else:
            # Built again: its key counts the messages that were given up.
            wanted = _message(row, row.version, row.destination, connection)
            _end_failed_draft(wanted, at)
            enqueue([wanted], by=by, at=at)


def _end_failed_draft(wanted: NewMessage, at: datetime) -> None:
    """Give up a draft that failed, as it would hold back the page that takes its place."""
    dead = Outbound.objects.dead().filter(
        connection=wanted.connection_id, object_key=wanted.object_key, verb=DRAFT
    )
    if ids := list(dead.order_by("pk").values_list("pk", flat=True)):
        reason = str(_("A deliverable of the run is published in its place."))
        give_up(ids, by=Actor.system(), at=at, reason=reason, replaced=True)


def _says(row: Outbound, wanted: NewMessage) -> bool:
    return (row.connection_id, row.content) == (wanted.connection_id, wanted.content)


def _register_addresses() -> None:
    for kind in kinds():
        adapter = adapter_of(kind)
        if adapter is not None and adapter.publishes:
            address_rule(kind, AddressRule(adapter.slug_fault, adapter.has_folders))


_register_addresses()


@places
def publishing_places() -> list[PlaceKind]:
    """Return the kinds of system that can publish, with their active connections."""
    active = list(Connection.objects.active().order_by("name"))
    found = []
    for kind in kinds():
        adapter = adapter_of(kind)
        if adapter is not None and adapter.publishes:
            connections = [(row.slug, row.name) for row in active if row.kind == kind]
            found.append(PlaceKind(kind, kind.capitalize(), connections))
    return found


def connection_of(destination: Destination) -> Connection | None:
    """
    Return the connection of a destination.

    It is the one that the destination names, or else the only active one of its kind.
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
    message = str(NOWHERE)
    details = {**evidence, "message": message}
    finding = ExceptionFinding(Reason.FAILED_DELIVERY, details, row.item, row.item.run)
    raise_exception(finding, at=at)
    carry(deliverables.fail_publishing, [row.pk], by=Actor.system(), at=at, reason=message)


def object_of(row: Deliverable) -> str:
    """
    Return the name of the external object: that of the first deliverable it was made from.

    Successors of the deliverable update the same object. The name includes a digest of the creation
    time, because another installation may write to the same site with the same ids.
    """
    row = _first(row)
    made = sha256(row.item.created_at.isoformat().encode()).hexdigest()
    return f"deliverable:{row.pk}:{made[:12]}"


def object_for(row: Deliverable, connection: Connection, post_type: str) -> str:
    """
    Return the name of the external object on one connection.

    It is the one under which the work was published there before, or that of a draft which a flow
    has prepared for the run, or else a new one.
    """
    first = _first(row)
    before = Outbound.objects.filter(item=first.item_id, connection=connection, verb=VERB)
    known = before.order_by("-pk").values_list("object_key", flat=True).first()
    if known is None and first.item.run_id is not None:
        known = take_over(first.item.run_id, connection.pk, post_type, VERB)
    return known or object_of(row)


def _first(row: Deliverable) -> Deliverable:
    while row.replaces is not None:
        row = row.replaces
    return row


def _key(row: Deliverable, version: Version) -> str:
    """Return the key of the message. After a discard, publishing again needs a new key."""
    given_up = Outbound.objects.filter(item=row.item_id, verb=VERB, state__in=Outbound.given_up)
    return f"{VERB}:{row.pk}:{version.digest}:{given_up.count()}"


def _message(
    row: Deliverable, version: Version, destination: Destination, connection: Connection
) -> NewMessage:
    return message_for(
        row,
        version,
        connection,
        key=_key(row, version),
        content=content(version, destination),
        object_key=object_for(row, connection, destination.post_type),
    )


def message_for(
    row: Deliverable,
    version: Version,
    connection: Connection,
    *,
    key: str,
    content: Mapping[str, Any],
    object_key: str,
) -> NewMessage:
    """Return the message that publishes this content of a version."""
    return NewMessage(
        connection_id=connection.pk,
        key=key,
        verb=VERB,
        object_key=object_key,
        content=content,
        files=tuple(FileRef(part.file_id, part.role, part.alt) for part in version.files.all()),
        object_type=str(content["post_type"]),
        item_id=row.item_id,
        run_id=row.item.run_id,
    )


def content(version: Version, destination: Destination) -> dict[str, Any]:
    """Return the content for a destination in the form that adapters read."""
    found = content_of_manifest(version.manifest_with(()), destination)
    return {**found, "terms": version.terms, "digest": version.digest}


def content_of_manifest(manifest: Manifest, destination: Destination) -> dict[str, Any]:
    """Return content that may not be stored yet, as ``content`` does."""
    return {
        "title": manifest.title,
        "slug": manifest.slug,
        "excerpt": manifest.excerpt,
        "body_html": manifest.body_html,
        "seo": {"title": manifest.seo_title, "description": manifest.seo_description},
        "terms": manifest.terms,
        "post_type": destination.post_type,
        "path": destination.path,
    }


@file_reader
def assets(refs: Sequence[FileRef]) -> list[Asset]:
    """
    Return the files of a message.

    :raises NoSuchFile: if one was erased
    """
    found = File.objects.kept().in_bulk([ref.file for ref in refs])
    missing = [ref.file for ref in refs if ref.file not in found]
    if missing:
        raise NoSuchFile(
            f"The file {missing[0]} is no longer stored. Upload it again in a new version."
        )
    return [_asset(found[ref.file], ref) for ref in refs]


def _asset(file: File, ref: FileRef) -> Asset:
    return Asset(ref.role, file.name, file.type, file.sha256, ref.alt, lambda: content_of(file))


@on_delivered(VERB)
def went_live(row: Outbound, by: Actor, at: datetime) -> None:
    ids = _of(row)
    if ids:
        reason, details = str(_("Published and confirmed.")), GoLiveDetails(row.url)
        carry(deliverables.go_live, ids, by=by, at=at, reason=reason, details=details)


@on_dead(VERB)
def failed(row: Outbound, by: Actor, at: datetime) -> None:
    _carry(deliverables.fail_publishing, row, by, at, row.last_error)


@on_discarded(VERB)
def given_up(row: Outbound, by: Actor, at: datetime) -> None:
    reason = str(_("Discarded before it was published."))
    _carry(deliverables.fail_publishing, row, by, at, reason, state=State.PUBLISHING)
    # Also for a failed message that is discarded: its deliverable is still to be published.
    case = ExceptionCase.objects.filter(
        item__parent=OuterRef("item"), reason__in=REASONS, state__in=ExceptionCase.open_states
    )
    about = Deliverable.objects.filter(~Exists(case), item=row.item_id, state=State.PUBLISH_FAILED)
    for each in about.select_related("item__run"):
        raise_exception(unpublished_finding(each, reason), at=at)


def unpublished_finding(row: Deliverable, message: str) -> ExceptionFinding:
    """Return the exception of a deliverable that failed to be published."""
    evidence = {"what": VERB, "message": message}
    return ExceptionFinding(Reason.FAILED_DELIVERY, evidence, row.item, row.item.run)


@on_replayed(VERB)
def goes_again(row: Outbound, by: Actor, at: datetime) -> None:
    """
    Move the deliverable on when a person retries its message in the outbox.

    If the deliverable was published again from its own page, it has moved already.
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
