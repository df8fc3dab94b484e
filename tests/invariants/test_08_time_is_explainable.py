"""
8.

Time is explainable: due and elapsed are recomputed from the marks, and every minute says whose it
was.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from delivery.requests.details import AnswerDetails, AskDetails
from delivery.requests.operations import requests
from routing.models import Clock, Contact
from routing.sla.explain_due import as_json, explain
from routing.sla.operations.calendars import ensure_defaults
from routing.work.operations import items
from tests.clockwork import at
from tests.delivery.making import record_request
from tests.portal import reachable
from tests.world import MONDAY, World, by

Step = tuple[str, datetime]
STEPS: dict[str, tuple[Step, ...]] = {
    "nobody is asked": (),
    "asked and answered": (("ask", at(23, 10, 30)), ("answer", at(23, 13, 30))),
    "asked, and no answer yet": (("ask", at(23, 10, 30)),),
    "asked twice": (
        ("ask", at(23, 10, 30)),
        ("answer", at(23, 11, 30)),
        ("ask", at(23, 12, 30)),
        ("answer", at(23, 13)),
    ),
    "answered the next morning": (("ask", at(23, 15, 30)), ("answer", at(24, 10))),
    "on hold by the agency": (("hold", at(23, 10, 30)), ("resume", at(23, 13, 30))),
    "on hold while the client is asked": (
        ("ask", at(23, 10, 30)),
        ("hold", at(23, 11, 30)),
        ("resume", at(23, 12, 30)),
        ("answer", at(23, 13, 30)),
    ),
}
# Whose hours they were, in working time from Monday 09:30; a working day is 09:00 to 17:30.
CASES: tuple[tuple[str, datetime, dict[str, float]], ...] = (
    ("nobody is asked", at(23, 14, 30), {"agency": 5}),
    ("asked and answered", at(23, 14, 30), {"agency": 2, "client": 3}),
    ("asked and answered", at(23, 12), {"agency": 1, "client": 1.5}),
    ("asked, and no answer yet", at(23, 14, 30), {"agency": 1, "client": 4}),
    ("asked, and no answer yet", at(24, 9, 30), {"agency": 1, "client": 7.5}),
    ("asked twice", at(23, 14, 30), {"agency": 3.5, "client": 1.5}),
    ("answered the next morning", at(24, 11), {"agency": 7, "client": 3}),
    ("on hold by the agency", at(23, 14, 30), {"agency": 2, "hold": 3}),
    ("on hold while the client is asked", at(23, 14, 30), {"agency": 2, "client": 2, "hold": 1}),
)
DUE = {  # eight working hours from Monday 09:30, and what the client took, later by as much
    "nobody is asked": at(23, 17, 30),
    "asked and answered": at(24, 12),
    "asked, and no answer yet": None,
    "asked twice": at(24, 10, 30),
    "answered the next morning": at(24, 12),
    "on hold by the agency": at(24, 12),
    "on hold while the client is asked": at(24, 12),
}


def triaged_clock(world: World, steps: tuple[Step, ...]) -> Clock:
    """The clock of a request that went through these steps, as it is stored."""
    ensure_defaults(at=MONDAY, timezone="Europe/London")
    alice = by(world.alice)
    if not Contact.objects.exists():
        reachable(world.acme)
    request = record_request(world, details="Five pages", at=MONDAY)
    for verb, when in steps:
        match verb:
            case "ask":
                [done] = requests.ask(
                    [request.pk], by=alice, at=when, details=AskDetails(question="Which pages?")
                )
            case "answer":
                [done] = requests.answer(
                    [request.pk], by=alice, at=when, details=AnswerDetails(details="All of them")
                )
            case "hold":
                [done] = items.hold(
                    [request.item_id], by=alice, at=when, reason="The budget is in doubt."
                )
            case _:
                [done] = items.resume([request.item_id], by=alice, at=when)
        assert done.done, (verb, done.refusals)
    return Clock.objects.get(item=request.item_id, purpose="triage")


@pytest.mark.stands_at(MONDAY)
@pytest.mark.parametrize(("case", "moment", "hours"), CASES)
def test_every_minute_says_whose_it_was(
    world: World, case: str, moment: datetime, hours: dict[str, float]
) -> None:
    clock = triaged_clock(world, STEPS[case])

    explanation = explain(clock, moment)

    whose = as_json(explanation)["reading"]["whose"]
    assert whose == {
        f"{party}_s": timedelta(hours=spent).total_seconds() for party, spent in hours.items()
    }
    assert explanation.agrees


@pytest.mark.stands_at(MONDAY)
@pytest.mark.parametrize("case", STEPS)
def test_what_is_due_moves_by_the_working_time_that_did_not_count(world: World, case: str) -> None:
    clock = triaged_clock(world, STEPS[case])

    assert clock.due_at == DUE[case]
    assert explain(clock, at(24, 11)).reading.due_at == DUE[case]
