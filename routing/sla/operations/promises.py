"""
Changes of promises: the choice of what becomes of open work, and the worker that counts its clocks
anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import models, transaction

from routing.kernel.queues import claim_first
from routing.kernel.roles import EVERYONE, grant
from routing.people.actors import Actor
from routing.sla.calendars import Calendar
from routing.sla.clocks import Clock
from routing.sla.operations.clocks import revise
from routing.sla.policies import SLAPolicy
from routing.sla.promise_changes import ClockRevision, PromiseChange, Scope
from routing.sla.recount import (
    NewTerms,
    Recounted,
    clocks_of_calendar,
    clocks_of_policy,
    open_clocks,
    terms_of_calendar,
    terms_of_policy,
)
from routing.work.items import WorkItem

for _noun in ("promisechange", "clockrevision"):
    grant(f"routing.view_{_noun}", *EVERYONE)

CHUNK = 500  # clocks of one transaction


def record_change(
    thing: SLAPolicy | Calendar, scope: str, *, by: Actor, at: datetime, reason: str
) -> PromiseChange:
    """
    Record a new version of a policy or calendar and the work that it applies to, in the transaction
    that saves it. A worker then counts the open clocks anew, if there are to be any.
    """
    return PromiseChange.objects.create(
        policy=thing if isinstance(thing, SLAPolicy) else None,
        calendar=thing if isinstance(thing, Calendar) else None,
        version=thing.version,
        scope=scope,
        by_id=by.user_id,
        at=at,
        reason=reason[:200],
        due_at=None if scope == Scope.NEW else at,
    )


def recount_promises(*, at: datetime, chunk: int = CHUNK) -> int:
    """
    Count the clocks of every change that is due anew, and return how many got other terms.

    Each chunk of clocks is one transaction with the place that the change has come to, so it may be
    killed at any time. Two workers at once take different changes.
    """
    moved = 0
    while (found := _next_chunk(at, chunk)) is not None:
        moved += found
    return moved


def _next_chunk(at: datetime, chunk: int) -> int | None:
    """Count the next clocks of a change anew and return how many moved, or None if none is due."""
    with transaction.atomic():
        claimed = claim_first(PromiseChange.objects.due(at), 1)
        if not claimed:
            return None
        change = PromiseChange.objects.select_related("policy", "calendar").get(pk=claimed[0])
        clocks, terms = _clocks_and_terms(change)
        # Clocks that started since have the terms of the new version already.
        later = clocks.filter(pk__gt=change.cursor, started_at__lte=change.at)
        ids = list(later.order_by("pk").values_list("pk", flat=True)[:chunk])
        moved = _recount(ids, change, terms, at) if ids else 0
        change.cursor = ids[-1] if ids else change.cursor
        change.moved += moved
        change.kept += len(ids) - moved
        change.due_at = change.due_at if len(ids) == chunk else None
        change.save(update_fields=["cursor", "moved", "kept", "due_at"])
        return moved


def _clocks_and_terms(change: PromiseChange) -> tuple[models.QuerySet[Clock], NewTerms]:
    if change.policy is not None:
        return clocks_of_policy(change.policy), terms_of_policy(change.policy)
    assert change.calendar is not None  # the database refuses a change of neither
    return clocks_of_calendar(change.calendar), terms_of_calendar(change.calendar)


def _recount(ids: Sequence[int], change: PromiseChange, terms: NewTerms, at: datetime) -> int:
    # The work is locked before its clocks are read, in the order of ids, as the door does.
    timed = Clock.objects.filter(pk__in=ids).values("item")
    items = WorkItem.objects.filter(pk__in=timed).order_by("pk")
    locked = list(items.select_for_update(of=("self",), no_key=True))
    recounted: dict[int, Recounted] = {}
    for clock in open_clocks(Clock.objects.filter(pk__in=ids, stopped_at=None)):
        again = terms.recount(clock, at)
        if again is not None and again.applies(change.scope):
            recounted[clock.id] = again
    revised = revise(locked, recounted, at)
    ClockRevision.objects.bulk_create(_records(revised, change, at))
    return len(revised)


def _records(
    revised: Sequence[tuple[Mapping[str, Any], Clock]], change: PromiseChange, at: datetime
) -> list[ClockRevision]:
    return [
        ClockRevision(
            clock=clock,
            change=change,
            at=at,
            terms_id=before["terms_id"],
            target=before["target"],
            was_due_at=before["due_at"],
            due_at=clock.due_at,
        )
        for before, clock in revised
    ]
