"""A launched newsletter, on dates of its own: two days of waiting for the client among them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import time_machine
from django.utils import timezone

from delivery.deliverables.details import LaunchByHandDetails
from delivery.models import Answer, Deliverable
from delivery.progress.operations.launching import launch_by_hand
from delivery.requests.operations import requests
from routing.models import Outcome, Run
from routing.people.actors import Actor
from routing.runs.operations import outcomes
from tests.delivery.making import (
    done,
    fresh,
    make_deliverables,
    make_destination,
    make_engagement,
    record_request,
    say,
    with_the_client,
)
from tests.world import World, by

ADDRESS = "https://news.example.com/spring"
MONDAY = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
TUESDAY, THURSDAY = MONDAY.replace(day=3), MONDAY.replace(day=5)
FRIDAY = MONDAY.replace(day=6)
WEDNESDAY = MONDAY.replace(day=4)


@dataclass
class Launched:
    """A newsletter: asked on Monday, with the client from Tuesday to Thursday, live on Friday."""

    run: Run
    row: Deliverable


def launched(world: World, title: str = "Spring newsletter") -> Launched:
    with time_machine.travel(MONDAY, tick=False):
        request = record_request(world, title=title, details="A newsletter for spring")
        done(requests.triage([request.pk], by=by(world.alice), at=timezone.now()))
        done(requests.accept([request.pk], by=by(world.alice), at=timezone.now()))
        place = make_destination(world, name="Newsletter", kind="newsletter")
        plan = [
            {
                "key": "a",
                "title": title,
                "format": "page",
                "destination": place.pk,
                "hours": "6",
                "due": "2026-11-05",
            }
        ]
        sold = make_engagement(world, monthly_hours=40, rounds=2, ends_date="2026-12-20")
        [row] = make_deliverables(world, planned=plan, request=fresh(request), engagement=sold)
    with time_machine.travel(TUESDAY, tick=False):
        with_the_client(world, row)
    with time_machine.travel(THURSDAY, tick=False):
        done([say(row, Answer.Word.APPROVE)])
    with time_machine.travel(FRIDAY, tick=False):
        details = LaunchByHandDetails(ADDRESS, None)
        done(launch_by_hand([row.pk], by=by(world.alice), at=FRIDAY, details=details))
        proof = Outcome.objects.get(item=row.item_id)
        outcomes.prove(proof.pk, {"url": ADDRESS, "status": 200}, by=Actor.system(), at=FRIDAY)
    run = Run.objects.select_related("item").get(pk=fresh(row).item.run_id)
    return Launched(run, fresh(row))
