"""A person chooses the columns of a list and their order; the rows stay as they were."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from delivery.models import Request
from routing.models import WorkItem
from tests.desk import signed_in, url
from tests.world import World, make_request

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("without_second_factor"),
]
WORK, REQUESTS = url(WorkItem, "changelist"), url(Request, "changelist")


def test_columns_stand_in_the_address_in_their_order(world: World) -> None:
    make_request(world.acme)

    page = signed_in(world.alice).get(f"{WORK}?cols=due_at,what,backup")

    shown = [name for name in page.context["cl"].list_display if name != "action_checkbox"]
    assert shown == ["due_at", "what", "backup"]
    assert "Bob" in page.content.decode()


def test_the_form_numbers_columns_and_the_order_of_the_rows_stays(world: World) -> None:
    for title in ("Beta", "Alpha"):
        make_request(world.acme, title=title)
    browser = signed_in(world.alice)
    sorted_by_state = {"open": "all", "o": "3.-2"}

    page = browser.get(
        REQUESTS,
        sorted_by_state | {"place.state_name": "2", "place.client": "1", "place.what": "9"},
        follow=True,
    )

    assert page.redirect_chain[0][0].endswith("?open=all&cols=client,state_name,what&o=2.-1")


def test_the_usual_columns_stand_in_no_address(world: World) -> None:
    usual = ("what", "client", "state_name", "owner", "waits", "urgency", "due_at", "age")
    places = {f"place.{name}": str(n) for n, name in enumerate(usual, 1)}

    page = signed_in(world.alice).get(REQUESTS, places | {"open": "all"}, follow=True)

    assert page.redirect_chain[0][0].endswith("?open=all")


def test_a_chosen_column_costs_no_query_for_each_row(world: World) -> None:
    browser, counts = signed_in(world.alice), []
    for number in (2, 6):
        for _ in range(number):
            make_request(world.acme)
        browser.get(f"{REQUESTS}?cols=what,backup,team,assignee")
        with CaptureQueriesContext(connection) as asked:
            browser.get(f"{REQUESTS}?cols=what,backup,team,assignee")
        counts.append(len(asked))

    assert counts[0] == counts[1]
