"""
Remove the demo.

Its evidence stays, because history is never deleted.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from delivery.approvals.operations.deliverables import cancel as cancel_work
from delivery.approvals.operations.deliverables import fail_publishing
from delivery.deliverables.models import Deliverable
from delivery.requests.models import Request
from delivery.requests.operations.requests import cancel
from demo.agency import agency
from demo.agency.leads import SOURCE
from routing.audit.operations.erasure import erase
from routing.people.actors import Actor
from routing.people.clients import Contact
from routing.people.saving import save_with_reason
from routing.people.staff import User
from routing.runs.exceptions import ExceptionCase
from routing.runs.models import Run
from routing.runs.operations.runs import cancel as cancel_runs
from routing.runs.operations.runs import withdraw_case
from routing.work.door import carry, operations_of
from routing.work.items import WorkItem


def end_work(at: datetime, reason: str) -> int:
    """End all open work of the demo's clients. Return the number of open requests."""
    system = Actor.system()
    codes = [account.code for account in agency.CLIENTS]
    rows = Request.objects.filter(item__client__code__in=codes, item__is_open=True)
    delivered = list(rows.filter(state=Request.State.DELIVERED).values_list("pk", flat=True))
    others = list(rows.exclude(state=Request.State.DELIVERED).values_list("pk", flat=True))
    with transaction.atomic():
        operations_of(Request)["close"](delivered, by=system, at=at, reason=reason)
        cancel(others, by=system, at=at, reason=reason)
        ours = Q(source=SOURCE) | Q(item__client__code__in=codes)
        runs = Run.objects.filter(ours, item__is_open=True)
        _end_pieces(codes, at, reason)
        cancel_runs(list(runs.values_list("pk", flat=True)), by=system, at=at, reason=reason)
    return len(delivered) + len(others)


def _end_pieces(codes: list[str], at: datetime, reason: str) -> None:
    """Stop all publishing, cancel open deliverables and withdraw their exceptions."""
    system = Actor.system()
    left = Deliverable.objects.filter(item__client__code__in=codes)
    sending = list(left.filter(state=Deliverable.State.PUBLISHING).values_list("pk", flat=True))
    carry(fail_publishing, sending, by=system, at=at, reason=reason)
    still_open = list(left.filter(item__is_open=True).values_list("pk", flat=True))
    carry(cancel_work, still_open, by=system, at=at, reason=reason)
    cases = ExceptionCase.objects.filter(
        item__client__code__in=codes, item__parent__kind="deliverable", item__is_open=True
    )
    carry(withdraw_case, list(cases.values_list("pk", flat=True)), by=system, at=at, reason=reason)


class StillInUse(RuntimeError):
    """People of the demo own open work that is not the demo's."""


def remove(at: datetime) -> int:
    """
    End the demo's work, erase its contacts and close its accounts.

    :raises StillInUse: if its people own other open work; then nothing is changed
    """
    system, why = Actor.system(), "The demo was removed."
    with transaction.atomic():
        ended = end_work(at, why)
        people = User.objects.filter(email__endswith=f"@{agency.DOMAIN}")
        left = WorkItem.objects.filter(
            Q(owner__in=people) | Q(backup__in=people), is_open=True
        ).count()
        if left:
            raise StillInUse(
                f"{left} open items that are not the demo's belong to its people. Reassign them "
                f"first."
            )
        emails = [known.email for known in agency.CONTACTS]
        for pk in Contact.objects.filter(email__in=emails).values_list("pk", flat=True):
            erase(pk, by=system, at=at, reason=why)
        for user in User.objects.filter(email__endswith=f"@{agency.DOMAIN}", is_active=True):
            user.is_active = False
            user.session_epoch += 1
            user.set_unusable_password()
            save_with_reason(user, by=system, at=at, reason=why)
    return ended
