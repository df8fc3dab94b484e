"""Lag from a lead to its brief while leads come in evenly, below the capacity of two processes."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connections
from django.utils.timezone import now

from bench import leads
from bench.workers import Worker
from bench.world import World
from delivery.requests.models import Request
from routing.kernel.events import Dispatch, Event
from routing.runs.operations.advance import advance

EVERY_S = 0.05  # between two deliveries
IDLE_S = 0.01  # a worker that found nothing looks again after this; the product is rung


def lags(workers: Sequence[Worker], rate: float, *, at_most: float) -> list[float]:
    """
    Seconds from the capture of each event to the commit of its request and brief.

    :param rate: events a second
    :param at_most: seconds of feeding
    """
    until = now() + timedelta(seconds=at_most + 1)
    for worker in workers:
        worker.start(serve, until)
    fed: list[int] = []
    began = time.perf_counter()
    while (passed := time.perf_counter() - began) < at_most:
        due = round(passed * rate) - len(fed)
        if due > 0:
            leads.capture_these(numbers := leads.new_numbers(due), now())
            fed += numbers
        time.sleep(EVERY_S)
    looked = [worker.answer() for worker in workers]
    captured = dict(
        Event.objects.filter(source=leads.FORM, kind=leads.KIND).values_list("subject_id", "at")
    )
    about = Request.objects.filter(
        item__run__source=leads.FORM, item__run__subject_id__in=[str(number) for number in fed]
    )
    made = dict(about.values_list("item__run__subject_id", "item__created_at"))
    connections.close_all()
    assert len(made) == len(fed), (len(made), len(fed))
    return [
        (_committed(at, looked) - captured[subject]).total_seconds() for subject, at in made.items()
    ]


def serve(_world: World, until: datetime) -> list[datetime]:
    """Work until then, and until nothing waits; every instant at which the work asked the time."""
    asked: list[datetime] = []

    def clock() -> datetime:
        asked.append(now())
        return asked[-1]

    while now() < until or Dispatch.objects.exists():
        advance(clock=clock)
        time.sleep(IDLE_S)
    advance(clock=clock)
    clock()
    return asked


def _committed(at: datetime, looked: Sequence[Sequence[datetime]]) -> datetime:
    """
    A stage writes the instant at which it began; when its worker asked again, that was committed.
    """
    asked = next(
        each
        for each in looked
        if at in each[max(0, bisect_right(each, at) - 1) : bisect_right(each, at)]
    )
    return asked[bisect_right(asked, at)]
