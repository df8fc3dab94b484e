"""
Changing what belongs to a flow and not to a version: its people, its reach, its systems.

What concerns the agency alone counts at once. Where the class of a change asks for a second person,
it waits as a proposal, and takes effect when that person agrees.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.flows.change_classes import people_needed
from routing.flows.files.difference import class_of_column
from routing.flows.flow_people import PUBLISH, names_of, seconds_of_flow, seconds_of_flows
from routing.flows.models import Flow, live_of
from routing.flows.proposal import FlowProposal
from routing.kernel.roles import AM, AUDITOR, INTEGRATIONS, OPS, QA, grant
from routing.people.actors import Actor
from routing.people.saving import save_with_reason
from routing.people.staff import User
from routing.work.creation import create
from routing.work.door import Operation, OperationResult, move, operation
from routing.work.gates import GateContext, GateResult, passed, refused
from routing.work.new_items import new_item

APPROVE_PROPOSAL = "routing.approve_flowproposal"
PEOPLE = ("owner_id", "backup_id", "outcome_owner_id")

grant("routing.view_flowproposal", AM, QA, OPS, INTEGRATIONS, AUDITOR)


class NotProposed(ValidationError):
    """The change needs a second person, and cannot be put to one. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class FlowChangeResult:
    """The columns of a flow that were saved, and the proposal with the others, if there are any."""

    saved: tuple[str, ...]
    proposal: FlowProposal | None = None


def change_flow(
    flow_id: int, values: Mapping[str, Any], *, by: Actor, at: datetime, reason: str
) -> FlowChangeResult:
    """
    Change columns of a flow, and propose those that need a second person.

    :param values: the new values by column, with the ids of people, such as ``owner_id``
    :raises PermissionDenied: if ``by`` may not change flows
    :raises NotProposed: if another proposal waits, or nobody could agree; nothing was changed
    """
    by.require("routing.change_flow", to="change flows")
    with transaction.atomic():
        flow = Flow.objects.select_for_update(of=("self",)).get(pk=flow_id)
        new = {name: value for name, value in values.items() if getattr(flow, name) != value}
        waits = _needing_second(flow, new)
        proposal = _propose(flow, waits, by, at, reason) if waits else None
        saved = tuple(name for name in new if name not in waits)
        for name in saved:
            setattr(flow, name, new[name])
        if saved:
            save_with_reason(flow, by=by, at=at, reason=reason)
    return FlowChangeResult(saved, proposal)


def _needing_second(flow: Flow, new: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the changes to which two people must agree."""
    if live_of(flow.pk) is None:
        return {}  # Nothing happens by it yet, and publishing it needs two people.
    sensitive = bool(flow.touches or new.get("touches"))
    return {
        name: value
        for name, value in new.items()
        if people_needed(class_of_column(name), sensitive=sensitive) > 1
    }


def open_proposal(flow: Flow) -> FlowProposal | None:
    """Return the proposal that waits for a second person, or None."""
    rows = FlowProposal.objects.filter(flow=flow, state=FlowProposal.State.PENDING)
    return rows.select_related("item", "asked_by").first()


def seconds_of_proposal(row: FlowProposal) -> list[User]:
    """Return the people who can agree to a proposal: anybody but whoever proposed it."""
    return seconds_of_proposals([row])[row.pk]


def seconds_of_proposals(rows: Sequence[FlowProposal]) -> Mapping[int, list[User]]:
    """
    Return the people who can agree to each proposal, by its id: two queries for any number.

    :param rows: with their flows
    """
    asked = [(row.flow, {row.asked_by_id}) for row in rows]
    found = seconds_of_flows(asked, APPROVE_PROPOSAL)
    return {row.pk: seconds for row, seconds in zip(rows, found, strict=True)}


def proposals_to_answer(by: Actor) -> Q:
    """Return the condition on proposals that this actor can answer."""
    mine = Q(state=FlowProposal.State.PENDING) & ~Q(asked_by=by.user_id)
    if by.may(PUBLISH):
        return mine
    return mine & (
        Q(flow__outcome_owner=by.user_id) | Q(flow__owner=by.user_id) | Q(flow__backup=by.user_id)
    )


def _propose(
    flow: Flow, new: Mapping[str, Any], by: Actor, at: datetime, reason: str
) -> FlowProposal:
    """:raises NotProposed: if another one waits, or nobody could agree"""
    waiting = open_proposal(flow)
    if waiting is not None:
        if waiting.proposed == dict(new):
            return waiting
        words = _(
            "%(ref)s proposes another change of %(flow)s. Wait until somebody agrees to it or "
            "refuses it, or withdraw it first."
        )
        raise NotProposed(words % {"ref": waiting.item.ref, "flow": flow}, "proposal_waits")
    seconds = seconds_of_flow(flow, APPROVE_PROPOSAL, but={by.user_id})
    if not seconds:
        raise NotProposed(nobody_agrees_words(), "second_person")
    owner = seconds[0].pk
    # Work has a backup. Whoever proposes is there if there is no other.
    others = [*(user.pk for user in seconds[1:]), flow.backup_id, flow.owner_id, by.user_id]
    item = new_item(
        _("Change %(flow)s") % {"flow": flow},
        owner_id=owner,
        backup_id=next(user for user in others if user != owner),
    )
    row = FlowProposal(
        item=item,
        flow=flow,
        proposed=dict(new),
        was={name: getattr(flow, name) for name in new},
        change_class=max(class_of_column(name) for name in new),
        asked_by_id=by.user_id,
    )
    [made] = create([row], by=by, at=at, reason=reason)
    return made


def nobody_agrees_words() -> str:
    return _(
        "This change needs a second person, and nobody but you can agree to it. Give another "
        "person the role Operations lead first."
    )


# -- The answer ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ProposalFacts:
    """
    How a proposal stands: whether the flow is as it was, who can agree, and who of the proposed
    people cannot act any more.
    """

    is_same: bool
    seconds: tuple[User, ...]
    gone: tuple[str, ...]


def proposal_facts(
    rows: Sequence[FlowProposal], by: Actor, at: datetime, details: object
) -> Mapping[int, ProposalFacts]:
    flows = Flow.objects.in_bulk([row.flow_id for row in rows])
    named = {row.pk: _people_in(row) for row in rows}
    staff = User.objects.staff().values("pk")
    left = User.objects.exclude(pk__in=staff).in_bulk(set[int]().union(*named.values()))
    for row in rows:
        row.flow = flows[row.flow_id]
    seconds, found = seconds_of_proposals(rows), {}
    for row in rows:
        flow = flows[row.flow_id]
        present = {name: getattr(flow, name) for name in row.was}
        found[row.pk] = ProposalFacts(
            present == row.was,
            tuple(seconds[row.pk]),
            tuple(sorted(left[pk].full_name for pk in named[row.pk] & left.keys())),
        )
    return found


def _people_in(row: FlowProposal) -> set[int]:
    """Return the ids of the people whom a proposal names."""
    return {row.proposed[name] for name in PEOPLE if row.proposed.get(name)}


def is_second(row: FlowProposal, context: GateContext) -> GateResult:
    """Refuses whoever proposed it, and people who have no say in the flow."""
    facts: ProposalFacts = context.facts[row.pk]
    if context.by.user_id in {user.pk for user in facts.seconds}:
        return passed("second_person", _("You can agree as the second person."))
    message = (
        _("You proposed this. Somebody else must agree.")
        if context.by.user_id == row.asked_by_id
        else _("You neither answer for this flow nor may publish flows.")
    )
    clears_by = names_of(facts.seconds) or _("Nobody: no other person may publish flows")
    return refused("second_person", message, clears_by=clears_by)


def is_as_it_was(row: FlowProposal, context: GateContext) -> GateResult:
    """Refuses a proposal if the flow has other values than those that it replaces."""
    facts: ProposalFacts = context.facts[row.pk]
    if facts.is_same:
        return passed("unchanged", _("The flow is as it was when this was proposed."))
    return refused(
        "unchanged",
        _("The flow has changed since. Withdraw this, and propose it again."),
        clears_by=str(row.asked_by),
    )


def people_are_there(row: FlowProposal, context: GateContext) -> GateResult:
    """Refuses a proposal that names somebody who left."""
    facts: ProposalFacts = context.facts[row.pk]
    if not facts.gone:
        return passed("people", _("Everybody whom it names is active."))
    words = _("%(names)s cannot act any more. Withdraw this, and propose somebody else.")
    return refused("people", words % {"names": ", ".join(facts.gone)}, clears_by=str(row.asked_by))


def is_mine_to_take_back(row: FlowProposal, context: GateContext) -> GateResult:
    """Refuses people who neither proposed it nor may publish flows."""
    if context.by.user_id == row.asked_by_id or context.by.may(PUBLISH):
        return passed("asked", _("You can withdraw this."))
    return refused("asked", _("Somebody else proposed this."), clears_by=str(row.asked_by))


def _change_agreed(
    step: Operation[None], ids: Sequence[int], *, by: Actor, at: datetime, reason: str = ""
) -> list[OperationResult]:
    """Agree to proposals and change their flows, while nobody else can."""
    with transaction.atomic():
        flows = Flow.objects.filter(proposals__in=ids).order_by("pk")
        held = {flow.pk: flow for flow in flows.select_for_update(of=("self",))}
        results = move(step, ids, by=by, at=at, reason=reason)
        for result in results:
            if result.done:
                row = result.row
                flow = held[row.flow_id]
                for name, value in row.proposed.items():
                    setattr(flow, name, value)
                words = _("Proposed by %(who)s: %(why)s") % {"who": row.asked_by, "why": reason}
                save_with_reason(flow, by=by, at=at, reason=words)
        return results


_MAY = (AM, OPS)

approve_proposal = operation(
    FlowProposal,
    "approve",
    gettext_lazy("Approve the change"),
    done=gettext_lazy("%(who)s agreed, and the flow was changed"),
    may=_MAY,
    gates=(is_second, is_as_it_was, people_are_there),
    facts=proposal_facts,
    needs_reason=True,
    run=_change_agreed,
)
refuse_proposal = operation(
    FlowProposal,
    "refuse",
    gettext_lazy("Refuse"),
    done=gettext_lazy("%(who)s refused the change of the flow"),
    may=_MAY,
    gates=(is_second,),
    facts=proposal_facts,
    needs_reason=True,
    danger=True,
)
withdraw_proposal = operation(
    FlowProposal,
    "withdraw",
    gettext_lazy("Withdraw the proposal"),
    done=gettext_lazy("%(who)s withdrew the proposal"),
    may=_MAY,
    gates=(is_mine_to_take_back,),
    needs_reason=True,
)
