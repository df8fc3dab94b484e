"""Exceptions at the desk: mine first, settled by steps, or by filling in what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from delivery.models import Engagement
from routing.kernel.reasons import Reason
from routing.models import Enrichment, ExceptionCase, Run, WorkItem
from routing.runs.operations.raising import ExceptionFinding, raise_exception
from routing.runs.registry import Problem
from tests.delivery.requests.test_request_page import others_secret
from tests.desk import signed_in, url, words
from tests.journeys.crm import FakeCRM
from tests.routing.runs.stories import crm_of, make_flow, run_about, work
from tests.world import NOW, World, make_client

pytestmark = pytest.mark.usefixtures("without_second_factor")


@pytest.fixture
def crm(world: World) -> Iterator[FakeCRM]:
    make_flow(world)
    with crm_of(world) as crm:
        yield crm


@pytest.fixture
def case(world: World, crm: FakeCRM) -> Any:
    """A deal without an amount, and with an end that is no date."""
    del crm.facts["deal.amount"]
    crm.facts["deal.ends"] = "soon"
    run_about("901")
    found: Any = ExceptionCase.objects.select_related("item", "run__item").get()
    return found


@pytest.mark.requirement("E12", "L3", "R4")
def test_the_queue_shows_mine_with_what_is_wrong_and_by_when(world: World, case: Any) -> None:
    WorkItem.objects.filter(pk=case.item_id).update(created_at=NOW - timedelta(hours=3))

    mine = words(signed_in(world.olga).get(url(ExceptionCase, "changelist")))

    assert "My exceptions" in mine
    assert "3 hours ago" in mine
    assert "Required information missing" in mine
    assert f"Validate, {case.run.item.ref}" in mine
    assert "Amount, Ends" in mine
    assert case.item.ref not in words(signed_in(world.alice).get(url(ExceptionCase, "changelist")))
    assert case.item.ref in words(
        signed_in(world.alice).get(url(ExceptionCase, "changelist"), {"whose": "all"})
    )


@pytest.mark.requirement("O16", "Q13")
def test_the_page_says_what_is_wrong_and_asks_for_exactly_that(world: World, case: Any) -> None:
    page = signed_in(world.olga).get(url(ExceptionCase, "change", case.pk))

    assert "Amount is missing Ends not a date: soon" in words(page)
    assert list(page.context["form"].fields) == ["deal.amount", "deal.ends", "reason"]
    assert "Currently “soon”, from crm. This value is invalid." in words(page)
    assert page.context["panel"].first.step.verb == "claim"
    assert (
        "Resolve The step would stop again. Fill in the missing facts first. Amount, Ends"
        in words(page)
    )


def test_f8_an_amount_that_is_no_number_is_shown_as_it_was_and_corrected(
    world: World, crm: FakeCRM
) -> None:
    sold = Engagement.objects.create(client=world.acme, name="Site")
    del crm.facts["deal.amount"]
    crm.unread = {"deal.amount!": "HubSpot deal 901, amount: not a number: 1.234,50"}
    crm.engagement_id = sold.pk
    run_about("901")
    case, browser = ExceptionCase.objects.get(), signed_in(world.olga)

    queue = words(browser.get(url(ExceptionCase, "changelist")))
    page = words(browser.get(url(ExceptionCase, "change", case.pk)))
    browser.post(
        url(ExceptionCase, "fill_in", case.pk), {"deal.amount": "1234.50", "reason": "The offer"}
    )
    work()

    for shown in (queue, page):
        assert "not a number: 1.234,50" in shown
    assert Run.objects.get().state == Run.State.IN_DELIVERY
    sold.refresh_from_db()
    assert sold.amount == Decimal("1234.50")
    assert sold.history.latest("history_id").history_user == world.olga


def test_f6_answers_that_no_field_reads_are_shown_apart(world: World, case: Any) -> None:
    facts = {**Enrichment.objects.get().facts, "Prénom": "Ann", "What do you\u00a0need?": "A site"}
    Enrichment.objects.update(facts=facts)

    page = words(signed_in(world.olga).get(url(ExceptionCase, "change", case.pk)))

    assert "Answers that the flow does not read Prénom Ann" in page
    assert "A site" in page


def test_filling_in_a_part_is_kept_and_the_rest_still_asked(world: World, case: Any) -> None:
    browser = signed_in(world.olga)

    page = browser.post(
        url(ExceptionCase, "fill_in", case.pk),
        {"deal.amount": "9000", "reason": "Asked by phone"},
        follow=True,
    )

    assert "Saved. Still missing: Ends." in words(page)
    assert list(page.context["form"].fields) == ["deal.ends", "reason"]
    assert Enrichment.objects.latest("pk").facts["deal.amount"] == "9000"


@pytest.mark.requirement("O4")
def test_filling_in_everything_resolves_it_and_the_run_goes_on(world: World, case: Any) -> None:
    sent = {"deal.amount": "9000", "deal.ends": "2027-03-31", "reason": "Asked by phone"}

    page = signed_in(world.olga).post(url(ExceptionCase, "fill_in", case.pk), sent, follow=True)
    work()

    assert f"The exception is resolved and {case.run.item.ref} continues at “Validate”." in words(
        page
    )
    assert ExceptionCase.objects.get().state == ExceptionCase.State.RESOLVED
    assert Run.objects.get().state == Run.State.IN_DELIVERY
    assert "filled in by Olga" in words(signed_in(world.olga).get(url(Run, "change", case.run_id)))


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"deal.amount": "a lot"}, "Enter a number such as 12000 or 12000.50."),
        ({"deal.ends": "soon"}, "Enter a date such as 2027-03-31."),
        ({}, "Fill in at least one field."),
        ({"deal.amount": "NaN"}, "Enter a number such as 12000 or 12000.50."),
    ],
)
def test_what_does_not_fit_is_said_beside_its_field_and_nothing_is_kept(
    world: World, case: Any, sent: dict[str, str], said: str
) -> None:
    page = signed_in(world.olga).post(
        url(ExceptionCase, "fill_in", case.pk), {**sent, "reason": "Because"}
    )

    assert said in words(page)
    assert "Because" in page.content.decode()
    assert Enrichment.objects.count() == 1


def test_somebody_else_may_add_what_they_know_and_hears_who_settles(
    world: World, case: Any
) -> None:
    sent = {"deal.amount": "9000", "deal.ends": "2027-03-31", "reason": "Met them"}

    page = signed_in(world.quin).post(url(ExceptionCase, "fill_in", case.pk), sent, follow=True)

    assert (
        "Saved, but the exception stays open: Someone else is responsible for this. Olga"
        in words(page)
    )
    assert ExceptionCase.objects.get().state == ExceptionCase.State.OPEN


def test_an_unclear_client_is_chosen(world: World, crm: FakeCRM) -> None:
    class Nobody:
        pk = None

    crm.client = Nobody()  # type: ignore[assignment]
    run_about("901")
    case = ExceptionCase.objects.get()
    browser = signed_in(world.olga)

    refused = browser.post(url(ExceptionCase, "step", case.pk, "resolve"), {"reason": "It is fine"})
    browser.post(
        url(ExceptionCase, "fill_in", case.pk), {"client": world.acme.pk, "reason": "They called"}
    )
    work()

    assert (case.reason, case.step, refused.status_code) == ("missing_context", "validate", 409)
    assert Run.objects.get().item.client == world.acme
    assert ExceptionCase.objects.get().state == ExceptionCase.State.RESOLVED


def test_a_duplicate_names_the_clients_and_choosing_one_settles_it(
    world: World, crm: FakeCRM
) -> None:
    other = make_client("ACX", world.team, world.alice, world.bob)
    crm.failures = [
        Problem(
            "duplicate", "Two clients fit.", {"by": "domain", "clients": [world.acme.pk, other.pk]}
        )
    ]
    run_about("901")
    case = ExceptionCase.objects.get()

    browser = signed_in(world.olga)

    page = browser.get(url(ExceptionCase, "change", case.pk))
    browser.post(
        url(ExceptionCase, "fill_in", case.pk), {"client": other.pk, "reason": "They called"}
    )
    work()

    assert "Message Two clients fit. Matched by domain Matching clients ACM Ltd, ACX Ltd" in words(
        page
    )
    assert [name for _, name in page.context["form"].fields["client"].choices] == [
        "Choose",
        "ACM Ltd",
        "ACX Ltd",
    ]
    assert ExceptionCase.objects.get().state == ExceptionCase.State.RESOLVED
    assert (Run.objects.get().state, Run.objects.get().item.client) == (
        Run.State.IN_DELIVERY,
        other,
    )


@pytest.mark.parametrize("who", ["audrey", "ivan", "cora"])
def test_those_who_may_not_fill_in_cannot_forge_it(world: World, case: Any, who: str) -> None:
    browser = signed_in(getattr(world, who))

    answer = browser.post(
        url(ExceptionCase, "fill_in", case.pk),
        {"deal.amount": "1", "deal.ends": "2027-01-01", "reason": "x"},
    )

    assert answer.status_code in {403, 404}
    assert Enrichment.objects.count() == 1


@pytest.mark.parametrize(
    ("who", "verb"),
    [("audrey", "claim"), ("audrey", "resolve"), ("audrey", "dismiss"), ("quin", "claim")],
)
def test_forged_steps_are_refused(world: World, case: Any, who: str, verb: str) -> None:
    answer = signed_in(getattr(world, who)).post(
        url(ExceptionCase, "step", case.pk, verb), {"reason": "x"}
    )

    assert answer.status_code in {403, 409}
    assert ExceptionCase.objects.get().state == ExceptionCase.State.OPEN


def test_claiming_and_then_nothing_left_to_claim(world: World, case: Any) -> None:
    browser = signed_in(world.olga)

    browser.post(url(ExceptionCase, "step", case.pk, "claim"))

    assert ExceptionCase.objects.get().state == ExceptionCase.State.CLAIMED
    assert browser.post(url(ExceptionCase, "step", case.pk, "claim")).status_code == 409


@pytest.mark.parametrize("path", ["change/", "history/", "history/1/", "delete/"])
def test_nothing_else_can_be_posted(world: World, case: Any, path: str) -> None:
    base = url(ExceptionCase, "change", case.pk).removesuffix("change/")

    assert (
        signed_in(world.olga).post(base + path, {"post": "yes", "state": "resolved"}).status_code
        == 403
    )


def test_exceptions_of_clients_that_are_not_seen_are_not_there(world: World, crm: FakeCRM) -> None:
    hidden = others_secret(world).item.client
    assert hidden is not None
    crm.client = hidden
    run = run_about("901")
    crm.failures = [Problem("duplicate", "Two clients fit.", {"clients": [crm.client.pk]})]
    run_about("902")
    case = ExceptionCase.objects.get()

    page = words(signed_in(world.bob).get(url(ExceptionCase, "change", case.pk)))

    assert run.item.client_id is None or "Secret" not in page
    assert "1 you cannot see" in page
    assert signed_in(world.cora).get(url(ExceptionCase, "change", case.pk)).status_code == 404


def test_the_list_costs_the_same_however_long(world: World, crm: FakeCRM) -> None:
    browser, counts = signed_in(world.olga), []
    del crm.facts["deal.amount"]
    for deals in (range(2), range(2, 10)):
        for deal in deals:
            run_about(str(deal))
        with CaptureQueriesContext(connection) as queries:
            page = browser.get(url(ExceptionCase, "changelist"))
        counts.append(len(queries))

    assert len(page.context["cl"].result_list) == 10
    assert counts[0] == counts[1]
    assert counts[0] <= 18


def test_an_exception_that_blocks_nothing_does_not_promise_that_a_step_runs_again(
    world: World, crm: FakeCRM
) -> None:
    run_about("901")
    finding = ExceptionFinding(Reason.FAILED_DELIVERY, run=Run.objects.get())
    found = raise_exception(finding, at=NOW)
    assert found is not None

    page = words(signed_in(world.olga).get(url(ExceptionCase, "change", found.pk)))

    assert "No step of the run waits for it." in page
    assert "runs again" not in page
