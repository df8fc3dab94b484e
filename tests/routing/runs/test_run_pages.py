"""Runs at the desk: the list, and the trace page that answers every question."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from routing.kernel.facts import EnrichedFacts
from routing.models import ExceptionCase, FlowVersion, Run
from routing.runs.operations.runs import fill_in
from routing.runs.registry import Problem, Retry
from routing.work.details import HandOverDetails
from routing.work.operations import items as work_steps
from tests.delivery.requests.test_request_page import others_secret
from tests.desk import signed_in, url, words
from tests.journeys.crm import FakeCRM
from tests.routing.runs.stories import crm_of, make_flow, run_about, work
from tests.world import NOW, World, by

pytestmark = pytest.mark.usefixtures("without_second_factor")


@pytest.fixture
def crm(world: World) -> Iterator[FakeCRM]:
    make_flow(world)
    with crm_of(world) as crm:
        yield crm


@pytest.mark.requirement("A3", "A7", "O25", "R2", "R3", "R6", "R7", "R9", "R11", "R16", "R17")
def test_the_trace_page_answers_what_a_new_teammate_asks(world: World, crm: FakeCRM) -> None:
    run = run_about("901")

    answer = signed_in(world.alice).get(url(Run, "change", run.pk))

    page = words(answer)
    assert f'href="{url(FlowVersion, "change", run.version_id)}"' in answer.content.decode()
    assert "Started by Deal created (HubSpot) crm" in page
    assert "5 later events joined" in page
    assert "Owner Alice Backup Bob" in page
    assert "Blocked by Nothing." in page
    assert "Next Alice works on" in page
    assert "Amount 12,000 EUR crm" in page
    assert "Contact's e-mail carla@acme.test crm" in page
    assert "does not match High value ✗ no: Amount is at least 50000 – value: 12000" in page
    assert "matches Everything else has no conditions, so it always matches" in page
    assert "Bob backup" in page
    assert "Olga" in page
    assert "not in the team" in page
    assert "Tie-break: account owner first where the rule says so" in page
    for text in ("Request ACM-", "Brief ACM-", "Clocks started 5 ACM-2: approval running"):
        assert text in page


@pytest.mark.requirement("E5", "E13", "R12")
def test_a_run_that_waits_says_what_holds_it_and_who_clears_it(world: World, crm: FakeCRM) -> None:
    del crm.facts["deal.amount"]
    run = run_about("901")
    case = ExceptionCase.objects.get()

    page = words(signed_in(world.alice).get(url(Run, "change", run.pk)))

    assert f"Blocked by Required information missing {case.item.ref} Who can unblock: Olga" in page
    assert f"Olga resolves exception {case.item.ref}" in page
    assert "Amount missing" in page
    assert "Amount : is missing" in page.replace("Amount is missing", "Amount : is missing")


def test_a_run_that_waits_is_named_by_what_is_known_of_it(world: World, crm: FakeCRM) -> None:
    """G: it was named by the number of its deal until somebody had decided."""
    del crm.facts["deal.amount"]
    known = run_about("901")
    crm.failures = [Problem("missing_context", "Nobody says whose it is.")]
    unclear = Problem("missing_context", "No company was found.")
    unclear.found = EnrichedFacts(
        {"deal.name": "Größe 🙂 “Zürich”", "company.name": "O'Brien's"},
    )
    nothing = run_about("902")
    crm.failures = [unclear]
    unknown = run_about("903")
    del crm.facts["deal.name"]
    nameless = run_about("904")

    for run in (known, nothing, unknown, nameless):
        run.item.refresh_from_db()
    assert [run.item.title for run in (known, nothing, unknown, nameless)] == [
        "Lead to brief: Spring campaign",
        "Lead to brief: deal 902",
        "Lead to brief: Größe 🙂 “Zürich”, O'Brien's",
        "Lead to brief: deal 904, ACM Ltd",
    ]
    fill_in(known.pk, {"deal.amount": "9000"}, by=by(world.olga), at=NOW, reason="By phone")
    work()
    known.item.refresh_from_db()
    assert (known.item.title, known.item.state) == ("Lead to brief: Spring campaign", "in_delivery")


def test_a_decision_is_made_again_on_demand(world: World, crm: FakeCRM) -> None:
    run, browser = run_about("901"), signed_in(world.audrey)

    assert "Recompute and compare" in words(browser.get(url(Run, "change", run.pk)))
    assert "identical, byte for byte" in words(
        browser.get(url(Run, "change", run.pk), {"again": "1"})
    )


def test_the_trace_can_be_taken_along_as_json(world: World, crm: FakeCRM) -> None:
    run = run_about("901")

    answer = signed_in(world.alice).get(url(Run, "json", run.pk))

    assert answer["Content-Disposition"] == f'attachment; filename="{run.item.ref}.json"'
    assert answer.json()["nothing_yet"] == [
        "Nothing was sent outside yet.",
        "No outcome is expected yet.",
        "Nobody has done anything by hand yet.",
    ]
    assert {entry["section"] for entry in answer.json()["entries"]} == {
        "event",
        "step",
        "enrichment",
        "decision",
        "request",
        "brief",
        "notification",
        "clock",
    }


def test_a_held_run_says_so(world: World, crm: FakeCRM) -> None:
    run = run_about("901")
    work_steps.hold([run.item_id], by=by(world.alice), at=NOW, reason="The budget is not settled.")

    page = words(signed_in(world.alice).get(url(Run, "change", run.pk)))

    assert (
        "Blocked by The run is on hold. The budget is not settled. Who can unblock: Someone who "
        "can resume work" in page
    )


@pytest.mark.requirement("M10", "R8")
def test_a_step_that_failed_says_why_and_when_it_is_tried_again(world: World, crm: FakeCRM) -> None:
    crm.failures = [Retry("429 Too Many Requests", after_s=30)]
    run = run_about("901")

    page = words(signed_in(world.alice).get(url(Run, "change", run.pk)))

    assert "Blocked by “Enrich” failed. The next attempt is at" in page
    assert "429 Too Many Requests Who can unblock: Nobody. No action is needed" in page
    assert "Next The system runs the step “Enrich”." in page
    assert "Capture: Done" in page
    assert "Owner Olga Backup Bob" in page


def test_a_list_of_ten_costs_what_a_list_of_two_costs(world: World, crm: FakeCRM) -> None:
    browser, counts = signed_in(world.alice), []
    del crm.facts["deal.amount"]
    for deals in (range(2), range(2, 10)):
        for deal in deals:
            run_about(str(deal))
        with CaptureQueriesContext(connection) as queries:
            page = browser.get(url(Run, "changelist"))
        counts.append(len(queries))

    assert len(page.context["cl"].result_list) == 10
    assert counts[0] == counts[1]
    assert counts[0] <= 18


def test_a_page_costs_the_same_however_many_events_joined(
    world: World, crm: FakeCRM, django_assert_max_num_queries
) -> None:
    run = run_about("901")
    browser = signed_in(world.alice)

    with django_assert_max_num_queries(45):
        browser.get(url(Run, "change", run.pk))


def test_runs_of_work_that_is_not_seen_are_not_there(world: World, crm: FakeCRM) -> None:
    hidden = others_secret(world).item.client
    assert hidden is not None
    crm.client = hidden
    run = run_about("901")
    heirs = HandOverDetails(crm.client.owner_id, world.olga.pk, None)
    work_steps.hand_over([run.item_id], by=by(world.olga), at=NOW, reason="x", details=heirs)
    browser = signed_in(world.alice)

    assert browser.get(url(Run, "change", run.pk)).status_code == 404
    assert browser.get(url(Run, "json", run.pk)).status_code == 404
    assert browser.post(url(Run, "step", run.pk, "cancel"), {"reason": "x"}).status_code in {
        403,
        404,
    }
    assert run.item.ref not in words(browser.get(url(Run, "changelist")))


@pytest.mark.parametrize("path", ["", "history/", "history/1/", "delete/"])
def test_nothing_is_posted_to_a_trace(world: World, crm: FakeCRM, path: str) -> None:
    run = run_about("901")
    base = url(Run, "change", run.pk).removesuffix("change/")

    assert (
        signed_in(world.olga)
        .post(base + (path or "change/"), {"post": "yes", "state": "complete"})
        .status_code
        == 403
    )
    assert Run.objects.get().state == Run.State.IN_DELIVERY


@pytest.mark.parametrize(
    ("who", "verb"), [("audrey", "cancel"), ("cora", "cancel"), ("alice", "close_unproven")]
)
def test_a_forged_step_without_the_permission_is_refused(
    world: World, crm: FakeCRM, who: str, verb: str
) -> None:
    run = run_about("901")

    answer = signed_in(getattr(world, who)).post(url(Run, "step", run.pk, verb), {"reason": "x"})

    assert answer.status_code in {403, 404}
    assert Run.objects.get().state == Run.State.IN_DELIVERY


def test_runs_are_called_off_together_with_a_result_for_each(world: World, crm: FakeCRM) -> None:
    runs, browser = [run_about("901"), run_about("902")], signed_in(world.olga)

    page = browser.post(
        f"{url(Run, 'changelist')}bulk/cancel/",
        {"ids": [run.pk for run in runs], "reason": "The client left"},
    )

    assert "Cancel: 2 done, 0 refused" in words(page)
    assert set(Run.objects.values_list("state", flat=True)) == {Run.State.CANCELLED}
