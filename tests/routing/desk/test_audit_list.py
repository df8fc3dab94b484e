"""The audit list says who did what to what, when, why and in which row (A2)."""

from __future__ import annotations

import csv
from datetime import timedelta
from io import BytesIO, StringIO

import pytest
from django.core.exceptions import SuspiciousOperation
from django.http import QueryDict

from delivery.models import Request
from delivery.requests.operations.requests import reject, triage
from routing.desk.exporting import list_to_export, write_list
from routing.models import AuditEntry, User
from tests.desk import signed_in, url, words
from tests.world import NOW, World, by, make_client, make_request

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("without_second_factor")]


@pytest.fixture
def told(world: World) -> World:
    """Alice triaged a request and rejected it, and Bob triaged one of another client."""
    row = make_request(world.acme, title="Garden poster", at=NOW - timedelta(minutes=2))
    triage([row.pk], by=by(world.alice), at=NOW - timedelta(minutes=1))
    reject([row.pk], by=by(world.alice), at=NOW, reason="Out of scope")
    other = make_client("BET", world.team, world.bob, world.alice)
    triage([make_request(other).pk], by=by(world.bob), at=NOW)
    return world


def rows(user: User, query: str) -> list[dict[str, str]]:
    out = BytesIO()
    write_list(list_to_export("audit", user, QueryDict(query)), "csv", out, at=NOW)
    return list(csv.DictReader(StringIO(out.getvalue().decode("utf-8-sig"), newline="")))


@pytest.mark.requirement("A2")
def test_a2_an_entry_says_who_what_why_and_which_row(told: World) -> None:
    [row] = rows(told.audrey, "kind=delivery.request.reject")

    assert (row["by"], row["ref"], row["why"]) == ("Alice", "ACM-1", "Out of scope")
    assert (row["from_state"], row["to_state"]) == ("triaged", "rejected")
    assert row["row"].startswith("delivery.request ")
    assert row["at"] == NOW.isoformat()


def test_a2_the_page_shows_the_same_and_leads_to_the_history(told: World) -> None:
    page = signed_in(told.audrey).get(url(AuditEntry, "changelist"), {"q": "garden"})

    assert "Out of scope" in words(page)
    assert f"Request {Request.objects.get(item__ref='ACM-1').pk}" in words(page)
    assert "/admin/history-of/delivery.request/" in page.content.decode()


@pytest.mark.requirement("A2")
@pytest.mark.parametrize(
    ("query", "refs"),
    [
        ("", {"ACM-1", "BET-1"}),
        ("person={alice}", {"ACM-1"}),
        ("person={mail}", {"ACM-1"}),
        ("kind=delivery.request", {"ACM-1", "BET-1"}),
        ("kind=delivery.brief", set()),
        ("client={acme}", {"ACM-1"}),
        ("q=garden", {"ACM-1"}),
        ("day={day}..{day}", {"ACM-1", "BET-1"}),
        ("day=2020-01-01..2020-12-31", set()),
        ("person={alice}&kind=delivery.request.reject&day=7", {"ACM-1"}),
    ],
)
def test_a2_entries_are_found_by_person_kind_date_client_and_text(
    told: World, query: str, refs: set[str]
) -> None:
    asked = query.format(
        alice=told.alice.pk, mail=told.alice.email, acme=told.acme.pk, day=NOW.date().isoformat()
    )

    assert {row["ref"] for row in rows(told.audrey, asked)} == refs


def test_a2_acts_of_the_product_are_shown_if_asked_for(told: World) -> None:
    people, everything = rows(told.audrey, ""), rows(told.audrey, "acts=all")

    assert len(people) == 3
    assert len(everything) > 3


def test_days_that_cannot_be_read_are_refused(told: World) -> None:
    with pytest.raises(SuspiciousOperation):
        rows(told.audrey, "day=9999-12-31..9999-12-31")


@pytest.mark.parametrize(
    ("who", "status"), [("audrey", 200), ("olga", 200), ("alice", 403), ("ivan", 403)]
)
def test_a2_auditors_and_operations_leads_read_it(world: World, who: str, status: int) -> None:
    answer = signed_in(getattr(world, who)).get(url(AuditEntry, "changelist"))

    assert answer.status_code == status


def test_reasons_of_many_entries_take_a_few_statements(
    told: World, django_assert_max_num_queries: object
) -> None:
    found = list_to_export("audit", told.audrey, QueryDict(""))
    with django_assert_max_num_queries(3):  # type: ignore[operator]
        write_list(found, "csv", BytesIO(), at=NOW)
