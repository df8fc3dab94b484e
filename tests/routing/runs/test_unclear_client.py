"""An exception about an unclear client is settled in place, with what is known beside it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from routing.kernel.facts import EnrichedFacts
from routing.models import Client, ClientDomain, ExceptionCase, FlowVersion, Membership, Run
from routing.runs.registry import Problem
from tests.desk import filled, signed_in, url, words
from tests.journeys.crm import FACTS, FakeCRM
from tests.routing.runs.stories import crm_of, make_flow, run_about, work
from tests.world import World, make_client, make_contact

pytestmark = [
    pytest.mark.usefixtures("without_second_factor"),
    pytest.mark.requirement("E4", "E10", "O16"),
]


@pytest.fixture
def flow(world: World) -> FlowVersion:
    return make_flow(world)


@pytest.fixture
def case(world: World, flow: FlowVersion) -> Iterator[ExceptionCase]:
    """Nobody says whose deal it is, though company, deal and address were read."""
    problem = Problem("missing_context", "No company was found.")
    problem.found = EnrichedFacts(
        {**FACTS, "company.name": "Ácm Limited", "company.domain": "acm-new.test"},
        sources=dict.fromkeys(FACTS, "crm"),
    )
    with crm_of(world) as crm:
        crm.failures = [problem]
        run_about("901")
        yield ExceptionCase.objects.get()


def test_what_was_read_is_shown_with_its_source_e4(world: World, case: ExceptionCase) -> None:
    page = words(signed_in(world.olga).get(url(ExceptionCase, "change", case.pk)))

    for shown in ("Known facts", "Ácm Limited crm", "Spring campaign", "carla@acme.test"):
        assert shown in page


def test_near_matches_are_named_with_their_reason_e4(world: World, case: ExceptionCase) -> None:
    by_mail = make_client("ZZA", world.team, world.alice, world.bob, name="Elsewhere")
    Membership.objects.create(contact=make_contact(), client=by_mail)
    by_domain = make_client("ZZB", world.team, world.alice, world.bob, name="Other name")
    ClientDomain.objects.create(client=by_domain, domain="acm-new.test")
    alike = make_client("ZZC", world.team, world.alice, world.bob, name="Acm Limited & Sons")

    page = signed_in(world.olga).get(url(ExceptionCase, "change", case.pk))

    near = {match.client: match.why for match in page.context["near"]}
    assert near[by_mail] == "same e-mail address"
    assert near[by_domain] == "same domain"
    assert near[alike] == "similar name"
    chosen = signed_in(world.olga).get(
        next(match.url for match in page.context["near"] if match.client == by_domain)
    )
    assert str(chosen.context["form"]["client"].value()) == str(by_domain.pk)


def test_a_restricted_client_is_no_near_match_for_others_e4(
    world: World, case: ExceptionCase
) -> None:
    other = type(world.team).objects.create(name="Far", lead=world.olga)
    hidden = make_client("ZZD", other, world.olga, world.bob, name="Ácm Limited", restricted=True)

    page = signed_in(world.alice).get(url(ExceptionCase, "change", case.pk))

    if page.status_code == 200:
        assert hidden not in [match.client for match in page.context["near"]]


def test_a_new_client_is_made_from_what_is_known_and_settles_it_e4(
    world: World, case: ExceptionCase
) -> None:
    browser = signed_in(world.olga)
    link = browser.get(url(ExceptionCase, "change", case.pk)).context["new_client"]

    form = browser.get(link)
    made: Any = browser.post(link, filled(form))
    new = Client.objects.get(name="Ácm Limited")
    back = browser.get(made["Location"].split("#")[0])
    browser.post(
        url(ExceptionCase, "fill_in", case.pk),
        {"client": back.context["form"]["client"].value(), "reason": "A new client"},
    )
    work()

    assert made["Location"].startswith(url(ExceptionCase, "change", case.pk))
    assert (new.code, new.owner) == ("ACML", world.olga)
    assert new.domains.get().domain == "acm-new.test"
    assert Run.objects.get().item.client == new
    assert ExceptionCase.objects.get().state == ExceptionCase.State.RESOLVED


def test_those_who_may_not_add_clients_are_not_offered_it_e4(
    world: World, case: ExceptionCase
) -> None:
    page = signed_in(world.quin).get(url(ExceptionCase, "change", case.pk))

    assert page.context["new_client"] == ""


def test_filled_in_facts_outrank_what_is_kept_after_a_problem_e4(
    world: World, flow: FlowVersion
) -> None:
    with crm_of(world) as crm:
        assert isinstance(crm, FakeCRM)
        problem = Problem("missing_context", "No company was found.")
        problem.found = EnrichedFacts(dict(FACTS), sources=dict.fromkeys(FACTS, "crm"))
        crm.failures = [problem]
        run = run_about("901")
        newest = run.enrichments.order_by("-pk").first()

    assert newest is not None
    assert newest.client_id is None
    assert newest.facts["company.name"] == FACTS["company.name"]
