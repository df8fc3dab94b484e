"""An agency on its own servers, without the demo: what its clients ask for finds a flow."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command
from pytest_django import Settings

from delivery.flows import defaults
from delivery.flows.shipped import ensure_lead_flow, ensure_request_flows
from delivery.models import Check, Request
from routing.flows.operations import begin
from routing.kernel.roles import AM
from routing.models import Agency, Flow, FlowVersion, SLAPolicy, Team, User
from routing.people.saving import save_with_reason
from tests.delivery.portal.test_new import FORM, filled, work
from tests.desk import signed_in, url, words
from tests.portal import REQUESTER, browser_of, invited
from tests.world import NOW, World, by, make_user

FLOWS = {"client-request", "client-change", "recorded-request"}


@pytest.fixture(autouse=True)
def _without_second_factor(settings: Settings) -> None:
    settings.EMBEDDED = True


def live() -> dict[str, FlowVersion]:
    return {
        version.flow.slug: version for version in FlowVersion.objects.live().select_related("flow")
    }


def name_agency(who: User, owner: User, backup: User, team: Team) -> None:
    sent = {"name": "Ours", "team": team.pk, "owner": owner.pk, "backup": backup.pk}
    assert signed_in(who).post(url(Agency, "add"), sent).status_code == 302


def test_naming_the_agency_at_the_desk_gives_it_all_it_starts_with(db: None) -> None:
    first, second = make_user("First", is_superuser=True), make_user("Second", AM)
    team = Team.objects.create(name="Everybody", lead=first)

    name_agency(first, first, second, team)

    assert (Agency.objects.get().pk, Agency.objects.get().history.get().history_user) == (1, first)
    assert {version.flow.owner for version in live().values()} == {first}
    assert {version.flow.backup for version in live().values()} == {second}
    assert {version.rules.get().team for version in live().values()} == {team}
    assert live().keys() == FLOWS
    assert SLAPolicy.objects.filter(slug="standard").exists()
    assert Check.objects.exists()


def test_a_client_can_then_ask(world: World) -> None:
    Agency.objects.all().delete()
    name_agency(world.olga, world.olga, world.bob, world.team)
    contact = invited(world, "Carla", (world.acme, REQUESTER))

    browser_of(contact).post(FORM, filled())
    work()

    assert Request.objects.get().item.owner == world.alice


def test_there_is_one_agency(world: World) -> None:
    assert signed_in(world.olga).get(url(Agency, "add")).status_code == 403
    assert signed_in(world.alice).get(url(Agency, "add")).status_code == 403


def test_again_changes_nothing(world: World) -> None:
    for _ in range(3):
        defaults.ensure(at=NOW)

    assert live().keys() == FLOWS
    assert {version.number for version in live().values()} == {1}


def test_without_an_agency_nothing_is_published(world: World) -> None:
    Agency.objects.all().delete()

    assert ensure_request_flows(at=NOW) == ()
    assert ensure_lead_flow(at=NOW) is None
    assert not Flow.objects.exists()


def test_a_draft_is_left_to_whoever_writes_it(world: World) -> None:
    flow = Flow(slug="client-request", name="Ours", owner=world.olga, backup=world.bob)
    save_with_reason(flow, by=by(world.olga), at=NOW)
    begin(flow, by=by(world.olga), at=NOW, reason="")

    defaults.ensure(at=NOW)

    assert live().keys() == FLOWS - {"client-request"}


def test_a_flow_of_ones_own_that_takes_forms_is_enough(world: World) -> None:
    defaults.ensure(at=NOW)
    Flow.objects.filter(slug="client-request").update(slug="what-clients-want")

    defaults.ensure(at=NOW)

    assert live().keys() == FLOWS - {"client-request"} | {"what-clients-want"}


@pytest.mark.django_db(databases=["default", "owner"], transaction=True)
def test_preparing_says_what_is_missing_and_makes_the_rest() -> None:
    said = StringIO()

    call_command("prepare", in_image=True, stdout=said)

    assert "There is no agency yet" in said.getvalue()
    assert SLAPolicy.objects.exists()
    assert not Flow.objects.exists()


def test_the_empty_page_of_the_agency_says_what_to_do(world: World) -> None:
    Agency.objects.all().delete()

    assert "Work can then come in." in words(signed_in(world.olga).get(url(Agency, "changelist")))
