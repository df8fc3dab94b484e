"""C8 and C3: the answers of a trace have words where rows have codes, and name who did what."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.utils import timezone

from integrations.outbox.models import Attempt
from integrations.outbox.questions import _attempt
from routing.flows.fields import FieldSpec, FieldType
from routing.models import Event
from routing.people.staff import User
from routing.runs.event_words import sentence_of
from routing.runs.fact_words import value_text
from routing.sla.operations.first_response import RESPONDED, ResponseChannel

ENDS = FieldSpec("deal.ends", "Ends", FieldType.DATE)
URGENT = FieldSpec("deal.urgent", "Urgent", FieldType.BOOLEAN)


@pytest.mark.parametrize(
    ("spec", "value", "text"),
    [
        (ENDS, "2027-06-30", "Wed 30 Jun 2027"),
        (ENDS, "soon", "soon"),
        (URGENT, True, "yes"),
        (URGENT, False, "no"),
    ],
)
def test_c8_a_fact_is_told_as_people_read_it(spec: FieldSpec, value: Any, text: str) -> None:
    assert value_text(spec.name, value, {spec.name: spec}) == text


def test_c8_an_attempt_without_an_answer_has_no_status() -> None:
    at = datetime(2026, 11, 20, 8, 53, tzinfo=UTC)
    attempt = Attempt(number=1, ended_at=at, outcome=Attempt.Outcome.CONFLICT)

    with timezone.override("UTC"):
        assert _attempt(attempt).endswith("UTC: Changed or removed in external system.")
        attempt.status = 409
        assert _attempt(attempt).endswith("Changed or removed in external system, status 409.")


@pytest.mark.parametrize(
    ("kind", "start"),
    [
        (User.Kind.PERSON, "The first response by Olga reached the client: "),
        (User.Kind.SERVICE, "The first response reached the client: "),
    ],
)
def test_c3_a_first_response_names_the_person_who_gave_it(kind: str, start: str) -> None:
    event = Event(kind=RESPONDED.kind, to_state=ResponseChannel.CALL)
    event.actor = User(full_name="Olga", kind=kind)

    assert sentence_of(event, None).startswith(start)
