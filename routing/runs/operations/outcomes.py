"""
Operations on outcomes. A run is complete when none of its outcomes is missing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from routing.kernel.reasons import Reason
from routing.kernel.roles import AM, EVERYONE, INTEGRATIONS, OPS, grant
from routing.kernel.transitions import turn, verb_of
from routing.people.actors import Actor
from routing.people.clearance import clearance_for
from routing.people.saving import save_with_reason, tell
from routing.runs.details import ReopenDetails
from routing.runs.exceptions import ExceptionCase, ExceptionRoute
from routing.runs.models import Run
from routing.runs.operations import runs
from routing.runs.operations.raising import ExceptionFinding, raise_exception
from routing.runs.outcomes import FIRST_PROOF, Outcome, OutcomeQuerySet
from routing.runs.owners import Place, Staff, owners_for
from routing.work.door import OperationResult, carry, operation
from routing.work.gates import GONE, Words, refused
from routing.work.items import WorkItem
from routing.work.registry import EventKind, announce, react, reactions
from routing.work.visibility import work_seen_by

grant("routing.view_outcome", *EVERYONE)
grant("routing.waive_outcome", AM, OPS, name="Can waive the receipt of work of their own, if late")
grant("routing.waive_any_outcome", OPS, name="Can waive the proof of any outcome")
grant("routing.probe_outcome", AM, OPS, INTEGRATIONS, name="Can check an outcome now")

State = Outcome.State
TROUBLES = (Reason.OUTCOME_MISSING, Reason.OUTCOME_DECAYED, Reason.PROOF_MISSING)
OF_RECEIPTS = (*TROUBLES, Reason.NO_ANSWER)
RECEIPT_TIMEBOX = timedelta(days=5)
REOPEN = operation(
    Run,
    "reopen",
    _("Reopen"),
    done=_("%(who)s reopened the run"),
    system=True,
    through_hold=True,
    details=ReopenDetails,
)
PROVED = EventKind.of(Outcome, "prove")
WAIVED = EventKind.of(Outcome, "waive")
LAPSED = EventKind.of(Outcome, "decay")
SUPERSEDED = EventKind.of(Outcome, "supersede")
REPORTED = announce("routing.outcome.report")


def expect(
    items: Sequence[WorkItem],
    kind: str,
    *,
    by: Actor,
    at: datetime,
    evidence: Mapping[str, Any] | None = None,
) -> None:
    """
    Add an outcome that must be proven before the runs of these items are complete. Existing
    outcomes stay as they are.

    :param evidence: what the proof is to be, if it differs from outcome to outcome
    """
    known = set(
        Outcome.objects.filter(item__in=[item.pk for item in items], kind=kind).values_list(
            "item_id", flat=True
        )
    )
    for item in items:
        if item.pk not in known:
            row = Outcome(
                item_id=item.pk,
                run_id=item.run_id,
                kind=kind,
                expected_at=at,
                evidence=dict(evidence or {}),
            )
            save_with_reason(row, by=by, at=at, reason=str(_("Proof is expected from now on.")))
            tell("routing.outcome.expect", row.pk, by=by, at=at)


def look_at(item_ids: Collection[int], kind: str, at: datetime) -> None:
    """Have outcomes of this kind checked from ``at`` on."""
    rows = Outcome.objects.current().filter(item__in=item_ids, kind=kind)
    rows.update(next_probe_at=at, failures=0)


def wait_for_receipt(item_ids: Collection[int], at: datetime) -> None:
    """Give the clients until the end of the timebox to confirm the receipt of these items."""
    rows = Outcome.objects.filter(item__in=item_ids, kind=Outcome.Kind.HANDED_OVER).unmet()
    rows.update(next_probe_at=at + RECEIPT_TIMEBOX)


def miss_receipts(*, at: datetime, limit: int = 200) -> int:
    """
    Raise an exception for each receipt that nobody confirmed in time, and count them.

    The owner of the work then reminds the client, records a call, or waives the proof.
    """
    why = _(
        "The client has not confirmed the receipt. Remind them, record a call, or waive the proof."
    )
    receipts = Outcome.objects.filter(kind=Outcome.Kind.HANDED_OVER)
    return miss_late(receipts, Reason.NO_ANSWER, why, at=at, limit=limit)


def miss_late(
    outcomes: OutcomeQuerySet, reason: Reason, why: Words, *, at: datetime, limit: int
) -> int:
    """
    Raise an exception for each of these outcomes whose timebox is over, and count them.

    :param outcomes: those that people prove
    :param why: what is missing, and what to do
    """
    due = outcomes.due(at).unmet()
    missed = 0
    for pk in list(due.order_by("next_probe_at").values_list("pk", flat=True)[:limit]):
        with transaction.atomic():
            lock_work(pk)
            row = due.select_related("item").filter(pk=pk).first()
            if row is None:
                continue
            Outcome.objects.filter(pk=pk).update(next_probe_at=None)
            evidence = {"outcome": pk, "differences": [str(why)]}
            raise_exception(ExceptionFinding(reason, evidence, row.item), at=at)
            missed += 1
    return missed


def probe_now(ids: Collection[int], *, by: Actor, at: datetime) -> list[OperationResult]:
    """
    Have outcomes checked by the next sweep, and return an ``OperationResult`` for each id.

    :raises PermissionDenied: if ``by`` may not check outcomes
    """
    # The count of failed checks stays: two in a row are a decay, whoever asked for them.
    by.require("routing.probe_outcome", to="check outcomes")
    seen = Outcome.objects.filter(pk__in=ids, item__in=work_seen_by(by))
    known = set(seen.values_list("pk", flat=True))
    watched = {row.pk for row in seen.exclude(next_probe_at=None) if row.is_checked}
    # Only later checks are moved. One that is due already keeps its place in the queue.
    Outcome.objects.filter(pk__in=watched, next_probe_at__gt=at).update(next_probe_at=at)
    for pk in sorted(watched):
        tell("routing.outcome.probe", pk, by=by, at=at)
    never = refused(
        "watched",
        _("This outcome has ended or is not expected yet, so it is not checked."),
        clears_by=_("Nobody"),
    )
    results = []
    for pk in dict.fromkeys(ids):
        if pk in watched:
            results.append(OperationResult(pk, True))
        elif pk in known:
            results.append(OperationResult(pk, False, (never,)))
        else:
            results.append(OperationResult(pk, False, (GONE,)))
    return results


def prove(
    outcome_id: int,
    evidence: Mapping[str, Any],
    *,
    by: Actor,
    at: datetime,
    version: int = FIRST_PROOF,
) -> bool:
    """
    Mark the outcome as proven, and complete its run if nothing else is missing.

    :param version: of the comparison that proved it
    :returns: False if it was proven before, or can no longer be
    """
    return _move(outcome_id, "prove", by, at, evidence=dict(evidence), version=version)


def confirm(row: Outcome, evidence: Mapping[str, Any], *, version: int, at: datetime) -> None:
    """
    Record that a stricter comparison proves the outcome too.

    :param row: proven, locked and just read
    """
    row.evidence, row.proof_version = dict(evidence), version
    why = str(_("Proven by a stricter comparison."))
    save_with_reason(row, by=Actor.system(), at=at, reason=why, only=["evidence", "proof_version"])


def report(row: Outcome, evidence: Mapping[str, Any], *, at: datetime) -> None:
    """
    Tell the owner what a stricter comparison found. The outcome stays proven.

    :param row: proven, locked and just read
    :param evidence: with what differs, as ``reported``
    """
    by, row.evidence = Actor.system(), dict(evidence)
    why = str(_("A stricter comparison found differences. The owner is notified."))
    save_with_reason(row, by=by, at=at, reason=why, only=["evidence"])
    tell(REPORTED.kind, row.pk, by=by, at=at)
    for reaction in reactions(REPORTED.kind):
        reaction([row], by, at)


def decay(
    outcome_id: int,
    evidence: Mapping[str, Any],
    *,
    by: Actor,
    at: datetime,
    finding: ExceptionFinding | None = None,
) -> bool:
    """
    Mark the proof as no longer holding, reopen the run and raise an exception.

    :param finding: what the exception is about, if many outcomes have one cause
    :returns: False if the outcome was not proven
    """
    with transaction.atomic():
        moved = _move(outcome_id, "decay", by, at, evidence=dict(evidence))
        if moved:
            row = Outcome.objects.select_related("item", "run__item").get(pk=outcome_id)
            if row.run is not None:
                _reopen(row.run, by, at)
            details = {"outcome": row.pk, **short(evidence)}
            own = ExceptionFinding(Reason.OUTCOME_DECAYED, details, row.item)
            raise_exception(finding or own, at=at)
    return moved


def lapse_whole(outcome_id: int, evidence: Mapping[str, Any], *, by: Actor, at: datetime) -> bool:
    """
    Mark the proof of a whole as no longer holding, because that of a part does not.

    No exception is raised: there is one about the part.

    :returns: False if the outcome was not proven
    """
    return _move(outcome_id, "decay", by, at, evidence=dict(evidence))


def _reopen(run: Run, by: Actor, at: datetime) -> None:
    """Reopen a run that was complete, unless another run about the same subject is open."""
    if run.state != Run.State.COMPLETE or _followed(run):
        return
    details = ReopenDetails(_pair(run, at))
    why = str(_("The proof no longer holds."))
    carry(REOPEN, [run.pk], by=by, at=at, reason=why, details=details)


def _followed(run: Run) -> bool:
    """
    Return whether another run about the same subject is open.
    """
    # A constraint allows one open run a subject. The exception still notifies a person.
    same = Run.objects.filter(
        flow=run.flow_id,
        source=run.source,
        subject_type=run.subject_type,
        subject_id=run.subject_id,
    )
    return same.filter(state__in=Run.open_states).exclude(pk=run.pk).exists()


def fail(outcome_id: int, evidence: Mapping[str, Any], *, by: Actor, at: datetime) -> bool:
    """
    Mark the outcome as failed, because it can no longer be proven, and raise an exception. A person
    waives it, or closes the run without proof.

    :returns: False if it was not expected
    """
    with transaction.atomic():
        failed = _move(outcome_id, "fail", by, at, evidence=dict(evidence))
        if failed:
            miss(outcome_id, evidence, at=at)
    return failed


def miss(
    outcome_id: int,
    evidence: Mapping[str, Any],
    *,
    at: datetime,
    finding: ExceptionFinding | None = None,
) -> None:
    """
    Raise an exception because the proof was not found. What is checked goes on being checked.

    :param finding: what the exception is about, if many outcomes have one cause
    """
    row = Outcome.objects.select_related("item").get(pk=outcome_id)
    details = {"outcome": row.pk, **short(evidence)}
    is_page = row.kind in Outcome.probed_kinds
    reason = Reason.OUTCOME_MISSING if is_page else Reason.PROOF_MISSING
    own = ExceptionFinding(reason, details, row.item)
    raise_exception(finding or own, at=at)


def supersede(
    item_ids: Collection[int], *, by: Actor, at: datetime, kinds: Collection[str] = ()
) -> None:
    """
    Mark the outcomes of these items as replaced by newer ones.

    :param kinds: only outcomes of these kinds; empty for all
    """
    rows = Outcome.objects.filter(item__in=item_ids)
    if kinds:
        rows = rows.filter(kind__in=kinds)
    for pk in rows.values_list("pk", flat=True):
        _move(pk, "supersede", by, at)


def take_down(item_ids: Collection[int], *, at: datetime) -> None:
    """
    Stop checking the outcomes of these items, which were taken down without a replacement.

    Proven outcomes stay proven. For the others a person gets an exception, and may waive them.
    """
    Outcome.objects.filter(item__in=item_ids).update(next_probe_at=None)
    why = _("The page was taken down before it was proven. Waive the outcome or publish again.")
    for pk in Outcome.objects.filter(item__in=item_ids).unmet().values_list("pk", flat=True):
        miss(pk, {"differences": [str(why)]}, at=at)


def waive(ids: Sequence[int], *, by: Actor, at: datetime, reason: str) -> list[OperationResult]:
    """
    Waive the proof of outcomes, with a reason, and return an ``OperationResult`` for each id.

    :raises PermissionDenied: if ``by`` may not waive one of them, see ``may_waive``
    """
    rows = Outcome.objects.filter(pk__in=ids, item__in=work_seen_by(by)).select_related("item")
    if not all(may_waive(row, by) for row in rows):
        by.require("routing.waive_any_outcome", to="waive this outcome")
    seen = {row.pk for row in rows}
    results = []
    for pk in dict.fromkeys(ids):
        refusals = () if pk in seen else (GONE,)
        if not refusals and not reason.strip():
            refusals = (refused("reason", _("Enter a reason."), clears_by=_("You")),)
        waived = not refusals and _move(pk, "waive", by, at, reason, waived_by=by.user_id)
        if not waived and not refusals:
            refusals = (
                refused(
                    "state",
                    _("You can waive only outcomes that are expected, failed or no longer hold."),
                    clears_by=_("Nobody"),
                ),
            )
        results.append(OperationResult(pk, waived, refusals))
    return results


def may_waive(row: Outcome, by: Actor) -> bool:
    """Leads waive any proof, and the owner of the work a receipt that is overdue."""
    owns = row.item.owner_id == by.user_id and by.may("routing.waive_outcome")
    return by.may("routing.waive_any_outcome") or (owns and row.is_overdue_receipt)


def _move(pk: int, verb: str, by: Actor, at: datetime, reason: str = "", **details: Any) -> bool:
    """
    Run a verb for one outcome. Return False if its state does not allow it.
    """
    with transaction.atomic():
        # The run is locked first. If two outcomes are proven at once, the second transaction waits
        # and sees the first, and so one of them completes the run.
        lock_work(pk)
        row = Outcome.objects.select_for_update(of=("self",)).filter(pk=pk).first()
        if row is None or not turn(row, verb, at=at, **details):
            return False
        save_with_reason(row, by=by, at=at, reason=reason or verb.capitalize())
        tell(f"routing.outcome.{verb}", row.pk, by=by, at=at)
        if not row.is_unmet:
            _withdraw(row, by, at)
        if row.run_id is not None:
            complete([row.run_id], at=at)
        for reaction in reactions(f"routing.outcome.{verb}"):
            reaction([row], by, at)
    return True


def lock_work(pk: int) -> None:
    """Lock the run of an outcome or, without a run, the parent of its work item."""
    # Neither the run nor the parent ever changes, so they can be read before the lock.
    about = Outcome.objects.filter(pk=pk).values_list(
        Coalesce("run__item_id", "item__parent_id"), flat=True
    )
    list(
        WorkItem.objects.filter(pk__in=list(about)).select_for_update(no_key=True).values_list("pk")
    )


def _withdraw(row: Outcome, by: Actor, at: datetime) -> None:
    """Withdraw the exceptions about an outcome that is final."""
    reasons = OF_RECEIPTS if row.kind == Outcome.Kind.HANDED_OVER else TROUBLES
    cases = ExceptionCase.objects.filter(item__parent=row.item_id, reason__in=reasons)
    why = _("The outcome is final: %(state)s.") % {"state": row.get_state_display()}
    runs.withdraw_open(cases, by=by, at=at, reason=why)


def complete(run_ids: Collection[int], *, at: datetime) -> None:
    """Complete the runs that await their outcome and have no unmet one."""
    outcomes = Outcome.objects.filter(run=OuterRef("pk"))
    awaiting = verb_of(Run, "complete").guard
    ready = Run.objects.filter(
        awaiting, ~Exists(outcomes.unmet()), Exists(outcomes), pk__in=run_ids
    )
    if ids := list(ready.order_by("item_id").values_list("pk", flat=True)):
        why = str(_("All expected outcomes are proven or waived."))
        carry(runs.complete, ids, by=Actor.system(), at=at, reason=why)


@react(runs.cancel, runs.close_unproven)
def look_no_more(rows: Sequence[Run], by: Actor, at: datetime) -> None:
    """Stop checking expected outcomes of ended runs. Proven ones are still checked."""
    Outcome.objects.filter(run__in=[row.pk for row in rows], state=State.EXPECTED).update(
        next_probe_at=None
    )


def _pair(run: Run, at: datetime) -> tuple[int, int]:
    """
    Return owner and backup for a reopened run: the previous ones, if they are active.
    """
    # Absent people keep the run, because it lasts longer than an absence.
    places = [Place.of(ExceptionRoute.Taker.WORK.label, run.item.owner_id, run.item.backup_id)]
    cleared = clearance_for([run.item.client_id]).people(run.item.client_id)
    found = owners_for(places, Staff.at(at).whoever_is_away(), cleared)
    return found.owner_id, found.backup_id


def short(evidence: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: evidence[name] for name in ("url", "status", "differences") if name in evidence}
