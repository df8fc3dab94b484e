"""An exception is named by its reason and by the work that it is about, to those who may see it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from django.urls import reverse

from delivery.models import Request
from routing.kernel.reasons import Reason
from routing.kernel.roles import AM, CREATIVE
from routing.models import ExceptionCase, Run, Team, WorkItem
from routing.runs.operations.raising import ExceptionFinding, raise_exception
from tests.delivery.making import record_request
from tests.desk import signed_in, url, words
from tests.journeys.crm import FakeCRM
from tests.routing.runs.stories import crm_of, make_flow, run_about
from tests.world import NOW, World, make_client, make_request, make_user

pytestmark = [
    pytest.mark.requirement("R4", "E12"),
    pytest.mark.usefixtures("without_second_factor"),
]
TITLE = "Trail Week landing page"
EVERYWHERE = (
    "/admin/",
    url(ExceptionCase, "changelist") + "?whose=all",
    url(WorkItem, "changelist") + "?whose=all",
    "/admin/find/?q=landing",
)


@pytest.fixture
def crm(world: World) -> Iterator[FakeCRM]:
    make_flow(world)
    with crm_of(world) as crm:
        yield crm


def raised(request: Request) -> ExceptionCase:
    case = raise_exception(ExceptionFinding(Reason.NO_ANSWER, item=request.item), at=NOW)
    assert case is not None
    return case


def test_every_place_names_the_reason_and_the_work(world: World) -> None:
    request = make_request(world.acme, title=TITLE)
    case = raised(request)
    named = f"{case.item.ref} No answer in time: {request.item.ref} {TITLE}"
    browser = signed_in(world.alice)

    for place in (*EVERYWHERE, url(ExceptionCase, "change", case.pk)):
        assert named in words(browser.get(place)), place


def test_the_title_of_restricted_work_is_told_to_nobody_else(world: World) -> None:
    """Whoever does not see the work sees neither its exception nor, anywhere, its title."""
    secret = make_client("SEC", world.team, world.alice, world.bob, restricted=True)
    case = raised(make_request(secret, title=TITLE))
    page = url(ExceptionCase, "change", case.pk)

    other = Team.objects.create(name="South", lead=world.olga)
    for person in (make_user("Nina", AM), make_user("Kurt", CREATIVE, team=other)):
        browser = signed_in(person)
        assert browser.get(page).status_code in {403, 404}
        for place in EVERYWHERE:
            assert TITLE not in words(browser.get(place)), f"{person}, {place}"
    assert TITLE in words(signed_in(world.alice).get(page))


def test_a_run_that_stops_is_named_as_it_is_from_then_on(world: World, crm: FakeCRM) -> None:
    """The run has its title from the number of its deal until somebody has to recognise it."""
    del crm.facts["deal.amount"]
    run_about("901")
    case = ExceptionCase.objects.select_related("item", "run__item").get()
    run: Run | None = case.run
    assert run is not None

    assert case.item.title == f"Required information missing: {run.item}"
    assert "901" not in case.item.title
    shown = words(signed_in(world.olga).get(reverse("admin:index")))
    assert f"{case.item.ref} Required information missing: {run.item}" in shown


def test_a_long_title_is_cut_and_the_reason_and_the_reference_stay(world: World) -> None:
    case = raised(make_request(world.acme, title="Ä" * 195))

    assert len(case.item.title) <= 200
    assert case.item.title.startswith("No answer in time: ACM-1 ÄÄÄ")


def test_the_page_of_an_exception_leads_to_the_work_that_it_is_about(world: World) -> None:
    request = make_request(world.acme, title=TITLE)
    case = raised(request)

    page = signed_in(world.alice).get(url(ExceptionCase, "change", case.pk)).content.decode()

    card = page.split('aria-labelledby="wrong"')[1].split("</section>")[0]
    assert f'href="{url(WorkItem, "change", request.item_id)}"' in card
    assert TITLE in card


def test_the_known_facts_of_a_recorded_request_are_words(world: World) -> None:
    """The page showed “email”, “new”, “3” and “2026-12-30” (C8)."""
    request = record_request(world, priority=WorkItem.Priority.HIGH, wanted_date=date(2026, 12, 30))
    case = raised(request)

    page = words(signed_in(world.olga).get(url(ExceptionCase, "change", case.pk)))

    for label, value in (
        ("Channel", Request.Channel.EMAIL.label),
        ("Kind", Request.Kind.NEW.label),
        ("Priority", WorkItem.Priority.HIGH.label),
        ("Needed by", "Wed 30 Dec 2026"),
    ):
        assert f"{label} {value} recorded by hand" in page
