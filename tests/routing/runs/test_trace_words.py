"""What a trace says: acts with their reasons, changes alone, names, and nothing as today's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from delivery.models import Answer, Request
from delivery.requests.details import EditRequestDetails
from delivery.requests.operations import requests
from routing.desk.timeline import timeline_of
from routing.kernel.events import Event
from routing.models import Enrichment, ExceptionCase, Notification, Run, SLAPolicy
from routing.runs.choice_words import candidate_words
from routing.runs.operations import runs
from routing.runs.operations.exceptions import resolve
from routing.runs.operations.process import process
from routing.runs.operations.runs import fill_in
from routing.runs.registry import Problem, TraceEntry
from routing.runs.trace import trace
from routing.sla.operations.clocks import start
from routing.sla.operations.escalate import escalate
from routing.work.details import HandOverDetails
from routing.work.display import exact
from routing.work.items import PlainSaveRefused
from routing.work.notes import Note
from routing.work.operations import items, notes
from tests.clockwork import at, clock_of
from tests.delivery.making import (
    done,
    make_deliverables,
    question,
    record_request,
    say,
    with_the_client,
)
from tests.desk import signed_in, url, words
from tests.journeys.crm import FakeCRM
from tests.routing.runs.stories import crm_of, make_flow, run_about, work
from tests.world import MONDAY, NOW, World, by, make_client, make_request

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("without_second_factor"),
    pytest.mark.in_zone("UTC"),
]


@pytest.fixture
def crm(world: World) -> Iterator[FakeCRM]:
    make_flow(world)
    with crm_of(world) as crm:
        yield crm


def of(run: Run, section: str) -> list[TraceEntry]:
    run = Run.objects.select_related("item", "flow", "version").get(pk=run.pk)
    return [entry for entry in trace(run).entries if entry.section == section]


@pytest.mark.requirement("A1")
def test_every_act_of_a_person_is_told_with_the_reason(world: World, crm: FakeCRM) -> None:
    """C3: held, reassigned, noted, filled in, resolved and ended, by whom, when and why."""
    crm.failures = [Problem("duplicate", "Two clients fit.", {"clients": [world.acme.pk]})]
    run = run_about("901")
    case = ExceptionCase.objects.get()
    pair = HandOverDetails(world.bob.pk, world.alice.pk, None)
    olga = by(world.olga)
    done(items.hold([run.item_id], by=olga, at=NOW, reason="The budget is not settled."))
    done(items.resume([run.item_id], by=olga, at=NOW + timedelta(minutes=1), reason="It is."))
    later = NOW + timedelta(minutes=2)
    done(items.hand_over([run.item_id], by=olga, at=later, reason="Alice is away.", details=pair))
    notes.add(run.item_id, body="Called.", audience=Note.Audience.INTERNAL, by=olga, at=later)
    done(resolve([case.pk], by=olga, at=later, reason="Merged in the CRM"))
    done(runs.close_unproven([run.pk], by=olga, at=later, reason="Done by hand."))

    told = {entry.title: entry.data for entry in of(run, "act")}

    ref = run.item.ref
    assert told[f"{ref}: Olga put the work on hold"]["reason"] == "The budget is not settled."
    assert told[f"{ref}: Olga resumed the work"]["reason"] == "It is."
    assert told[f"{ref}: Olga reassigned the work"]["reason"] == "Alice is away."
    assert f"{ref}: Olga wrote a note" in told
    ended = f"{case.item.ref}, Several clients match (Resolved): Olga resolved the exception"
    assert told[ended]["reason"] == "Merged in the CRM"
    closed = told[f"{ref}: Olga closed the run without proof"]
    assert (closed["reason"], closed["way"].endswith("Closed unproven")) == ("Done by hand.", True)


@pytest.mark.requirement("A1", "O16", "R11")
def test_everybody_who_was_notified_of_a_step_stands_under_its_time(
    world: World, crm: FakeCRM
) -> None:
    """C3: who was told, when, is recomputed from the trace alone."""
    run = run_about("901")
    request = Request.objects.get(item__run=run)
    later = NOW + timedelta(minutes=5)
    pair = HandOverDetails(world.bob.pk, world.alice.pk, None)
    why = "Alice has too much."
    done(items.hand_over([request.item_id], by=by(world.olga), at=later, reason=why, details=pair))

    found = [entry for entry in of(run, "notification") if entry.at == later]

    ref = request.item.ref
    assert {entry.title for entry in found} == {
        f"{ref}: notified Bob: You are now the owner",
        f"{ref}: notified Alice: You are now the backup",
    }
    rows = Notification.objects.filter(item__run=run)
    told = {
        (entry.at, entry.data["work"], who, entry.data["message"])
        for entry in of(run, "notification")
        for who in entry.data["notified"]
    }
    assert told == {
        (row.at, row.item.ref, str(row.recipient), row.get_words_display()) for row in rows
    }
    Notification.objects.filter(item=request.item, recipient=world.bob).update(sent_at=later)
    page = words(signed_in(world.olga).get(url(Run, "change", run.pk)))
    assert f"{ref}: notified Bob: You are now the owner" in page
    assert f"E-mailed: Bob: {exact(later)}" in page


def test_the_source_of_what_a_person_filled_in_is_kept_and_told(world: World, crm: FakeCRM) -> None:
    """C3: the reason was asked for and stored nowhere."""
    del crm.facts["deal.amount"]
    run = run_about("901")
    reason = "Asked by phone"
    fill_in(run.pk, {"deal.amount": "9000"}, by=by(world.olga), at=NOW, reason=reason)

    first, second = of(run, "enrichment")

    assert Enrichment.objects.latest("pk").reason == "Asked by phone"
    assert (second.data["facts"], second.data["was"]) == (
        {"deal.amount": "9000"},
        {"deal.amount": None},
    )
    source = second.data["sources"]["deal.amount"]
    assert source == "filled in by Olga because: Asked by phone"
    assert "deal.name" in first.data["facts"]
    page = words(signed_in(world.olga).get(url(Run, "change", run.pk)))
    assert "Facts that changed" in page
    assert "Amount nothing → 9,000 EUR filled in by Olga because: Asked by phone" in page


def test_the_client_is_set_by_the_person_who_chose_it(world: World, crm: FakeCRM) -> None:
    """C3: “Name the client” was credited to the system."""
    crm.failures = [Problem("duplicate", "Two clients fit.", {"clients": [world.acme.pk]})]
    run = run_about("901")
    fill_in(run.pk, {}, client_id=world.acme.pk, by=by(world.olga), at=NOW, reason="By phone")

    kinds = ["routing.run.identify", "routing.workitem.name_client"]
    found = Event.objects.filter(kind__in=kinds).values_list("kind", "actor__full_name")
    assert sorted(found) == [(kind, "Olga") for kind in kinds]


@pytest.mark.stands_at(MONDAY)
def test_an_escalation_that_was_not_sent_says_what_was_told_instead(
    world: World, policy: SLAPolicy
) -> None:
    """C4: levels that were caught up are not told as if they had happened then."""
    request = make_request(world.acme)
    start([request.item], policy, MONDAY, purposes={"triage"})
    escalate(at=at(24, 14))

    clock = clock_of(request)
    page = words(signed_in(world.olga).get(url(type(clock), "change", clock.pk)))

    assert (
        "Due soon not sent: a higher level was notified instead, Tue 24 Nov 2026, 14:00 UTC" in page
    )
    assert "Overdue: escalated to the backup notified Bob" in page


@pytest.mark.stands_at(MONDAY)
def test_a_breach_that_nobody_was_told_of_says_why(world: World, policy: SLAPolicy) -> None:
    """C4: breached clocks with no escalation said nothing."""
    request = make_request(world.acme)
    start([request.item], policy, MONDAY, purposes={"triage"})
    done(requests.triage([request.pk], by=by(world.alice), at=at(24, 14)))

    page = words(signed_in(world.olga).get(url(Request, "change", request.pk)))

    assert (
        "Overdue nobody was notified, because the work was done or over at Tue 24 Nov 2026, "
        "14:00 UTC, before anybody was" in page
    )


def test_a_value_without_a_source_of_its_own_names_its_event(world: World) -> None:
    """C7: “Where from” was “–” for every value of form runs."""
    make_flow(world)
    run = run_about("901")  # without a CRM that answers

    [first] = of(run, "enrichment")

    assert set(first.data["sources"]) >= set(first.data["facts"])
    assert set(first.data["sources"].values()) == {"the event “Deal created (HubSpot)”"}


def test_somebody_who_takes_it_although_a_rule_is_against_says_so(
    world: World, crm: FakeCRM
) -> None:
    """C7: the receipt said “chosen” and “ruled out: not in the team” of one person."""
    other = make_client("BRW", world.team, world.olga, world.bob)
    crm.client = other
    crm.facts["deal.amount"] = "99000"
    run = run_about("901")
    decision = run.decisions.get()

    [owner, backup, *_others] = candidate_words(decision)

    assert (owner.role, backup.role) == ("owner", "backup")
    assert "takes it although not in the team" in owner.why + backup.why
    page = words(signed_in(world.olga).get(url(Run, "change", run.pk)))
    assert "takes it although not in the team" in page
    assert "Lead to brief v1, team High value" in page


def test_nothing_is_told_of_a_decision_without_what_rules_cannot_read(
    world: World, crm: FakeCRM
) -> None:
    """C12: contact fields are left out of a decision's facts on purpose, and that is said."""
    run = run_about("901")

    page = words(signed_in(world.olga).get(url(Run, "change", run.pk)))

    assert "Rules cannot read these facts, because they identify a person: Contact" in page
    with pytest.raises(PlainSaveRefused, match=r"routing\.work\.creation\.create"):
        run.save()


def test_lines_of_the_past_do_not_show_todays_state_and_say_names(world: World) -> None:
    """C8: raw dicts, “contact: 13”, and today's state in lines of the past."""
    make_flow(world)
    with crm_of(world):
        run = run_about("901")
    [page] = make_deliverables(world)
    type(page.item).objects.filter(pk__in=[page.item_id]).update(run=run)
    with_the_client(world, page)
    asked = question(page)
    type(page.item).objects.filter(pk=asked.item_id).update(run=run)
    say(page, Answer.Word.APPROVE)

    shown = words(signed_in(world.olga).get(url(Run, "change", run.pk)))
    out = StringIO()
    call_command("trace", run.item.ref, stdout=out)

    assert "{'" not in shown
    assert "Contact: Carla Client" in shown
    assert "Owner now: Alice" in shown
    assert "state now: " in out.getvalue()
    assert "Nothing was sent outside yet." in shown


def test_changes_stand_under_their_own_event(world: World) -> None:
    """C6: two events with the same actor and instant."""
    made = record_request(world, title="Posters", details="Six", at=NOW)
    edited = EditRequestDetails(title="Twelve posters", details="Twelve")
    done(requests.edit([made.pk], by=by(world.alice), at=NOW, details=edited))
    done(requests.triage([made.pk], by=by(world.alice), at=NOW))
    row = Request.objects.select_related("item").get(pk=made.pk)

    entries = {str(entry.what): entry for entry in timeline_of(row)}

    def changed(what: str) -> dict[str, Any]:
        return {each.label: (each.before, each.after) for each in entries[what].changes}

    assert changed("Alice created the request") == {}
    assert changed("Alice edited the request") == {
        "Title": ("Posters", "Twelve posters"),
        "Description": ("Six", "Twelve"),
    }
    assert changed("Alice triaged the request") == {}


def test_changes_of_a_run_that_is_routed_in_one_go_stand_under_their_steps(
    world: World, crm: FakeCRM
) -> None:
    """C6: receiving, recognising and routing at one instant."""
    run = run_about("901")
    work(NOW)
    process(at=NOW)
    row = Run.objects.select_related("item").get(pk=run.pk)

    by_event = {str(entry.what): entry for entry in timeline_of(row)}

    labels = {what: {change.label for change in entry.changes} for what, entry in by_event.items()}
    assert labels["Throughline created the run"] == set()
    assert "Client" in labels["Throughline set the client"]
    assert {"Title", "Owner", "Team"} <= labels["Throughline routed the run"]
    assert labels["Throughline started enriching the run"] == set()
