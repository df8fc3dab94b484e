"""Reactions to the reviews of a deliverable: approvals are requested, withdrawn and acted upon."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from delivery.approvals.models import Approval
from delivery.approvals.operations import approvals, deliverables
from delivery.approvals.stages import progress, stages_of
from delivery.deliverables.details import ReworkDetails
from delivery.deliverables.models import Deliverable
from delivery.deliverables.operations import versions
from delivery.deliverables.stages import Audience, Stage
from routing.kernel.isolate import isolate
from routing.kernel.reasons import Reason
from routing.kernel.transitions import verb_of
from routing.messages.models import Notification
from routing.messages.operations import tell_owners
from routing.people.actors import Actor
from routing.runs.exceptions import ExceptionCase
from routing.runs.operations import runs
from routing.runs.operations.raising import ExceptionFinding, raise_exception
from routing.work.creation import create
from routing.work.door import carry
from routing.work.items import WorkItem
from routing.work.new_items import new_item
from routing.work.registry import react

State = Deliverable.State


def open_question(rows: Sequence[Deliverable], *, by: Actor, at: datetime) -> None:
    """Ask the next stage about the newest version of each deliverable."""
    stages, done = stages_of(rows), progress(rows)
    asked = [
        (row, done[row.pk][0], stages[row.pk][done[row.pk][0]])
        for row in rows
        if done[row.pk][0] < len(stages[row.pk])
    ]
    made = create([_question(row, place, stage, at) for row, place, stage in asked], by=by, at=at)
    internal = [each.item for each in made if each.audience == Audience.INTERNAL]
    tell_owners(internal, Notification.Words.APPROVAL, by=Actor.system(), at=at)


def _question(row: Deliverable, place: int, stage: Stage, at: datetime) -> Approval:
    item, version = row.item, row.version
    assert version is not None  # what is reviewed has one: the database refuses anything else
    client = stage.audience == Audience.CLIENT
    owner, backup = item.owner_id, item.backup_id
    if not client and version.author_id == owner:  # who made it cannot answer
        owner, backup = backup, owner
    return Approval(
        item=new_item(
            item.title,
            parent=item,
            owner_id=owner,
            backup_id=backup,
            waiting_on=WorkItem.WaitingOn.CLIENT if client else WorkItem.WaitingOn.AGENCY,
        ),
        version=version,
        digest=version.digest,
        stage=place,
        audience=stage.audience,
        quorum=stage.quorum,
        need=stage.need,
        expires_at=at + timedelta(days=stage.answer_days),
    )


@react(deliverables.submit)
def check(rows: Sequence[Deliverable], by: Actor, at: datetime) -> None:
    deliverables.evaluate_checks(rows, by=by, at=at)


@react(deliverables.pass_qa)
def ask_the_agency(rows: Sequence[Deliverable], by: Actor, at: datetime) -> None:
    stages = stages_of(rows)
    internal = [row for row in rows if stages[row.pk][0].audience == Audience.INTERNAL]
    open_question(internal, by=Actor.system(), at=at)
    for row in rows:
        if row not in internal:
            tell_owners(
                [row.item],
                Notification.Words.ASK_CLIENT,
                by=Actor.system(),
                at=at,
                cause=f"v{row.version_id}.0",
            )


@react(deliverables.ask_client, deliverables.ask_agency)
def ask_next(rows: Sequence[Deliverable], by: Actor, at: datetime) -> None:
    open_question(rows, by=by, at=at)


@react(approvals.approve)
def go_on(rows: Sequence[Approval], by: Actor, at: datetime) -> None:
    """
    After a stage: the next one of the same audience, the button that asks the client, or the
    approval of the whole.
    """
    about = list(
        Deliverable.objects.filter(version__in=[row.version_id for row in rows]).select_related(
            "item", "version"
        )
    )
    stages, done = stages_of(about), progress(about)
    through, agency, client = [], [], []
    for row in about:
        left = stages[row.pk][done[row.pk][0] :]
        if not left:
            through.append(row.pk)
        elif left[0].audience == Audience.INTERNAL:
            agency.append(row.pk)
        elif row.state == State.IN_CLIENT_REVIEW:
            client.append(row)
        else:
            tell_owners(
                [row.item],
                Notification.Words.ASK_CLIENT,
                by=by,
                at=at,
                cause=f"v{row.version_id}.{done[row.pk][0]}",
            )
    if through:
        carry(deliverables.approve, through, by=by, at=at)
    if agency:
        carry(
            deliverables.ask_agency,
            agency,
            by=by,
            at=at,
            reason=str(_("The previous stage is complete.")),
        )
    open_question(client, by=by, at=at)


@react(approvals.request_changes)
def rework(rows: Sequence[Approval], by: Actor, at: datetime) -> None:
    """
    Changes asked for by anyone send the work back; the client's count as a round of what was sold.
    """
    for row in rows:
        ids = list(Deliverable.objects.filter(version=row.version_id).values_list("pk", flat=True))
        counts = row.audience == Audience.CLIENT
        why = _("The client asked for changes.") if counts else _("The agency asked for changes.")
        results = carry(
            deliverables.return_for_rework,
            ids,
            by=by,
            at=at,
            reason=str(why),
            details=ReworkDetails(counts),
        )
        sent_back = [result.row for result in results if result.done]
        tell_owners(
            [each.item for each in sent_back],
            Notification.Words.CHANGES,
            by=by,
            at=at,
            cause=f"a{row.pk}",
        )
        if counts:
            _count_rounds(sent_back, at)


def _count_rounds(rows: Sequence[Deliverable], at: datetime) -> None:
    """More rounds than were sold are a person's to settle."""
    for row in Deliverable.objects.filter(pk__in=[row.pk for row in rows]).select_related(
        "item__client", "brief__engagement"
    ):
        engagement = row.brief.engagement
        if engagement is None or engagement.rounds is None:
            continue
        used = (
            Deliverable.objects.filter(brief__engagement=engagement).aggregate(used=Sum("rounds"))[
                "used"
            ]
            or 0
        )
        if used > engagement.rounds:
            evidence = {"used": used, "sold": engagement.rounds, "engagement": engagement.pk}
            raise_exception(ExceptionFinding(Reason.ROUNDS_EXCEEDED, evidence, row.item), at=at)


@react(approvals.reject, approvals.expire)
def stop_and_ask(rows: Sequence[Approval], by: Actor, at: datetime) -> None:
    """Neither is an approval: the owner decides how to go on."""
    for row in rows:
        about = Deliverable.objects.filter(
            verb_of(Deliverable, "stall").guard, version=row.version_id
        )
        results = carry(deliverables.stall, list(about.values_list("pk", flat=True)), by=by, at=at)
        reason = Reason.REJECTED if row.state == Approval.State.REJECTED else Reason.NO_ANSWER
        for each in (result.row for result in results if result.done):
            raise_exception(
                ExceptionFinding(
                    reason, {"approval": row.item.ref, "stage": row.stage + 1}, each.item
                ),
                at=at,
            )
    _withdraw([row.version_id for row in rows], by=by, at=at)


@react(
    deliverables.send_back,
    deliverables.return_for_rework,
    deliverables.reopen,
    deliverables.cancel,
)
def take_back(rows: Sequence[Deliverable], by: Actor, at: datetime) -> None:
    _withdraw([row.version_id for row in rows if row.version_id], by=by, at=at)


@react(
    deliverables.ask_client,
    deliverables.ask_agency,
    deliverables.send_back,
    deliverables.return_for_rework,
    deliverables.cancel,
)
def end_stalls(rows: Sequence[Deliverable], by: Actor, at: datetime) -> None:
    """Its owner decided how to go on: another rejection, or silence, is told anew."""
    stalls = ExceptionCase.objects.filter(
        item__parent__in=[row.item_id for row in rows],
        reason__in=[Reason.REJECTED, Reason.NO_ANSWER],
    )
    if ids := list(
        stalls.filter(state__in=ExceptionCase.open_states)
        .order_by("item_id")
        .values_list("pk", flat=True)
    ):
        carry(runs.withdraw_case, ids, by=Actor.system(), at=at, reason=str(_("Work resumed.")))


@react(deliverables.approve)
def tell_approved(rows: Sequence[Deliverable], by: Actor, at: datetime) -> None:
    for row in rows:
        tell_owners(
            [row.item], Notification.Words.APPROVED, by=by, at=at, cause=f"v{row.version_id}"
        )


def _withdraw(versions: Sequence[int], *, by: Actor, at: datetime) -> None:
    pending = list(
        Approval.objects.filter(version__in=versions, state=Approval.State.PENDING).values_list(
            "pk", flat=True
        )
    )
    if pending:
        carry(
            approvals.withdraw,
            pending,
            by=by,
            at=at,
            reason=str(_("The version is no longer up for approval.")),
        )


@react(versions.upload)
def supersede(rows: Sequence[Deliverable], by: Actor, at: datetime) -> None:
    """Approvals are of the version they saw, and of no other."""
    by_deliverable: dict[int, int] = {row.pk: row.version_id or 0 for row in rows}
    older = Approval.objects.filter(
        version__deliverable__in=by_deliverable, state=Approval.State.APPROVED
    )
    ids = list(older.exclude(version__in=by_deliverable.values()).values_list("pk", flat=True))
    if ids:
        carry(approvals.supersede, ids, by=by, at=at, reason=str(_("A newer version replaced it.")))


def expire_due(*, at: datetime, limit: int = 200) -> int:
    """
    End questions that nobody answered in time; how many. Safe beside another one, and to repeat.

    What is on hold cannot be answered, so it does not expire.
    """
    due = Approval.objects.filter(
        state=Approval.State.PENDING, expires_at__lte=at, item__held_at=None
    ).order_by("expires_at")
    ids = list(due.values_list("pk", flat=True)[:limit])

    def expire(some: Sequence[int]) -> int:
        return sum(result.done for result in approvals.expire(some, by=Actor.system(), at=at))

    # Logged; asked again by the next tick, after the others.
    return isolate(expire, ids, lambda _pk, _why: None)
