"""8. Time is explainable: due and elapsed are recomputed from the marks, and every minute says whose it was."""

from __future__ import annotations

from datetime import timedelta

import pytest

from delivery.requests.operations import requests
from routing.models import Clock
from routing.sla.explain_due import as_json, explain
from routing.sla.operations.calendars import ensure_defaults
from tests.world import MONDAY, World, by


@pytest.mark.stands_at(MONDAY)  # in working hours
def test_an_afternoon_of_waiting_for_the_client_is_the_clients(world: World) -> None:
    ensure_defaults(at=MONDAY, timezone="Europe/London")
    alice = by(world.alice)
    request = requests.open_request(client=world.acme, title="A site", details="Five pages", by=alice, at=MONDAY)
    triage = Clock.objects.get(item=request.item_id, purpose="triage")
    first_due = triage.due_at

    requests.ask([request.pk], by=alice, at=MONDAY + timedelta(hours=1), question="Which pages?")
    requests.answer([request.pk], by=alice, at=MONDAY + timedelta(hours=4), details="All of them")

    triage.refresh_from_db()
    explanation = explain(triage, MONDAY + timedelta(hours=5))
    assert first_due is not None
    assert triage.due_at is not None
    assert explanation.agrees
    assert triage.due_at > first_due
    assert '"client"' in str(as_json(explanation)).replace("'", '"')
