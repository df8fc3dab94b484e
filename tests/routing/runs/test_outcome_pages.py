"""Proof of a run on its page, and the button that checks it now."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone

from delivery.models import Request
from routing.models import Event, Outcome, Run
from routing.people.actors import Actor
from routing.runs.operations.outcomes import expect, look_at, probe_now, prove, waive
from routing.runs.trace import trace
from tests.desk import signed_in, url, words
from tests.journeys.crm import FakeCRM
from tests.routing.runs.stories import crm_of, make_flow, run_about
from tests.world import NOW, World, by

pytestmark = [
    pytest.mark.usefixtures("without_second_factor"),
    pytest.mark.requirement("M1", "M17", "R5"),
]


@pytest.fixture
def crm(world: World) -> Iterator[FakeCRM]:
    make_flow(world)
    with crm_of(world) as crm:
        yield crm


@pytest.fixture
def outcome(world: World, crm: FakeCRM) -> Outcome:
    """Proven, and watched: its next look is hours away."""
    run_about("901")
    item = Request.objects.get().item
    expect([item], Outcome.Kind.LIVE, by=Actor.system(), at=NOW)
    row = Outcome.objects.get()
    prove(row.pk, {"url": "https://acme.test/", "status": 200}, by=Actor.system(), at=NOW)
    look_at([item.pk], Outcome.Kind.LIVE, timezone.now() + timedelta(hours=6))
    return Outcome.objects.get()


def look(outcome: Outcome) -> str:
    return reverse("admin:routing_outcome_look", args=[outcome.item_id, outcome.pk])


def test_whoever_may_has_it_looked_at_now_and_earlier_looks_still_count(
    world: World, outcome: Outcome
) -> None:
    Outcome.objects.update(failures=1)

    at = timezone.now()

    [result] = probe_now([outcome.pk], by=by(world.alice), at=at)

    row = Outcome.objects.get()
    assert result.done
    assert (row.next_probe_at, row.failures, row.state) == (at, 1, Outcome.State.PROVEN)
    assert Event.objects.get(kind="routing.outcome.probe").actor == world.alice


def test_what_nobody_looks_at_any_more_is_refused(world: World, outcome: Outcome) -> None:
    Outcome.objects.update(next_probe_at=None)

    [over, unknown] = probe_now([outcome.pk, 0], by=by(world.olga), at=NOW)

    assert [result.refusals[0].code for result in (over, unknown)] == ["watched", "gone"]


def test_who_may_not_look_is_refused_and_sees_no_button(world: World, outcome: Outcome) -> None:
    with pytest.raises(PermissionDenied):
        probe_now([outcome.pk], by=by(world.quin), at=NOW)

    page = words(signed_in(world.quin).get(url(Run, "change", outcome.run_id)))
    assert signed_in(world.quin).post(look(outcome)).status_code == 403
    assert "Proof" in page
    assert "Check now" not in page


@pytest.mark.requirement("M10", "R8")
def test_the_button_has_it_looked_at_and_leads_back_to_the_run(
    world: World, outcome: Outcome
) -> None:
    browser = signed_in(world.alice)
    before = words(browser.get(url(Run, "change", outcome.run_id)))

    answer = browser.post(look(outcome), follow=True)

    assert "Live as approved Proven" in before
    assert "Check now" in before
    assert "The check runs within seconds" in words(answer)
    assert answer.redirect_chain[-1][0] == url(Run, "change", outcome.run_id)
    assert Outcome.objects.due(timezone.now()).exists()


def test_a_get_looks_at_nothing(world: World, outcome: Outcome) -> None:
    assert signed_in(world.alice).get(look(outcome)).status_code == 403
    assert not Outcome.objects.due(timezone.now()).exists()


def test_an_outcome_of_other_work_is_not_looked_at_by_this_address(
    world: World, outcome: Outcome
) -> None:
    assert outcome.run is not None
    wrong = reverse("admin:routing_outcome_look", args=[outcome.run.item_id, outcome.pk])

    assert signed_in(world.alice).post(wrong).status_code == 403


@pytest.mark.requirement("A4", "A5")
def test_a_trace_tells_what_was_expected_and_what_became_of_it(
    world: World, outcome: Outcome
) -> None:
    Outcome.objects.update(state=Outcome.State.EXPECTED)
    waive([outcome.pk], by=by(world.olga), at=NOW, reason="Behind a login.")
    assert outcome.run is not None

    told = [entry.data for entry in trace(outcome.run).entries if entry.section == "outcome"]

    assert [each["outcome"] for each in told] == ["expected", "proven", "waived"]
    assert told[1]["url"] == "https://acme.test/"
    assert told[-1]["why"] == "Behind a login."


def test_a_proof_is_gone_without_by_name_and_with_a_reason_at_the_desk(
    world: World, outcome: Outcome
) -> None:
    Outcome.objects.update(state=Outcome.State.EXPECTED)
    address = reverse("admin:routing_outcome_waive", args=[outcome.item_id, outcome.pk])
    lead = signed_in(world.olga)

    silent = lead.post(address, {"reason": " "})
    done = lead.post(address, {"reason": "Their firewall hides it."})
    again = lead.post(address, {"reason": "Once more."})

    assert "Enter a reason" in words(silent)
    assert (done.status_code, again.status_code) == (302, 409)
    row = Outcome.objects.get()
    assert (row.state, row.waived_by) == (Outcome.State.WAIVED, world.olga)


def test_who_may_not_go_without_a_proof_is_refused(world: World, outcome: Outcome) -> None:
    address = reverse("admin:routing_outcome_waive", args=[outcome.item_id, outcome.pk])

    assert signed_in(world.alice).post(address, {"reason": "Please."}).status_code == 403
    assert Outcome.objects.get().waived_by is None
