"""
Carry out what a person chose for a discrepancy.

What changes the external system is a message of the outbox, written in the transaction of the
decision. Its result ends the discrepancy, or opens the choice again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from delivery.approvals.operations import deliverables
from delivery.deliverables.details import RenewDetails, UploadDetails
from delivery.deliverables.operations.versions import upload
from delivery.models import Deliverable
from integrations.base.adapter import TRASH
from integrations.outbox.discrepancies import Discrepancy
from integrations.outbox.enqueue import NewMessage, enqueue
from integrations.outbox.models import Outbound
from integrations.outbox.operations.replay import give_up, send_again
from integrations.outbox.outcomes import on_dead, on_delivered, on_discarded
from integrations.outbox.verbs import called
from integrations.publishing.publish import VERB, content, message_for
from integrations.reconcile.record import end
from integrations.reconcile.theirs import version_of_theirs
from routing.models import Outcome
from routing.people.actors import Actor
from routing.runs.operations import outcomes
from routing.work.door import carry
from routing.work.gates import Words
from routing.work.registry import react

Kind, Choice, State = Discrepancy.Kind, Discrepancy.Choice, Deliverable.State
AFTER_SCHEDULE = timedelta(minutes=2)  # WordPress publishes what is scheduled with some delay
NOT_PUBLISHED = _("The work is no longer live or waiting to be published.")

called(TRASH, _("Move to the trash"))


def carry_out(row: Discrepancy, *, by: Actor, at: datetime, reason: str) -> Words:
    """
    Write what carries out the choice of a discrepancy.

    :returns: what is against it, or an empty string
    """
    ways: Mapping[str, Callable[..., Words]] = {
        Choice.TRASH: _trash,
        Choice.KEEP: _keep,
        Choice.OURS: _ours,
        Choice.ANEW: _ours,
        Choice.THEIRS: _theirs,
    }
    return ways[row.choice](row, by, at, reason)


def _trash(row: Discrepancy, by: Actor, at: datetime, reason: str) -> Words:
    wanted = NewMessage(
        connection_id=row.connection_id,
        key=_new_key(f"{TRASH}:{row.pk}"),
        verb=TRASH,
        # An object of its own: the message of the work may have failed because of this copy, and
        # would block what removes it.
        object_key=f"copy:{row.object_type}:{row.remote_id}",
        content={"post_type": row.object_type, "seen": row.seen, "discrepancy": row.pk},
        remote_id=row.remote_id,
        item_id=row.item_id,
    )
    return _sent(row, wanted, by, at)


def _new_key(start: str) -> str:
    """Return a key that no message has: one that failed may be chosen again."""
    return f"{start}:{Outbound.objects.filter(key__startswith=f'{start}:').count()}"


def _sent(row: Discrepancy, wanted: NewMessage, by: Actor, at: datetime) -> Words:
    [made] = enqueue([wanted], by=by, at=at)
    Discrepancy.objects.filter(pk=row.pk).update(message=made)
    return ""


def _keep(row: Discrepancy, by: Actor, at: datetime, reason: str) -> Words:
    end([row], at=at, reason=reason)
    return ""


def _ours(row: Discrepancy, by: Actor, at: datetime, reason: str) -> Words:
    """Publish the approved version over the object, or another object in its place."""
    page = _page_of(row)
    if page is None:
        return NOT_PUBLISHED
    return _publish_over(row, page, row.choice, by, at, reason)


def _page_of(row: Discrepancy) -> Deliverable | None:
    about = Deliverable.objects.filter(item=row.item_id, state__in=Deliverable.publishable_again)
    return (
        about.select_related("item", "destination", "version")
        .prefetch_related("version__files__file")
        .first()
    )


def _publish_over(
    row: Discrepancy, page: Deliverable, choice: str, by: Actor, at: datetime, reason: str
) -> Words:
    if page.destination is None or page.version is None:
        return NOT_PUBLISHED
    key = _new_key(f"{VERB}:{page.pk}:{page.version.digest}:over:{row.pk}")
    wanted = message_for(
        page,
        page.version,
        row.connection,
        key=key,
        content={
            **content(page.version, page.destination),
            "post_type": row.object_type,
            "over": row.over(choice),
        },
        object_key=row.object_key,
    )
    # What failed because of this object would block its successor.
    failed = _failed(row)
    if failed:
        give_up(failed, by=Actor.system(), at=at, reason=reason, replaced=True)
    return _sent(row, wanted, by, at)


def _failed(row: Discrepancy) -> list[int]:
    about = Outbound.objects.dead().filter(connection=row.connection, object_key=row.object_key)
    return list(about.order_by("pk").values_list("pk", flat=True))


def _theirs(row: Discrepancy, by: Actor, at: datetime, reason: str) -> Words:
    page = _page_of(row)
    if page is None:
        return NOT_PUBLISHED
    if row.kind == Kind.SCHEDULED:
        return _after_schedule(row, at, reason)
    if row.kind != Kind.EDITED:
        carry(deliverables.archive, [page.pk], by=by, at=at, reason=reason)
        return ""
    version, fault = version_of_theirs(row, page, by=by, at=at)
    if fault:
        return fault
    if page.state == State.PUBLISH_FAILED:
        return _into_rework(row, page, version, by, at, reason)
    if version:
        details = RenewDetails(page.live_url, version)
        carry(deliverables.renew, [page.pk], by=by, at=at, reason=reason, details=details)
    again = _page_of(row)
    return _publish_over(row, again, Choice.THEIRS, by, at, reason) if again else NOT_PUBLISHED


def _after_schedule(row: Discrepancy, at: datetime, reason: str) -> Words:
    """Let the site publish it as scheduled, and confirm it after that."""
    failed = _failed(row)
    if not failed or row.scheduled_at is None:
        return NOT_PUBLISHED
    send_again(failed, by=Actor.system(), at=at, reason=reason)
    due_at = max(row.scheduled_at, at) + AFTER_SCHEDULE
    Outbound.objects.filter(pk__in=failed, state=Outbound.State.PENDING).update(due_at=due_at)
    end([row], at=at, reason=reason)
    return ""


def _into_rework(
    row: Discrepancy, page: Deliverable, version: int, by: Actor, at: datetime, reason: str
) -> Words:
    """Give the failed work the text of the site as its newest version, to be approved again."""
    last = (
        Outbound.objects.filter(
            connection=row.connection, object_key=row.object_key, state=Outbound.State.DELIVERED
        )
        .order_by("-pk")
        .first()
    )
    if last is None or not version:
        return _("It was never published from here. Restore our version, or change it on the site.")
    # What the person has seen is the basis of the next version, which may be written over it.
    last.evidence |= {"written": row.seen, "status": row.status, "slug": row.texts.get("slug", "")}
    Outbound.objects.filter(pk=last.pk).update(evidence=last.evidence)
    carry(deliverables.reopen, [page.pk], by=by, at=at, reason=reason)
    given = UploadDetails(version)
    carry(upload.with_details(UploadDetails), [page.pk], by=by, at=at, reason=reason, details=given)
    end([row], at=at, reason=reason)
    return ""


# -- What the messages lead to ---------------------------------------------------------------------


@on_delivered(VERB, TRASH)
def carried_out(message: Outbound, by: Actor, at: datetime) -> None:
    """End the discrepancy of a message, and publish what had failed because of it."""
    row = _behind(message)
    if row is None:
        return
    end([row], at=at, reason=_("The decision was carried out."))
    if message.verb == TRASH:
        _go_on(row, at)
        return
    pages = Deliverable.objects.filter(item=message.item_id, state=State.LIVE)
    ids = list(pages.values_list("pk", flat=True))
    details, why = RenewDetails(message.url), str(_("Published and confirmed."))
    carry(deliverables.renew, ids, by=by, at=at, reason=why, details=details)
    outcomes.look_at([message.item_id] if message.item_id else [], Outcome.Kind.LIVE, at)


def _go_on(row: Discrepancy, at: datetime) -> None:
    """Retry the message that could not tell two objects apart, once the last copy is gone."""
    left = Discrepancy.objects.open().filter(connection=row.connection, object_key=row.object_key)
    failed = _failed(row)
    if row.kind == Kind.COPY and failed and not left.exists():
        why = str(_("Only one object is left."))
        send_again(failed, by=Actor.system(), at=at, reason=why)


@on_dead(VERB, TRASH)
@on_discarded(VERB, TRASH)
def not_carried_out(message: Outbound, by: Actor, at: datetime) -> None:
    """Open the choice again, because it could not be carried out."""
    row = _behind(message)
    if row is not None:
        Discrepancy.objects.filter(pk=row.pk).update(choice="", message=None)


def _behind(message: Outbound) -> Discrepancy | None:
    over = message.content.get("over") or message.content
    pk = over.get("discrepancy")
    rows = Discrepancy.objects.open().select_related("connection", "item")
    # By its message, too: a person may have chosen again meanwhile.
    return rows.filter(pk=pk, message=message).first() if pk else None


@react(deliverables.cancel, deliverables.reopen, deliverables.archive)
def not_watched(rows: Sequence[Deliverable], by: Actor, at: datetime) -> None:
    """End the discrepancies of pages that no longer matter. Copies of them still do."""
    about = Discrepancy.objects.open().filter(item__in=[row.item_id for row in rows])
    ended = list(about.exclude(kind__in=[Kind.COPY, Kind.STRAY]).select_related("connection"))
    end(ended, at=at, reason=_("The page of this work no longer matters."))
