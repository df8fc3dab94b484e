"""A list is narrowed by filters with several values, which are chips that can be taken off."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import SuspiciousOperation
from django.http import QueryDict
from django.utils import timezone

from delivery.models import Request
from routing.desk.bar import Bar
from routing.desk.base import DeskAdmin
from routing.desk.named_lists import named_list, rows_of
from routing.models import Event, Team, WorkItem
from tests.desk import signed_in, url, words
from tests.world import NOW, World, make_client, make_request

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("without_second_factor"),
]

WORK, REQUESTS, EVENTS = (url(model, "changelist") for model in (WorkItem, Request, Event))
ALL = "whose=all&open=all"


def three(world: World) -> dict[str, Request]:
    """A request of each of three clients: new, accepted and rejected."""
    made = {}
    for code, state in (("AAA", "captured"), ("BBB", "accepted"), ("CCC", "rejected")):
        client = make_client(code, world.team, world.alice, world.bob)
        made[code] = make_request(client, Request.State(state), title=f"Poster of {code}")
    return made


def shown(page: Any) -> set[str]:
    return {getattr(row, "item", row).title for row in page.context["cl"].result_list}


def bar(page: Any) -> Bar:
    found: Bar = page.context["bar"]
    return found


@pytest.mark.parametrize(
    "query",
    [
        "state=captured,accepted",
        "state=captured&state=accepted",
        "state__exact=captured,accepted",
        "state=new,Accepted",  # as the list names them
    ],
)
def test_a_row_is_shown_if_it_has_one_of_the_values(world: World, query: str) -> None:
    three(world)

    page = signed_in(world.olga).get(f"{REQUESTS}?{ALL}&{query}")

    assert shown(page) == {"Poster of AAA", "Poster of BBB"}


def test_filters_narrow_together_and_a_chip_takes_one_value_off(world: World) -> None:
    made, browser = three(world), signed_in(world.olga)
    clients = ",".join(str(row.item.client_id) for row in made.values())

    page = browser.get(f"{REQUESTS}?{ALL}&client={clients}&state=captured,rejected")
    chips = {chip.value: chip.without for chip in bar(page).chips}

    assert shown(page) == {"Poster of AAA", "Poster of CCC"}
    assert {"AAA Ltd", "BBB Ltd", "CCC Ltd"} <= set(chips)
    assert shown(browser.get(REQUESTS + chips["AAA Ltd"])) == {"Poster of CCC"}


def test_a_client_and_a_person_stand_in_an_address_by_code_and_by_mail_too(world: World) -> None:
    three(world)
    mail = world.alice.email

    page = signed_in(world.olga).get(f"{WORK}?{ALL}&client=aaa,BBB&owner={mail}")

    assert shown(page) == {"Poster of AAA", "Poster of BBB"}


def test_an_older_link_to_the_work_of_a_person_goes_on_working(world: World) -> None:
    three(world)
    browser = signed_in(world.olga)

    assert len(shown(browser.get(f"{WORK}?{ALL}&of={world.alice.pk}"))) == 3
    assert shown(browser.get(f"{WORK}?{ALL}&of={world.bob.pk}")) == set()


def test_due_work_is_found_by_group_by_range_and_without_a_time(world: World) -> None:
    today, due = timezone.localdate(), {}
    for title, days in (("Late", -2), ("Soon", 3), ("Far", 40), ("Never", None)):
        row = make_request(world.acme, title=title)
        due[title] = None if days is None else timezone.now() + timedelta(days=days)
        WorkItem.objects.filter(pk=row.item_id).update(next_due_at=due[title])
    span = f"{today + timedelta(days=30)}..{today + timedelta(days=50)}"
    browser, found = signed_in(world.olga), {}

    for value in ("late", "late,week", "none", span, f"..{today}"):
        found[value] = shown(browser.get(f"{REQUESTS}?{ALL}&due={value}"))

    assert list(found.values()) == [{"Late"}, {"Late", "Soon"}, {"Never"}, {"Far"}, {"Late"}]


def test_a_value_that_is_none_is_named_with_similar_ones_and_left_out(world: World) -> None:
    three(world)

    page = signed_in(world.olga).get(f"{REQUESTS}?{ALL}&state=capture,accepted&cols=what,clent")

    assert shown(page) == {"Poster of BBB"}
    said = words(page)
    assert "“capture” is no value of the filter “state”. Similar ones: New." in said
    assert "“clent” is no column of this list. Similar ones: client" in said


def test_a_command_refuses_what_a_page_leaves_out(world: World) -> None:
    for query in ("state=capture", "client=999", "cols=clent", "no_such=1"):
        with pytest.raises(SuspiciousOperation):
            rows_of(named_list("requests"), world.olga, QueryDict(query))


def test_a_filter_that_a_list_does_not_have_is_said(world: World) -> None:
    page = signed_in(world.olga).get(f"{WORK}?clinet=1", follow=True)

    assert "does not have" in words(page)
    assert "Similar ones: client" in words(page)


def test_a_value_is_added_by_a_form_that_needs_no_script(world: World) -> None:
    three(world)
    browser = signed_in(world.olga)

    sent = {"whose": "all", "open": "all", "state": "captured", "add": "state=accepted"}
    page = browser.get(REQUESTS, sent | {"add.owner": "ali"}, follow=True)

    assert page.redirect_chain[0][0].endswith(
        f"?whose=all&open=all&state=captured,accepted&owner={world.alice.pk}"
    )
    assert shown(page) == {"Poster of AAA", "Poster of BBB"}


def test_a_typed_name_that_is_none_or_several_offers_links(world: World) -> None:
    three(world)
    browser = signed_in(world.olga)

    none = browser.get(WORK, {"whose": "all", "add.owner": "Alicia"}, follow=True)
    several = browser.get(WORK, {"whose": "all", "add.client": "Ltd"}, follow=True)

    assert f'href="?whose=all&amp;owner={world.alice.pk}"' in none.content.decode()
    assert "could be several values" in words(several)
    assert "AAA Ltd" in words(several)


def test_a_client_that_is_not_seen_is_unknown(world: World) -> None:
    south = Team.objects.create(name="South", lead=world.olga)
    hidden = make_client("HID", south, world.olga, world.bob, restricted=True, name="Secret plc")

    page = signed_in(world.cora).get(f"{WORK}?{ALL}&client={hidden.pk}")

    assert f"“{hidden.pk}” is no value of the filter “client”" in words(page)
    assert "Secret" not in words(page)


@pytest.mark.requirement("A2")
def test_events_are_found_by_person_kind_day_client_and_text(world: World) -> None:
    made = three(world)
    for n, row in enumerate(made.values()):
        Event.objects.create(
            kind=f"crm.deal.{('won', 'lost', 'won')[n]}",
            source="crm",
            item=row.item,
            actor=(world.ivan, world.alice)[n % 2],
            at=NOW - timedelta(days=n),
        )
    browser, day = signed_in(world.olga), timezone.localdate(NOW)
    client = made["AAA"].item.client_id
    queries = {
        "kind=crm.deal.won": 2,
        "kind=crm.deal.won,crm.deal.lost": 3,
        f"source=crm&person={world.ivan.pk}": 2,
        f"source=crm&day={day}..{day}": 1,
        f"source=crm&client={client}": 1,
        "source=crm&q=poster+BBB": 1,
        f"source=crm&person={world.ivan.pk}&kind=crm.deal.won&day=..{day}": 2,
    }

    found = {
        query: len(browser.get(f"{EVENTS}?{query}").context["cl"].result_list) for query in queries
    }

    assert found == queries


def test_pages_are_turned_with_two_filters_set(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DeskAdmin, "list_per_page", 2)
    for n in range(5):
        make_request(world.acme, title=f"Poster {n}")
    three(world)
    browser, seen = signed_in(world.olga), list[str]()
    query = f"?{ALL}&client={world.acme.pk}&state=captured,accepted"

    while query:
        page = browser.get(REQUESTS + query)
        seen += sorted(shown(page))
        query = page.context["cl"].later

    assert seen == [f"Poster {n}" for n in range(5)]
