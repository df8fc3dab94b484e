"""Questions that the client does not answer: reminders, and after the last one an exception."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from delivery.requests.models import Request
from delivery.requests.operations import requests
from delivery.requests.operations.asking_client import REMIND_AFTER
from routing.kernel.isolate import isolate
from routing.kernel.reasons import Reason
from routing.people.actors import Actor
from routing.runs.exceptions import ExceptionCase
from routing.runs.operations import runs
from routing.runs.operations.raising import ExceptionFinding, raise_exception
from routing.work.door import carry
from routing.work.items import WorkItem
from routing.work.locking import lock
from routing.work.registry import react

MOST_REMINDERS = 2


def remind_due(*, at: datetime, limit: int = 200, only: Collection[int] | None = None) -> int:
    """
    Remind clients of questions that are due, or hand a question to its owner after the last
    reminder. Return their number.

    It is safe to run twice, also at the same time.

    :param only: ids of the requests to look at; None for all
    """
    due = _due(at) if only is None else _due(at).filter(pk__in=only)
    ids = list(due.order_by("remind_at", "pk").values_list("pk", flat=True)[:limit])

    def go_on(some: Sequence[int]) -> int:
        return sum(_go_on(pk, at) for pk in some)

    # One question that fails is logged and tried again at the next run. The others go on.
    return isolate(go_on, ids, lambda _pk, _why: None)


def _due(at: datetime) -> Any:
    # Work on hold cannot be answered. Questions from before there were reminders have no time.
    older = Q(remind_at=None, item__changed_at__lte=at - REMIND_AFTER)
    return Request.objects.filter(
        Q(remind_at__lte=at) | older,
        state=Request.State.NEEDS_INFORMATION,
        item__kind="request",
        item__waiting_on=WorkItem.WaitingOn.CLIENT,
        item__held_at=None,
    )


def _go_on(pk: int, at: datetime) -> bool:
    system = Actor.system()
    with transaction.atomic():
        lock(Request, [pk])
        row = _due(at).filter(pk=pk).select_related("item").first()
        if row is None:
            return False
        if row.reminders < MOST_REMINDERS:
            [reminded] = requests.remind([pk], by=system, at=at)
            if reminded.done:
                return True
        why = str(_("The client has not answered, and no reminder can reach them any more."))
        if row.reminders:
            why = str(_("The client has not answered after %(count)s reminders.")) % {
                "count": row.reminders
            }
        [stalled] = carry(requests.stall, [pk], by=system, at=at, reason=why)
        if stalled.done:
            evidence = {"reminders": row.reminders, "message": why}
            raise_exception(ExceptionFinding(Reason.NO_ANSWER, evidence, row.item), at=at)
        return stalled.done


@react(
    requests.ask,
    requests.remind,
    requests.answer,
    requests.reject,
    requests.cancel,
    requests.withdraw,
    requests.mark_duplicate,
)
def end_silence(rows: Sequence[Request], by: Actor, at: datetime) -> None:
    """Withdraw the exception about the silence: there is an answer, or somebody has decided."""
    cases = ExceptionCase.objects.filter(
        item__parent__in=[row.item_id for row in rows], reason=Reason.NO_ANSWER
    )
    runs.withdraw_open(cases, by=Actor.system(), at=at, reason=_("The question is settled."))
