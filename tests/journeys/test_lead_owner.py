"""The starter Lead to brief: facts of the CRM, its owner among them, decide who owns the work."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from delivery.models import Brief, Request
from routing.flows.operations import publish_shipped
from routing.flows.starters import make_draft, starter_named
from routing.kernel.roles import AM
from routing.models import Absence, Decision, FlowVersion, Run, Team, User
from routing.people.actors import Actor
from routing.runs.operations.capture import capture
from routing.runs.questions.ask import ask
from routing.runs.questions.asked import AskedWork
from routing.runs.recompute import recompute_decision
from routing.sla.operations.calendars import ensure_defaults
from tests.delivery.flows.test_starters import answers
from tests.desk import signed_in, url, words
from tests.journeys.crm import FACTS, FakeCRM, answering
from tests.journeys.test_lead_to_brief import signals, work
from tests.world import NOW, World, by, make_user

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("without_second_factor"),
    pytest.mark.requirement("U1"),
]
LEAD = {"company.lifecycle": "opportunity", "company.territory": "GB", "company.size": 45}


@pytest.fixture
def nora(world: World) -> User:
    """An account manager of another team, who owns the deal in the CRM."""
    south = Team.objects.create(name="South", lead=world.bob)
    return make_user("Nora", AM, team=south)


@pytest.fixture
def starter(world: World) -> FlowVersion:
    ensure_defaults(at=NOW)
    found = starter_named("lead-to-brief")
    assert found is not None
    draft = make_draft(found, answers(world, found), by=by(world.olga), at=NOW)
    return publish_shipped(draft, by=by(world.olga), at=NOW, reason="For the test.")


@pytest.fixture
def crm(world: World, starter: FlowVersion) -> Iterator[FakeCRM]:
    with answering(FakeCRM(world.acme, {**FACTS, **LEAD})) as crm:
        yield crm


def decided(crm: FakeCRM, **facts: Any) -> Decision:
    crm.facts |= {name.replace("_", ".", 1): value for name, value in facts.items()}
    capture(signals(), by=Actor.system(), at=NOW)
    work()
    decision = Decision.objects.get()
    assert recompute_decision(decision).same
    return decision


def said(decision: Decision) -> str:
    item = AskedWork.items().get(pk=decision.run.item_id)
    found = {each.key: each for each in ask(item, at=NOW)}
    return found["candidates"].answer


def test_the_owner_in_the_crm_owns_the_work_and_the_decision_says_why(
    world: World, crm: FakeCRM, nora: User
) -> None:
    decision = decided(crm, deal_owner=nora.email.upper())

    assert (decision.rule_name, decision.owner) == ("Everything else", nora)
    assert Request.objects.get().item.owner == nora
    assert "Nora was chosen as owner: owner in the CRM, takes it although not in the team" in said(
        decision
    )
    assert nora.email not in decision.asked.lower()  # decisions name nobody's address
    assert "opportunity" in Brief.objects.get().body
    run = Run.objects.get()
    page = words(signed_in(world.olga).get(url(Run, "change", run.pk)))
    assert "Lifecycle stage of the company" in page
    assert "owner in the CRM" in page


def test_a_customer_goes_to_the_owner_of_its_account(
    world: World, crm: FakeCRM, nora: User
) -> None:
    decision = decided(crm, deal_owner=nora.email, contact_lifecycle="customer")

    assert (decision.rule_name, decision.owner) == ("Already a customer", world.alice)
    assert "owner in the CRM, but the owner of the account comes first" in said(decision)


def test_an_owner_in_the_crm_who_is_away_is_passed_over_and_it_is_said(
    world: World, crm: FakeCRM, nora: User
) -> None:
    day = timedelta(days=1)
    Absence.objects.create(user=nora, starts_at=NOW - day, ends_at=NOW + day)

    decision = decided(crm, deal_owner=nora.email)

    assert decision.owner in {world.alice, world.bob}
    assert "Nora was not chosen: owner in the CRM, but not in the team, absent" in said(decision)


def test_an_owner_in_the_crm_without_an_account_here_is_said(world: World, crm: FakeCRM) -> None:
    decision = decided(crm, deal_owner="someone@else.test")

    assert decision.owner in {world.alice, world.bob}
    assert "Nobody here has the e-mail address of the owner in the CRM" in said(decision)


@pytest.mark.parametrize(
    ("facts", "rule"),
    [
        ({"company_size": 120}, "Good fit"),
        ({"company_size": 120, "company_lifecycle": "subscriber"}, "Everything else"),
        ({"deal_amount": "60000"}, "High value"),
    ],
)
def test_rules_say_what_fits(crm: FakeCRM, facts: dict[str, Any], rule: str) -> None:
    assert decided(crm, **facts).rule_name == rule
