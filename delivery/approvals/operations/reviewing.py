"""Reactions to reviews: approvals are requested, withdrawn and acted upon."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from delivery.approvals.deadlines import deadline_of
from delivery.approvals.models import Approval
from delivery.approvals.operations import approvals, deliverables
from delivery.approvals.operations.dropping_out import (
    ask_those_back,
    drop_out_gone,
    remember_unfrozen,
    settle_turns,
)
from delivery.approvals.stages import progress, stages_of
from delivery.deliverables.details import ReworkDetails
from delivery.deliverables.models import Deliverable
from delivery.deliverables.operations import versions
from delivery.deliverables.stages import Audience, Stage
from routing.kernel.isolate import isolate
from routing.kernel.reasons import Reason
from routing.kernel.transitions import verb_of
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
    """Open an approval for the next stage of each deliverable's newest version."""
    stages, done = stages_of(rows), progress(rows)
    asked = []
    for row in rows:
        place, of_row = done[row.pk][0], stages[row.pk]
        if place < len(of_row):
            asked.append(_question(row, place, of_row[place], at))
    create(asked, by=by, at=at)


def _question(row: Deliverable, place: int, stage: Stage, at: datetime) -> Approval:
    item, version = row.item, row.version
    # A constraint of the database refuses a deliverable in review without a version.
    assert version is not None
    client = stage.audience == Audience.CLIENT
    owner, backup = item.owner_id, item.backup_id
    # The author of a version cannot approve it, so the backup gets the question.
    if not client and version.author_id == owner:
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
        team_id=stage.team_id,
        expires_at=deadline_of(item, stage, at),
    )


@react(deliverables.submit)
def check(rows: Sequence[Deliverable], by: Actor, at: datetime) -> None:
    deliverables.evaluate_checks(rows, by=by, at=at)


@react(deliverables.pass_qa)
def ask_the_agency(rows: Sequence[Deliverable], by: Actor, at: datetime) -> None:
    stages = stages_of(rows)
    internal = [row for row in rows if stages[row.pk][0].audience == Audience.INTERNAL]
    # Otherwise the owner decides when to ask the client.
    open_question(internal, by=Actor.system(), at=at)


@react(deliverables.ask_client, deliverables.ask_agency)
def ask_next(rows: Sequence[Deliverable], by: Actor, at: datetime) -> None:
    # One that too few people were left to give: the gate refuses any other.
    _withdraw([row.version_id for row in rows if row.version_id], by=by, at=at)
    open_question(rows, by=by, at=at)


@react(approvals.approve)
def go_on(rows: Sequence[Approval], by: Actor, at: datetime) -> None:
    """
    Continue after a completed stage.

    Approve the deliverable after the last one. Otherwise ask the next stage, or leave it to the
    owner to ask the client for the first time.
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
            # A second stage of the client's own: the owner has decided to ask the client already.
            client.append(row)
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
    """Return the work for rework. Changes for the client use up a change round."""
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
        if counts:
            _count_rounds(sent_back, at)


def _count_rounds(rows: Sequence[Deliverable], at: datetime) -> None:
    """Raise an exception if more change rounds are used than were sold."""
    about = Deliverable.objects.filter(pk__in=[row.pk for row in rows])
    for row in about.select_related("item__client", "brief__engagement"):
        engagement = row.brief.engagement
        if engagement is None or engagement.rounds is None:
            continue
        # Rounds are sold for the engagement as a whole, not for each deliverable.
        sold = Deliverable.objects.filter(brief__engagement=engagement)
        used = sold.aggregate(used=Sum("rounds"))["used"] or 0
        if used > engagement.rounds:
            evidence = {"used": used, "sold": engagement.rounds, "engagement": engagement.pk}
            raise_exception(ExceptionFinding(Reason.ROUNDS_EXCEEDED, evidence, row.item), at=at)


@react(approvals.reject, approvals.expire)
def stop_and_ask(rows: Sequence[Approval], by: Actor, at: datetime) -> None:
    """Raise an exception for the owner, who decides what happens next."""
    for row in rows:
        # A newer version may be under way already; then there is nothing to stall.
        about = Deliverable.objects.filter(
            verb_of(Deliverable, "stall").guard, version=row.version_id
        )
        results = carry(deliverables.stall, list(about.values_list("pk", flat=True)), by=by, at=at)
        reason = Reason.REJECTED if row.state == Approval.State.REJECTED else Reason.NO_ANSWER
        evidence = {"approval": row.item.ref, "stage": row.stage + 1}
        for result in results:
            if result.done:
                finding = ExceptionFinding(reason, evidence, result.row.item)
                raise_exception(finding, at=at)
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
    """
    Withdraw the exceptions of earlier rejections and silence, since the owner has decided.

    Another rejection then raises a new one.
    """
    stalls = ExceptionCase.objects.filter(
        item__parent__in=[row.item_id for row in rows],
        reason__in=[Reason.REJECTED, Reason.NO_ANSWER],
    )
    runs.withdraw_open(stalls, by=Actor.system(), at=at, reason=_("Work resumed."))


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
    """Supersede the approvals of older versions: an approval counts for one version only."""
    newest = {row.pk: row.version_id or 0 for row in rows}
    approved = Approval.objects.filter(
        version__deliverable__in=newest, state=Approval.State.APPROVED
    )
    older = approved.exclude(version__in=newest.values())
    ids = list(older.values_list("pk", flat=True))
    if ids:
        carry(approvals.supersede, ids, by=by, at=at, reason=str(_("A newer version replaced it.")))


def expire_due(*, at: datetime, limit: int = 200) -> int:
    """
    Expire approvals whose deadline has passed, and return their number.

    It is safe to run twice, also at the same time.
    """
    # A net for losses of role or access by another way than the product's own steps.
    remember_unfrozen()
    drop_out_gone(by=Actor.system(), at=at)
    ask_those_back(by=Actor.system(), at=at)
    settle_turns(at=at)
    # Work on hold cannot be answered, so its approvals do not expire.
    due = Approval.objects.filter(
        state=Approval.State.PENDING, expires_at__lte=at, item__held_at=None
    ).order_by("expires_at")
    ids = list(due.values_list("pk", flat=True)[:limit])

    def expire(some: Sequence[int]) -> int:
        return sum(result.done for result in approvals.expire(some, by=Actor.system(), at=at))

    # One approval that fails is logged and tried again at the next run. The others expire.
    return isolate(expire, ids, lambda _pk, _why: None)
