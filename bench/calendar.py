"""
Calendar triggers: sweep many of them when none, one in a hundred and every one is due at once.
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime, timedelta
from datetime import time as clock
from statistics import median
from typing import Any

from django.core.management import call_command

from bench.world import World
from config.embedded import postgres
from routing.flows.approving import freeze
from routing.flows.models import Flow, FlowVersion
from routing.flows.recurrences import Recurrence, Schedule
from routing.flows.rhythm import Every, OnDayOff
from routing.kernel.events import Event
from routing.runs.operations.occurrences import sweep_occurrences
from routing.sla.operations.calendars import ensure_defaults

TRIGGERS = 10_000  # at SCALE=1
SHARE = 100  # one in so many is due at 8:00, the others at 9:00
BEGIN = datetime(2026, 11, 30, 12, tzinfo=UTC)
EIGHT = datetime(2026, 12, 1, 8, tzinfo=UTC)
MONTH = timedelta(days=31)


def calendar(_server: postgres.Postgres, *, repetitions: int, scale: float) -> dict[str, Any]:
    """What a sweep of calendar triggers takes."""
    call_command("migrate", database="owner", verbosity=0)
    many = max(100, round(TRIGGERS * scale))
    _publish(many, World.made("CAL"))
    figures: dict[str, Any] = {"triggers": many, "plan_s": _took(BEGIN)}
    few, rest, idle = [], [], []
    at = EIGHT
    for _ in range(repetitions):
        # The first working day of a month, at 8:00, at 9:00 and a minute later.
        few.append(_took(at))
        rest.append(_took(at + timedelta(hours=1)))
        idle.append(_took(at + timedelta(hours=1, minutes=1)))
        following = Schedule.objects.filter(at__isnull=False).order_by("at").first()
        assert following is not None
        assert following.at is not None
        at = following.at
    figures |= {"one_in_100_due_s": median(few), "others_due_s": median(rest)}
    figures["none_due_s"] = median(idle)
    checks = {
        "an_event_each": Event.objects.filter(source="calendar").count() == many * repetitions
    }
    sys.stderr.write(f"{figures}\n")
    return {"workload": "calendar", "figures": figures, "ratios": {}, "checks": checks}


def _took(at: datetime) -> float:
    began = time.perf_counter()
    sweep_occurrences(at=at)
    return round(time.perf_counter() - began, 3)


def _publish(many: int, world: World) -> None:
    ensure_defaults(at=BEGIN, country="DE", region="BE")
    backup = world.client.backup
    flow = Flow.objects.create(slug="many", name="Many", owner=world.manager, backup=backup)
    version = FlowVersion.objects.create(flow=flow, number=1, action="delivery.open_request")
    Recurrence.objects.bulk_create(
        Recurrence(
            version=version,
            name=f"Trigger {number}",
            every=Every.FIRST_WORKING_DAY,
            on_day_off=OnDayOff.RUN,
            zone="UTC",
            start=BEGIN.date(),
            at=clock(8 if number % SHARE == 0 else 9),
            client=world.client.code,
        )
        for number in range(many)
    )
    freeze(version, by=world.by_manager, at=BEGIN, reason="Bench")
