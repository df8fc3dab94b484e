"""C8 and C3: the answers of a trace have words where rows have codes, and name who did what."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.utils import timezone

from delivery.deliverables.formats import Format
from integrations.outbox.models import Attempt
from integrations.outbox.questions import _attempt
from routing.flows.fields import FieldSpec, FieldType
from routing.models import Event, WorkItem
from routing.people.staff import User
from routing.runs.event_words import sentence_of
from routing.runs.fact_words import source_text, value_text
from routing.runs.questions.ask import ask
from routing.runs.questions.asked import AskedWork
from routing.sla.operations.first_response import RESPONDED, ResponseChannel
from routing.work.rich_text import plain
from tests.delivery.making import make_deliverables, make_destination
from tests.world import World

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
    assert value_text(spec.name, value, {spec.name: spec}, {}) == text


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("deal.amount", "9000", "9,000 EUR"),
        ("deal.amount", 12000.5, "12,000.5 EUR"),
        ("deal.amount", "a lot", "a lot"),
        ("request.budget", "9000", "9,000"),  # of which no currency is known
        ("deal.hours", "40", "40 h"),
        ("deal.rounds", "3", "3"),
    ],
)
def test_c8_an_amount_has_its_currency_and_hours_their_unit(
    name: str, value: Any, text: str
) -> None:
    facts = {name: value, "deal.currency": "EUR"}

    assert value_text(name, value, {}, facts) == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "# Spring\n\nClient: Acme\n\n## Wanted\n- a\n- **b**\n",
            "Spring: Client: Acme; Wanted: a; b",
        ),
        ("Two *ways* to `go`", "Two ways to go"),
        ("# Goal\n\n## Audience", "Goal; Audience"),
        ("Plain, as it was. 2*3*4", "Plain, as it was. 2*3*4"),
        ("", ""),
    ],
)
def test_c8_a_text_with_marks_is_quoted_in_plain_words(text: str, said: str) -> None:
    assert plain(text) == said


def test_c8_a_source_has_no_kind_of_an_event_and_no_ids() -> None:
    said = source_text("form.submitted, demo-form form demo-form:96:13")

    assert said.startswith("the event “")
    assert "form.submitted" not in said
    assert source_text("portal sign-in") == "portal sign-in"


def test_c8_answers_about_a_planned_deliverable_are_plain_words(world: World) -> None:
    """Its key says nothing to a person, and neither do codes, ids and numbers without a unit."""
    place = make_destination(world)
    piece = {"key": "piece6", "title": "Landing page", "format": "page", "amount": "1000"}
    plan = [{**piece, "hours": "14", "due": "2026-12-04", "destination": place.pk}]
    body = "# A new site\n\n## Goal\n- **More** readers"
    [row] = make_deliverables(world, planned=plan, body=body)

    def said(item: WorkItem) -> str:
        answers = ask(AskedWork.items().get(pk=item.pk), timezone.now())
        return "\n".join(each.answer for each in answers)

    of_brief, of_page = said(row.brief.item), said(row.item)
    assert "Brief: A new site; Goal: More readers." in of_brief
    assert "Landing page, planned hours: from – to 14 h." in of_brief
    assert "Landing page, planned amount: from – to 1,000.00" in of_brief
    assert "Landing page, planned date: from – to Fri 4 Dec 2026." in of_brief
    assert f"Landing page, type: from – to {Format.PAGE.label}." in of_brief
    assert f"Landing page, destination: from – to {place}." in of_brief
    assert "Planned hours: 14 h." in of_page
    assert "Planned amount: 1,000.00 EUR." in of_page
    for text in (of_brief, of_page):
        assert "piece6" not in text
        assert "key" not in text.lower()
        assert "**" not in text
        assert "# " not in text


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
