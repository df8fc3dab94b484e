"""Whose turn it is with requests to publish a draft and proposals, and who is notified of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from routing.flows.approval import PublishApproval
from routing.flows.approving import approve, outdate, refuse, withdraw
from routing.flows.flow_people import seconds_of_flows
from routing.flows.proposal import FlowProposal
from routing.flows.proposing import (
    approve_proposal,
    proposals_to_answer,
    refuse_proposal,
    seconds_of_proposals,
    withdraw_proposal,
)
from routing.flows.second_person import APPROVE, can_be_second
from routing.messages.models import Notification
from routing.messages.telling import tells
from routing.people.actors import Actor
from routing.work.creation import created
from routing.work.items import WorkItem
from routing.work.turns import Party, People, WaitingSide, nobodys_turn, turn

State, Words = PublishApproval.State, Notification.Words


def _seconds(items: Sequence[WorkItem]) -> People:
    rows = list(PublishApproval.objects.filter(item__in=items).select_related("version__flow"))
    asked = [(row.version.flow, {*row.authors, row.asked_by_id}) for row in rows]
    found: dict[int, list[int]] = {}
    for row, able in zip(rows, seconds_of_flows(asked, APPROVE), strict=True):
        found[row.item_id] = [user.pk for user in able]
    return found


def _agrees(by: Actor, at: datetime) -> Q:
    mine = PublishApproval.objects.filter(can_be_second(by))
    return Q(pk__in=mine.order_by().values("item"))


def _askers(items: Sequence[WorkItem]) -> People:
    rows = PublishApproval.objects.filter(item__in=items).values_list("item_id", "asked_by_id")
    return {item: [user] for item, user in rows}


SECOND_PERSON = Party(
    "second_person",
    _("Second person"),
    _seconds,
    _agrees,
    _("a second person"),
    WaitingSide.AGENCY,
)
WHO_ASKED = Party("asked_to_publish", _("Whoever asked"), _askers, nobodys_turn)


def _in_state(state: str) -> Any:
    """Return what chooses the requests that began in this state."""
    return lambda rows, by: [row for row in rows if row.state == state]


turn(
    PublishApproval,
    State.PENDING,
    party=SECOND_PERSON,
    act=_("agree to a change of a flow"),
    waits=_("Waits for %(who)s to agree to the change since %(since)s"),
    by=("approve", "refuse", "withdraw"),
    decision=True,
)
tells(
    created(PublishApproval),
    SECOND_PERSON,
    words=Words.APPROVAL,
    turn=State.PENDING,
    only=_in_state(State.PENDING),
)
tells(
    created(PublishApproval),
    SECOND_PERSON,
    words=Words.ROLLED_BACK,
    only=_in_state(State.ROLLED_BACK),
)
tells(approve, WHO_ASKED, words=Words.APPROVED)
tells(refuse, WHO_ASKED, words=Words.REJECTED)
tells(withdraw, WHO_ASKED, words=Words.CLOSED)
tells(outdate, WHO_ASKED, words=Words.CLOSED)

# -- Changes of what belongs to a flow -------------------------------------------------------------


def _seconds_of_proposals(items: Sequence[WorkItem]) -> People:
    rows = list(FlowProposal.objects.filter(item__in=items).select_related("flow"))
    seconds = seconds_of_proposals(rows)
    found: dict[int, list[int]] = {}
    for row in rows:
        found[row.item_id] = [user.pk for user in seconds[row.pk]]
    return found


def _answers_proposals(by: Actor, at: datetime) -> Q:
    mine = FlowProposal.objects.filter(proposals_to_answer(by))
    return Q(pk__in=mine.order_by().values("item"))


def _proposers(items: Sequence[WorkItem]) -> People:
    rows = FlowProposal.objects.filter(item__in=items).values_list("item_id", "asked_by_id")
    return {item: [user] for item, user in rows}


SECOND_OF_FLOW = Party(
    "second_of_flow",
    _("Second person"),
    _seconds_of_proposals,
    _answers_proposals,
    _("a second person"),
    WaitingSide.AGENCY,
)
PROPOSER = Party("proposer", _("Whoever proposed it"), _proposers, nobodys_turn)

turn(
    FlowProposal,
    FlowProposal.State.PENDING,
    party=SECOND_OF_FLOW,
    act=_("agree to a change of a flow"),
    waits=_("Waits for %(who)s to agree to the change since %(since)s"),
    by=("approve", "refuse", "withdraw"),
    decision=True,
)
tells(
    created(FlowProposal),
    SECOND_OF_FLOW,
    words=Words.APPROVAL,
    turn=FlowProposal.State.PENDING,
)
tells(approve_proposal, PROPOSER, words=Words.APPROVED)
tells(refuse_proposal, PROPOSER, words=Words.REJECTED)
tells(withdraw_proposal, PROPOSER, words=Words.CLOSED)
