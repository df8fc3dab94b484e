"""Dashboards: their numbers are those of the catalogue, of work that the reader sees."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from delivery.requests.operations import requests
from demo.agency.agency import DOMAIN
from routing.figures.computing import compute
from routing.kernel.reasons import Reason
from routing.kernel.roles import AM, QA
from routing.models import Absence, Client, Clock, Team, User, WorkItem
from routing.runs.operations.raising import ExceptionFinding, raise_exception
from routing.sla.operations.calendars import ensure_defaults
from routing.sla.operations.clocks import start
from tests.desk import signed_in, words
from tests.world import NOW, World, by, make_client, make_request, make_user

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("without_second_factor"),
    pytest.mark.requirement("M14"),
]
HOUR = timedelta(hours=1)


def week(before: int) -> datetime:
    """Wednesday noon of the week that was ``before`` weeks ago, in the zone of the agency."""
    monday = NOW.replace(hour=12) - timedelta(days=NOW.weekday())
    return monday + timedelta(days=2) - timedelta(weeks=before)


def clock(client: Client, at: datetime, *, met: bool) -> None:
    item = make_request(client).item
    start([item], ensure_defaults(at=NOW), at, purposes={"first_response"})
    ended = {"met_at": at + HOUR} if met else {"breached_at": at + HOUR}
    Clock.objects.filter(item=item).update(
        running_since=None, wakes_at=None, stopped_at=at + HOUR, spent=HOUR, **ended
    )


def page_of(user: User, name: str, query: str = "") -> Any:
    return signed_in(user).get(reverse("dashboard", args=[name]) + query)


def panel(page: Any, name: str) -> str:
    section = rf'<section[^>]+aria-labelledby="panel-{name}".*?</section>'
    [found] = re.findall(section, page.content.decode(), re.DOTALL)
    return str(found)


def drawn(part: str) -> list[str]:
    """The numbers above the columns of a chart."""
    return re.findall(r'<text class="ch-number"[^>]*>([^<]*)</text>', part)


def listed(part: str) -> list[str]:
    """The first number of each line of the table."""
    rows = re.findall(r"<tr>\s*<th scope=\"row\">.*?</th>\s*<td>(.*?)</td>", part, re.DOTALL)
    return [re.sub(r"<[^>]+>", "", each).strip() for each in rows]


def links(part: str) -> list[tuple[str, str]]:
    found = re.findall(r'href="([^"]+/figures/rows/[^"]+)"[^>]*aria-label="[^"]*: ([^"]+)"', part)
    return [(unescape(address), number) for address, number in found]


@pytest.mark.requirement("L6")
def test_the_numbers_of_a_week_are_those_of_the_catalogue_in_chart_table_and_words(
    world: World,
) -> None:
    other = make_client("BRW", world.team, world.bob, world.alice)
    for client, before, count in ((world.acme, 2, 3), (world.acme, 1, 5), (other, 1, 2)):
        for _ in range(count):
            clock(client, week(before), met=False)

    part = panel(page_of(world.olga, "operations"), "breaches")

    assert "Breaches rose from 3 to 7 last week" in part
    assert drawn(part) == listed(part) == ["0"] * 5 + ["3", "7", "0"]
    found = compute(
        ["breaches"], actor=by(world.olga), by=["week"], since=week(9), until=NOW + HOUR
    )
    assert sorted(each.n for each in found) == [3, 7]
    browser = signed_in(world.olga)
    assert {number for _address, number in links(part)} == {"3", "7"}
    for address, number in links(part):
        assert browser.get(f"{address}?format=json").json()["count"] == int(number)


@pytest.mark.requirement("M6")
def test_ones_own_clients_are_added_up_and_each_part_leads_to_its_rows(world: World) -> None:
    second = make_client("BRW", world.team, world.alice, world.bob)
    foreign = make_client("FOR", world.team, world.bob, world.alice)
    for client, met, count in (
        (world.acme, True, 3),
        (second, False, 2),
        (foreign, False, 9),
    ):
        for _ in range(count):
            clock(client, week(1), met=met)

    page = page_of(world.alice, "clients")
    part = panel(page, "compliance")

    # Three of five. Neither client alone has the five that a rate needs.
    assert "SLA compliance: 60.0 % last week" in part
    assert "ACM Ltd 3" in words(page)
    assert "BRW Ltd 2" in words(page)
    assert "FOR" not in panel(page, "breaches")
    assert drawn(part)[-2] == "60 %"
    assert "2" in drawn(panel(page, "breaches"))
    small = page_of(world.bob, "clients")
    assert "SLA compliance fell" not in words(small)
    assert drawn(panel(small, "breaches"))[-2] == "9"


def test_too_few_rows_for_a_rate_are_said(world: World) -> None:
    for _ in range(4):
        clock(world.acme, week(1), met=True)

    part = panel(page_of(world.olga, "leadership"), "compliance")

    assert "SLA compliance last week: Only 4 rows. A rate needs 5." in part
    assert drawn(part)[-2] == "–"


@pytest.mark.requirement("M6")
def test_the_load_says_who_is_overdue_and_who_is_away(world: World) -> None:
    for title in ("One", "Two", "Three"):
        item = make_request(world.acme, title=title).item
    WorkItem.objects.filter(pk=item.pk).update(next_due_at=NOW - HOUR)
    Absence.objects.create(user=world.alice, starts_at=NOW - HOUR, ends_at=NOW + timedelta(days=2))

    part = panel(page_of(world.olga, "operations"), "load")

    assert "Alice has the most open work: 3, 1 of it overdue" in part
    assert 'class="ch-part"' in part
    assert "Away: " in part
    assert [number for _address, number in links(part)] == ["3", "1"]


@pytest.mark.requirement("M6")
def test_the_bottleneck_is_the_state_whose_time_grew_most(world: World) -> None:
    for days, hours in ((40, 2), (5, 10)):
        came = NOW - timedelta(days=days)
        for number in range(5):
            row = make_request(world.acme, title=f"Page {days} {number}", at=came)
            [done] = requests.triage([row.pk], by=by(world.alice), at=came + hours * HOUR)
            assert done.done
    for _ in range(4):  # too few to be compared
        make_request(world.acme, at=NOW - timedelta(days=3))

    part = panel(page_of(world.olga, "operations"), "bottleneck")

    assert "The bottleneck is Request · New: from 2 h to 10 h" in part
    assert [number for _address, number in links(part)] == ["10 h", "2 h"]
    assert 'class="ch-before"' in part


@pytest.mark.requirement("M4")
def test_exceptions_by_reason_are_those_of_the_catalogue(world: World) -> None:
    for reason in (Reason.NO_ANSWER, Reason.NO_ANSWER, Reason.REJECTED):
        item = make_request(world.acme).item
        assert raise_exception(ExceptionFinding(reason, item=item), at=NOW)

    part = panel(page_of(world.olga, "operations"), "exceptions")

    found = compute(
        ["exceptions_opened"], actor=by(world.olga), by=["reason"], since=week(1), until=NOW + HOUR
    )
    assert "3 exceptions in 28 days, 0 before. Most often: No answer in time" in part
    assert listed(part) == [str(each.n) for each in found] == ["2", "1"]
    lengths = re.findall(r'class="ch-bar" y="2" width="([\d.]+)%"', part)
    assert lengths == ["100.00", "50.00"]  # the bars are as the numbers


def test_what_got_worse_names_the_rows_that_did_it(world: World) -> None:
    clock(world.acme, NOW - timedelta(days=1), met=False)
    ref = WorkItem.objects.latest("pk").ref

    part = panel(page_of(world.olga, "operations"), "worse")

    assert "Breaches rose from 0 to 1" in part
    assert ref in part
    assert "The 1 row behind it" in part


def test_restricted_work_is_in_no_number_of_those_who_may_not_see_it(world: World) -> None:
    south = Team.objects.create(name="South", lead=world.olga)
    secret = make_client("SEC", south, world.bob, world.olga, name="Zebrafish", restricted=True)
    sam = make_user("Sam", AM, team=world.team)
    clock(secret, week(1), met=False)
    WorkItem.objects.update(team=world.team)  # helped by another team

    assert drawn(panel(page_of(world.bob, "team"), "breaches"))[-2] == "1"
    hidden = page_of(sam, "team")
    assert drawn(panel(hidden, "breaches")) == ["0"] * 8
    assert "Zebrafish" not in words(hidden)
    assert "SEC" not in hidden.content.decode()


def test_who_may_open_which_dashboard(world: World) -> None:
    nora, quentin = make_user("Nora"), make_user("Quentin", QA)
    expected = {
        world.olga: {"operations", "clients", "leadership"},
        world.alice: {"clients", "team"},
        world.audrey: {"operations", "leadership"},
        world.ivan: {"clients"},
        quentin: {"clients"},
        nora: set(),
    }
    for user, allowed in expected.items():
        for name in ("operations", "clients", "team", "leadership"):
            status = page_of(user, name).status_code
            assert status == (200 if name in allowed else 403), (user.full_name, name)
        shown = signed_in(user).get("/admin/").content.decode()
        assert {
            each for each in expected[world.olga] | {"team"} if f"/dashboards/{each}/" in shown
        } == allowed
    assert page_of(world.olga, "nothing").status_code == 404


def test_work_of_the_demo_counts_only_if_it_is_asked_for(world: World) -> None:
    User.objects.filter(pk=world.bob.pk).update(email=f"bob@{DOMAIN}")
    clock(make_client("BRW", world.team, world.bob, world.alice), week(1), met=False)

    own, every = (page_of(world.olga, "operations", query) for query in ("", "?apart=1"))

    assert drawn(panel(own, "breaches"))[-2] == "0"
    assert drawn(panel(every, "breaches"))[-2] == "1"
    [(address, _number)] = links(panel(every, "breaches"))[:1]
    assert "apart" in address


def test_more_work_and_more_clients_need_no_more_statements(world: World) -> None:
    counts = []
    for more in (1, 6):
        for number in range(more):
            client = make_client(f"C{more}{number}", world.team, world.alice, world.bob)
            clock(client, week(1), met=False)
            clock(client, NOW - timedelta(days=1), met=False)
        page_of(world.alice, "clients")
        with CaptureQueriesContext(connection) as asked:
            page_of(world.alice, "clients")
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 90


def test_somebody_without_clients_is_told_so(world: World) -> None:
    page = page_of(make_user("Sam", AM), "clients")

    assert "You own no client." in words(page)
    assert "ch-panel" not in page.content.decode()
