"""
Exceptions about work that nobody covers: opened each night before the gap, accepted in one step,
and withdrawn when somebody covers it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from routing.cover.absences import Absence
from routing.cover.agency import Agency
from routing.cover.operations.absences import ENDED, SAVED
from routing.kernel.events import Event
from routing.kernel.reasons import Reason
from routing.kernel.roles import AM, INTEGRATIONS, OPS, QA
from routing.people.actors import Actor
from routing.people.staff import User
from routing.runs.cover_gaps import DAYS, CoverGap, gaps_ahead, gaps_of
from routing.runs.evidence_words import evidence_word
from routing.runs.exceptions import ExceptionCase
from routing.runs.operations.exceptions import is_mine_to_resolve
from routing.runs.operations.raising import ExceptionFinding, raise_exceptions
from routing.runs.operations.runs import withdraw_case, withdraw_open
from routing.runs.stand_ins import StandIns
from routing.work.details import HandOverDetails
from routing.work.door import Operation, OperationResult, carry, move, operation
from routing.work.gates import ContextWith, GateContext, GateResult, is_open, passed, refused
from routing.work.items import WorkItem
from routing.work.operations.items import (
    hand_over,
    named_people,
    new_pair_fits,
    new_people_are_cleared,
)
from routing.work.registry import react

BATCH = 200  # exceptions that are opened in one transaction
SOON = timedelta(days=1)  # an absence that begins by then may not wait for the night
NIGHT = time(2)
GAP_CLOSED = _("Somebody covers the work by now, or it is done.")
# Whoever may resolve the exception may reassign its work as proposed, also without the right to
# reassign it to anybody.
COVER_WORK: Operation[HandOverDetails] = Operation(
    WorkItem,
    "hand_over",
    _("Reassign"),
    done=_("%(who)s reassigned the work"),
    gates=(is_open, new_pair_fits, new_people_are_cleared),
    facts=named_people,
    through_hold=True,
    details=HandOverDetails,
    for_gates=("along",),
    system=True,
)


# -- Opening ---------------------------------------------------------------------------------------


def cover_tonight(*, at: datetime) -> int:
    """
    Open the exceptions of this night, if nobody has yet, and return their number.

    A night begins at two o'clock where the agency's default owner is. Two calls at once open
    nothing twice.
    """
    agency = Agency.objects.select_related("owner").first()
    if agency is None:
        return 0
    local = at.astimezone(ZoneInfo(agency.owner.timezone))
    day = local.date() if local.time() >= NIGHT else local.date() - timedelta(days=1)
    night = datetime.combine(day, NIGHT, local.tzinfo)
    if agency.cover_checked_at is not None and agency.cover_checked_at >= night:
        return 0
    review_cases(at=at)
    opened = open_cases(gaps_ahead(at, DAYS), at=at)
    # Written last: a look that fails is made again.
    Agency.objects.filter(pk=agency.pk).update(cover_checked_at=at)
    return opened


def open_cases(gaps: Sequence[CoverGap], *, at: datetime) -> int:
    """
    Open an exception for each gap that nobody was told of, and return their number.

    A gap that a person has seen, and ended the exception about, stays as it is.
    """
    opened = 0
    known = _known(gaps)
    new = [gap for gap in gaps if gap.key not in known.get(gap.item_id, ())]
    proposed = StandIns.at(at).propose(new) if new else []
    for start in range(0, len(proposed), BATCH):
        some = proposed[start : start + BATCH]
        items = WorkItem.objects.in_bulk([gap.item_id for gap in some])
        findings = [_finding(gap, items[gap.item_id]) for gap in some if gap.item_id in items]
        opened += len(raise_exceptions(findings, at=at))
    return opened


def _known(gaps: Sequence[CoverGap]) -> Mapping[int | None, set[tuple[int, int, str]]]:
    """Return the gaps that an exception is open about, or was ended by a person, by work item."""
    about = [gap.item_id for gap in gaps]
    cases = ExceptionCase.objects.filter(reason=Reason.COVER_GAP, item__parent__in=about)
    withdrawn = Event.objects.filter(item=OuterRef("item"), kind=withdraw_case.kind)
    found: dict[int | None, set[tuple[int, int, str]]] = defaultdict(set)
    # Most are open. Only of the others is it asked who ended them.
    still = Q(state__in=ExceptionCase.open_states)
    told: Any = cases.filter(still | ~Q(Exists(withdrawn)))
    for work, evidence in told.values_list("item__parent", "evidence"):
        found[work].add(_key(evidence))
    return found


def _key(evidence: Mapping[str, Any]) -> tuple[int, int, str]:
    first, second = evidence.get("absences", (0, 0))
    return first, second, evidence.get("gap", ("", ""))[1]


def _finding(gap: CoverGap, item: WorkItem) -> ExceptionFinding:
    evidence = {
        "message": gap.why,
        "proposed": gap.proposal.user_id,
        "rule": gap.proposal.rule,
        "absences": list(gap.absences),
        "gap": [gap.starts_at.isoformat(), gap.ends_at.isoformat()],
    }
    return ExceptionFinding(Reason.COVER_GAP, evidence, item)


# -- Withdrawing -----------------------------------------------------------------------------------


def review_cases(*, at: datetime, items: Collection[int] | None = None) -> int:
    """
    Withdraw the exceptions about work that is covered by now. Those whose gap or proposal is
    another one by now are withdrawn too, and opened anew. Return the number of both.

    :param items: only exceptions about these work items; None for all
    """
    cases = ExceptionCase.objects.filter(
        reason=Reason.COVER_GAP, state__in=ExceptionCase.open_states
    )
    if items is not None:
        cases = cases.filter(item__parent__in=items)
    rows: list[Any] = list(cases.values_list("pk", "item__parent", "evidence"))
    if not rows:
        return 0
    works = {work for _pk, work, _evidence in rows}
    gaps = {gap.item_id: gap for gap in gaps_of(works, at)}
    people = StandIns.at(at)
    over = [pk for pk, work, _evidence in rows if work not in gaps]
    other = {
        pk: gaps[work]
        for pk, work, evidence in rows
        if work in gaps and not _still_so(gaps[work], evidence, people)
    }
    by = Actor.system()
    with transaction.atomic():
        withdraw_open(cases.filter(pk__in=over), by=by, at=at, reason=GAP_CLOSED)
        words = _("The gap or who could take the work has changed. A new exception follows.")
        withdraw_open(cases.filter(pk__in=other), by=by, at=at, reason=words)
        open_cases(list(other.values()), at=at)
    return len(over) + len(other)


def _still_so(gap: CoverGap, evidence: Mapping[str, Any], people: StandIns) -> bool:
    """Return whether an exception still says what is so."""
    if gap.key != _key(evidence):
        return False
    proposed = evidence.get("proposed")
    if proposed is None:
        return people.proposal(gap).user_id is None
    return people.fits(proposed, gap)


@react(SAVED, ENDED)
def look_at_absences(rows: Sequence[Absence], by: Actor, at: datetime) -> None:
    """Open and withdraw at once what cannot wait for the night."""
    people = {row.user_id for row in rows if row.starts_at <= at + SOON and row.pk is not None}
    review_cases(at=at)
    if people:
        open_cases(gaps_ahead(at, DAYS, people), at=at)


@react(hand_over)
def review_reassigned(rows: Sequence[WorkItem], by: Actor, at: datetime) -> None:
    """Withdraw the exceptions about work that was reassigned to somebody who is there."""
    review_cases(at=at, items=[row.pk for row in rows])


# -- Accepting the proposal ------------------------------------------------------------------------


def as_proposed(case: ExceptionCase) -> HandOverDetails:
    """
    Return who has the work once the proposal is accepted. The backup stays, and what the owner was
    to do themselves goes along.
    """
    work, proposed = case.item.parent, case.evidence.get("proposed")
    assert work is not None
    doer = proposed if work.doer_id == work.owner_id else work.doer_id
    return HandOverDetails(proposed, work.backup_id, doer)


def proposals(
    rows: Sequence[ExceptionCase], by: Actor, at: datetime, details: object
) -> Mapping[int, GateResult]:
    """Return for each exception about a gap whether its work can be reassigned as proposed."""
    found: dict[int, GateResult] = {}
    cases = [row for row in rows if row.reason == Reason.COVER_GAP and row.item.parent_id]
    for case in cases:
        if case.evidence.get("proposed") is None:
            found[case.pk] = refused(
                "proposal",
                _("Nobody is proposed. Reassign the work by hand."),
                clears_by=_("Someone who can reassign the work"),
            )
            continue
        chosen = as_proposed(case)
        work: Any = case.item.parent
        facts = named_people([work], by, at, chosen)
        context = ContextWith(by, at, facts=facts, details=chosen)
        answers = [gate(work, context) for gate in (is_open, new_pair_fits, new_people_are_cleared)]
        against = next((each for each in answers if not each.passed), None)
        found[case.pk] = against or passed("proposal", _("The proposed person can take it."))
    return found


def has_a_proposal(row: ExceptionCase, context: GateContext) -> GateResult:
    """Refuses an exception without a proposed person who can take the work."""
    missing = refused("proposal", _("This exception proposes nobody."))
    answer: GateResult = context.facts.get(row.pk, missing)
    return answer


def accepted(
    step: Operation[None], ids: Sequence[int], *, by: Actor, at: datetime, reason: str = ""
) -> list[OperationResult]:
    """End the exceptions, and reassign their work as they propose."""
    why = reason or _now("The proposed replacement was accepted.")
    with transaction.atomic():
        results = move(step, ids, by=by, at=at, reason=why)
        chosen: dict[HandOverDetails, list[int]] = defaultdict(list)
        for case in [result.row for result in results if result.done]:
            chosen[as_proposed(case)].append(case.item.parent_id)
        for details, works in chosen.items():
            # The gate has asked the same under the same locks, so nothing is refused here.
            carry(COVER_WORK, works, by=by, at=at, reason=why, details=details)
    return results


cover = operation(
    ExceptionCase,
    "cover",
    _("Reassign as proposed"),
    done=_("%(who)s reassigned the work as proposed"),
    may=(AM, QA, OPS, INTEGRATIONS),
    gates=(is_mine_to_resolve, has_a_proposal),
    facts=proposals,
    run=accepted,
)


def _name(user: Any) -> str:
    found = User.objects.filter(pk=user).first() if isinstance(user, int) else None
    return str(found) if found else ""


evidence_word("proposed", _("Proposed replacement"), _name)
