"""Questions to a client of which nobody can answer any more: they wait for the agency meanwhile."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from delivery.requests.details import RemindDetails
from delivery.requests.models import Request
from delivery.requests.operations import requests
from delivery.requests.operations.unanswered import MOST_REMINDERS
from delivery.requests.reach import ASKING
from routing.audit.operations.erasure import ERASED
from routing.cover.operations.portal_access import INVITED, MEMBERSHIP_CHANGED, WITHDRAWN
from routing.kernel.reasons import Reason
from routing.people.actors import Actor
from routing.people.clients import Contact, Membership
from routing.runs.exceptions import ExceptionCase
from routing.runs.operations import runs
from routing.runs.operations.raising import ExceptionFinding, raise_exception
from routing.sla.working_time import client_opens
from routing.work.door import carry
from routing.work.items import WorkItem
from routing.work.locking import lock
from routing.work.registry import react

A_DAY = timedelta(days=1)
State, Impact = Request.State, Request.Impact


def _can_answer(*roles: str) -> Q:
    members = Membership.objects.filter(
        client=OuterRef("item__client"),
        role__in=roles,
        contact__erased_at=None,
        contact__user__is_active=True,
    )
    return Q(Exists(members))


QUESTION, IMPACT = Q(state=State.NEEDS_INFORMATION), Q(impact=Impact.STATED)
BY_ANYBODY, BY_APPROVER = _can_answer(*ASKING), _can_answer(Membership.Role.APPROVER)


def _of_side(side: str) -> QuerySet[Request]:
    return Request.objects.filter(
        item__kind="request",
        item__is_open=True,
        item__waiting_on=side,
        state__in=Request.before_acceptance,
    ).select_related("item__client")


@react(WITHDRAWN, MEMBERSHIP_CHANGED, ERASED)
def escalate_at_once(rows: Sequence[Any], by: Actor, at: datetime) -> None:
    """Give questions to their owner in the transaction in which the last who could answer left."""
    people = [row.pk for row in rows if isinstance(row, Contact)]
    clients = set(
        Membership.objects.filter(contact__in=people).values_list("client_id", flat=True)
    ) | {row.client_id for row in rows if isinstance(row, Membership)}
    stuck = _of_side(WorkItem.WaitingOn.CLIENT).filter(
        QUESTION & ~BY_ANYBODY, item__client__in=clients
    )
    escalate(stuck.values_list("pk", flat=True), at=at)
    follow_reach(at=at)


@react(INVITED)
def return_at_once(rows: Sequence[Any], by: Actor, at: datetime) -> None:
    """Give questions back to the client in the transaction in which somebody can answer again."""
    follow_reach(at=at)


def follow_reach(*, at: datetime) -> int:
    """
    Give the turn to whoever can do something about questions to clients, and return how many
    changed sides.

    A change whose impact no approver is left to accept goes to its owner, as an exception. What
    somebody can answer again goes back to the client. A question that was asked in a call has no
    person in the portal from the start; the end of its reminders gives it to its owner.
    It is safe to run twice, also at the same time.
    """
    stuck = _of_side(WorkItem.WaitingOn.CLIENT).filter(IMPACT & ~QUESTION & ~BY_APPROVER)
    changed = escalate(stuck.values_list("pk", flat=True), at=at)
    # After the last reminder the owner decides, whoever could answer.
    asked = QUESTION & Q(reminders__lt=MOST_REMINDERS) & BY_ANYBODY
    again = _of_side(WorkItem.WaitingOn.AGENCY).filter(asked | IMPACT & ~QUESTION & BY_APPROVER)
    changed += _give_back(again.values_list("pk", flat=True), at=at)
    _withdraw_settled(at)
    return changed


def escalate(ids: Collection[int], *, at: datetime) -> int:
    """Give these requests to their owners, with an exception each, and return their number."""
    done = 0
    for pk in sorted(ids):
        with transaction.atomic(savepoint=False):
            lock(Request, [pk])
            row = _of_side(WorkItem.WaitingOn.CLIENT).filter(pk=pk).first()
            if row is None:
                continue
            why = _("Nobody of the client is left who can answer in the portal.")
            [result] = carry(requests.stall, [pk], by=Actor.system(), at=at, reason=why)
            if result.done:
                is_question = row.state == State.NEEDS_INFORMATION
                reason = Reason.NO_ANSWER if is_question else Reason.APPROVERS_MISSING
                finding = ExceptionFinding(reason, {"message": why}, row.item)
                raise_exception(finding, at=at)
                done += 1
    return done


def _give_back(ids: Collection[int], *, at: datetime) -> int:
    done = 0
    for pk in sorted(ids):
        with transaction.atomic(savepoint=False):
            lock(Request, [pk])
            row = _of_side(WorkItem.WaitingOn.AGENCY).filter(pk=pk).first()
            if row is None or row.item.client is None:
                continue
            # Nobody is asked or reminded twice within a day.
            next_day = max(at, (row.reminded_at or row.asked_at or at) + A_DAY)
            client = row.item.client
            opens = client_opens([client], next_day)[client.pk]
            why = _("Somebody of the client can answer again.")
            [result] = carry(
                requests.wait_again,
                [pk],
                by=Actor.system(),
                at=at,
                reason=why,
                details=RemindDetails(opens),
            )
            done += result.done
    return done


@react(requests.wait_again)
def end_exceptions(rows: Sequence[Request], by: Actor, at: datetime) -> None:
    """Withdraw the exceptions about the missing people: the client has the turn again."""
    cases = ExceptionCase.objects.filter(
        item__parent__in=[row.item_id for row in rows],
        reason__in=[Reason.NO_ANSWER, Reason.APPROVERS_MISSING],
    )
    runs.withdraw_open(
        cases, by=Actor.system(), at=at, reason=_("Somebody of the client can answer again.")
    )


def _withdraw_settled(at: datetime) -> None:
    """Withdraw the exceptions about impacts that are not open any more."""
    open_ones = Request.objects.filter(IMPACT, state__in=Request.before_acceptance).values("item")
    cases = ExceptionCase.objects.filter(
        item__parent__kind="request", reason=Reason.APPROVERS_MISSING, item__is_open=True
    ).exclude(item__parent__in=open_ones)
    runs.withdraw_open(cases, by=Actor.system(), at=at, reason=_("The question is settled."))
