"""
1.

Captured once: the same source and key give the same event, however often and however concurrently
it is sent.
"""

from __future__ import annotations

from functools import partial

import pytest

from routing.models import Event, Payload
from routing.people.actors import Actor
from routing.runs.operations.capture import Capture, capture
from tests.journeys.test_lead_to_brief import signals
from tests.threads import at_once
from tests.world import NOW, World

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.requirement("R1", "T2", "T6", "T10"),
]


def test_ten_senders_at_once_leave_one_event_a_key(committed_world: World) -> None:
    system = Actor.system()
    sent = signals()

    answers = at_once(
        [
            partial(capture, sent[place % 6 :] + sent[: place % 6], by=system, at=NOW)
            for place in range(10)
        ]
    )

    kept = {
        event.dedupe_key: (event.kind, event.subject_id, event.at, event.payload.body)
        for event in Event.objects.filter(source="crm").select_related("payload")
    }
    outcomes = [each.outcome for answer in answers for each in answer]
    assert Event.objects.filter(source="crm").count() == Payload.objects.count() == 6
    assert kept == {
        each.dedupe_key: (each.kind, each.subject_id, each.occurred_at, dict(each.body))
        for each in sent
    }
    assert outcomes.count(Capture.NEW) == 6
    assert outcomes.count(Capture.REPEATED) == 54
