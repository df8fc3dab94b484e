"""Gates of a brief, from draft to approval."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

from delivery.briefs.checking import AskedCheck
from delivery.briefs.details import EditBriefDetails
from delivery.briefs.models import Brief
from delivery.briefs.plan import BadPlan, Planned, read_plan
from delivery.requests.models import Request
from delivery.requests.texts import storable
from routing.kernel.roles import holders
from routing.work.gates import ContextWith, GateContext, GateResult, passed, refused

APPROVE = "delivery.approve_brief"
ABOVE_BUDGET = "delivery.approve_above_budget_brief"
_NEEDED = _("Two people who did not write it, one of them an operations lead")
LONGEST = 20_000  # characters of a brief


@dataclass(frozen=True, slots=True)
class BriefGateFacts:
    """
    Facts around a brief, loaded for its gates.

    ``left`` is the remaining budget in ``currency``, or None without an engagement amount.
    """

    request_state: str
    left: Decimal | None
    currency: str
    destinations: frozenset[int]  # active destinations of the client
    # Live deliverables of the client that no other request replaces, with their destinations.
    replaceable: Mapping[int, int | None]
    writers: frozenset[int]  # ids of the people who edited it
    has_template: bool = False  # an active template is for its client
    checks: tuple[AskedCheck, ...] = ()  # with their newest results
    # Ids of active staff who may approve briefs, and of those who may exceed the budget. Loaded
    # only for a plan above it.
    approvers: frozenset[int] = frozenset()
    above: frozenset[int] = frozenset()

    @property
    def failed(self) -> list[AskedCheck]:
        """Return the checks that failed and whose findings nobody accepted."""
        return [each for each in self.checks if each.blocks]

    def can_follow(self, first: int, others: Iterable[int]) -> bool:
        """Return whether one of ``others`` can complete an approval that ``first`` began."""
        return any(other != first and {first, other} & self.above for other in others)


def _facts(context: GateContext, row: Brief) -> BriefGateFacts:
    found: BriefGateFacts = context.facts[row.pk]
    return found


def edit_is_readable(row: Brief, context: ContextWith[EditBriefDetails]) -> GateResult:
    """Refuses a plan that cannot be read, or that uses another client's destinations or work."""
    details = context.details or EditBriefDetails()
    planned, body = details.planned, details.body
    if body is not None and not _is_text(body):
        return refused(
            "body",
            _("The text is too long or has characters that cannot be stored."),
            clears_by=_("You"),
        )
    if planned is None:
        return passed("plan")
    try:
        plan = read_plan(planned)
    except BadPlan as error:
        return refused(
            "plan", _("The plan cannot be saved."), evidence=str(error), clears_by=_("You")
        )
    return _fits(plan, _facts(context, row))


def _is_text(body: Any) -> bool:
    return isinstance(body, str) and len(body) <= LONGEST and storable(body)


def plan_still_fits(row: Brief, context: GateContext) -> GateResult:
    """
    Refuses a plan whose destinations or replaced work have since become unavailable, or are
    replaced by another brief.
    """
    try:
        return _fits(row.plan, _facts(context, row))
    except BadPlan as error:
        # Plans were once stored without validation.
        return refused(
            "plan",
            _("The plan is invalid."),
            evidence=str(error),
            clears_by=_("The editor of the brief"),
        )


def _fits(plan: Sequence[Planned], facts: BriefGateFacts) -> GateResult:
    unknown = [
        each.title
        for each in plan
        if each.destination_id and each.destination_id not in facts.destinations
    ]
    unknown += [
        each.title
        for each in plan
        if each.replaces_id and each.replaces_id not in facts.replaceable
    ]
    if unknown:
        words = _(
            "A destination or replaced deliverable belongs to another client, is inactive or has "
            "already been replaced."
        )
        return refused(
            "plan", words, evidence=", ".join(unknown), clears_by=_("The editor of the brief")
        )
    # At another destination the page would exist twice, because nothing public is ever taken down
    # automatically.
    elsewhere = [
        each.title
        for each in plan
        if each.replaces_id and each.destination_id != facts.replaceable[each.replaces_id]
    ]
    if elsewhere:
        words = _(
            "A replacement must keep the destination of the live work. To move it, publish new "
            "work there and archive the old one."
        )
        return refused(
            "plan", words, evidence=", ".join(elsewhere), clears_by=_("The editor of the brief")
        )
    return passed("plan")


def says_what_will_be_made(row: Brief, context: GateContext) -> GateResult:
    """Refuses a brief without text or without a planned deliverable."""
    if row.body.strip() and row.planned:
        return passed("plan", _("The brief has text and planned deliverables."))
    missing = _("No deliverable is planned yet.")
    if not row.body.strip():
        missing = _("The brief is empty.")
    return refused("plan", missing, clears_by=_("You: edit the brief"))


def checks_passed(row: Brief, context: GateContext) -> GateResult:
    """Refuses a brief with a failed check, unless somebody accepted what it found."""
    failed = _facts(context, row).failed
    if not failed:
        return passed("checks", _("All checks have passed."))
    return refused(
        "checks",
        _("Not all checks of the brief have passed."),
        evidence=" ".join(each.sentence for each in failed),
        clears_by=_("The editor of the brief, or an operations lead who accepts the findings"),
    )


def request_is_accepted(row: Brief, context: GateContext) -> GateResult:
    """Refuses a brief whose request is not accepted."""
    state = _facts(context, row).request_state
    if state in {Request.State.ACCEPTED, Request.State.IN_DELIVERY}:
        return passed("request", _("The request is accepted."))
    words = _("The request has not been accepted.")
    return refused(
        "request",
        words,
        evidence=Request.State(state).label,
        clears_by=_("Someone who can triage and accept the request"),
    )


def request_goes_on(row: Brief, context: GateContext) -> GateResult:
    """Refuses a new brief for a request that has been delivered or has ended."""
    state = _facts(context, row).request_state
    if state in {*Request.before_acceptance, Request.State.ACCEPTED, Request.State.IN_DELIVERY}:
        return passed("request", _("The request is open."))
    words = _("The request has been delivered or has ended. Open a new request for a change.")
    return refused("request", words, evidence=Request.State(state).label, clears_by=_("Nobody"))


def not_the_author(row: Brief, context: GateContext) -> GateResult:
    """Refuses an approval by anyone who wrote the brief or requested its approval."""
    by = context.by.user_id
    if row.submitted_by_id != by and by not in _facts(context, row).writers:
        return passed("author", _("Someone else wrote the brief."))
    words = _("You cannot approve a brief you wrote or submitted for approval.")
    return refused("author", words, clears_by=_("Another account manager or operations lead"))


def needs_two(amount: Decimal, facts: BriefGateFacts) -> bool:
    """
    Return whether a plan of that amount exceeds the remaining budget.

    Without an engagement amount, nothing remains.
    """
    left = facts.left if facts.left is not None else Decimal(0)
    return amount > left


def _above(row: Brief, context: GateContext) -> bool:
    return needs_two(row.amount, _facts(context, row))


def _money(row: Brief, context: GateContext) -> str:
    facts = _facts(context, row)
    left = _("unknown") if facts.left is None else number_format(facts.left, 2, force_grouping=True)
    words = _("planned %(planned)s, remaining %(left)s %(currency)s")
    planned = number_format(row.amount, 2, force_grouping=True)
    return str(words % {"planned": planned, "left": left, "currency": facts.currency})


def is_above_budget(row: Brief, context: GateContext) -> GateResult:
    """Refuses a first approval if one approval is enough, or if it has been given."""
    if not _above(row, context):
        return refused(
            "budget",
            _("The plan is within the budget. One approval is enough."),
            evidence=_money(row, context),
        )
    if row.first_approver_id is not None:
        return refused("budget", _("The first approval has been given."))
    facts, by = _facts(context, row), context.by.user_id
    if not facts.can_follow(by, approvers_of(row, facts)):
        return refused(
            "budget",
            _("Nobody could give the second approval, so yours would not complete it."),
            evidence=_money(row, context),
            clears_by=_NEEDED,
        )
    return passed(
        "budget",
        _("The plan exceeds the remaining budget. Two people must approve it."),
        _money(row, context),
    )


def approvers_of(row: Brief, facts: BriefGateFacts) -> frozenset[int]:
    """Return the ids of the people who may approve a brief: not those who wrote it."""
    return facts.approvers - facts.writers - {row.submitted_by_id or 0}


def can_be_completed(row: Brief, facts: BriefGateFacts) -> bool:
    """Return whether enough people are left to approve a brief in review, beside a first one."""
    if not needs_two(row.amount, facts):
        return True
    others = approvers_of(row, facts)
    firsts = others if row.first_approver_id is None else {row.first_approver_id}
    return any(facts.can_follow(first, others) for first in firsts)


def can_be_approved(row: Brief, context: GateContext) -> GateResult:
    """
    Refuses to ask for an approval that no two people could give, before anybody gives one in vain.
    """
    facts = _facts(context, row)
    if not _above(row, context):
        return passed("approvers", _("The plan is within the budget. One approval is enough."))
    others = approvers_of(row, facts) - {context.by.user_id}
    if any(facts.can_follow(first, others) for first in others):
        return passed("approvers", _("Two people can approve it."))
    return refused(
        "approvers",
        _("The plan exceeds the remaining budget, and no two people can approve it."),
        evidence=_money(row, context),
        clears_by=_NEEDED,
    )


def within_budget_or_second(row: Brief, context: GateContext) -> GateResult:
    """
    Refuses a plan above the budget until two people approve, of whom one may exceed it. The order
    does not matter.
    """
    if not _above(row, context):
        return passed("budget", _("The plan is within the budget."), _money(row, context))
    words = _(
        "The plan exceeds the remaining budget. Two people must approve it, and one of them must "
        "be allowed to exceed the budget."
    )
    clears = holders(ABOVE_BUDGET)
    if row.first_approver_id is None:
        return refused(
            "budget",
            words,
            evidence=_money(row, context),
            clears_by=_("Someone else, with a first approval"),
        )
    # The first approver is never the second one, whatever that person may do.
    if row.first_approver_id == context.by.user_id:
        return refused("budget", words, evidence=_money(row, context), clears_by=_("Someone else"))
    first_may = row.first_approver_id in _facts(context, row).above
    if not first_may and not context.by.may(ABOVE_BUDGET):
        return refused("budget", words, evidence=_money(row, context), clears_by=clears)
    return passed("budget", _("Over budget, with a second approval."), _money(row, context))
