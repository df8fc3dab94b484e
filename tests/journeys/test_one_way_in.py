"""B1: a request by phone, by e-mail or in a meeting comes in as everything else does."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from pytest_django import Settings

from delivery.briefs.operations import briefs
from delivery.models import Approval, Deliverable, Request
from delivery.progress.operations.recording import (
    HandMade,
    NewRequest,
    NotRecorded,
    RecordedRequest,
    record,
)
from delivery.requests.operations import requests
from routing.models import Event, ExceptionCase, File, Note, Run, WorkItem
from routing.runs.operations import exceptions
from routing.runs.operations.advance import advance
from routing.runs.operations.raising import ExceptionFinding, raise_exception
from routing.runs.recompute import recompute_decision
from tests.delivery.making import done, hand_in, make_brief, make_engagement, take_requests
from tests.desk import signed_in, url, words
from tests.files import EXE, pdf
from tests.storages import use
from tests.world import NOW, World, by, make_contact

pytestmark = [
    pytest.mark.usefixtures("without_second_factor"),
    pytest.mark.requirement("T2", "E16"),
]


@pytest.fixture(autouse=True)
def agency(world: World, settings: Settings, tmp_path: Path) -> None:
    use(settings, "routing.kernel.storage.PrivateStorage", tmp_path)
    take_requests(NOW)


def said(*command: str) -> str:
    out = StringIO()
    call_command(*command, stdout=out)
    return out.getvalue()


def traced(ref: str) -> dict[str, dict[str, object]]:
    """The first entry of each section of a trace."""
    found: dict[str, dict[str, object]] = {}
    for entry in json.loads(said("trace", ref, "--json"))["entries"]:
        found.setdefault(entry["section"], entry)
    return found


def called(world: World, **fields: object) -> RecordedRequest:
    contact = make_contact()
    contact.memberships.create(client=world.acme)
    call = NewRequest(
        client=world.acme,
        title="A size guide",
        channel=Request.Channel.PHONE,
        contact=contact,
        evidence="Carla rang: too many boots come back.",
        uploads=[SimpleUploadedFile("call.pdf", pdf())],
        **fields,  # type: ignore[arg-type]
    )
    return record(call, by=by(world.bob), at=NOW)


@pytest.mark.requirement("T1", "T12")
def test_a_call_is_an_event_a_run_a_decision_and_a_request(world: World) -> None:
    made = called(world)

    request = made.request
    assert request is not None
    event = Event.objects.get(parts__run=made.run, parts__part="started")
    assert (event.kind, event.source, event.actor, event.at) == (
        "desk.request",
        "desk",
        world.bob,
        NOW,
    )
    assert event.payload.body["channel"] == "phone"
    assert (made.run.state, request.item.run_id, request.item.parent_id) == (
        "in_delivery",
        made.run.pk,
        made.run.item_id,
    )
    assert (request.channel, str(request.contact), request.item.owner) == (
        "phone",
        "Carla Client",
        world.alice,
    )
    decision = made.run.decisions.get()
    assert decision.rule_name == "Every recorded request"
    assert recompute_decision(decision).same
    assert set(made.run.enrichments.get().sources.values()) == {"recorded by hand"}


def test_its_evidence_stands_beside_it_for_the_agency_alone(world: World) -> None:
    request = called(world).request

    note = Note.objects.get()
    assert request is not None
    assert (note.item_id, note.author, note.audience) == (
        request.item_id,
        world.bob,
        Note.Audience.INTERNAL,
    )
    assert note.body == (
        "Evidence of the request. Channel: Phone\n\nCarla rang: too many boots come back."
    )
    assert [file.name for file in note.files.all()] == ["call.pdf"]


def test_its_clients_words_are_in_no_record_that_is_never_rewritten(world: World) -> None:
    made = called(world, details="NewRequest me on 0171 123")

    decision = made.run.decisions.get()
    assert "0171 123" not in decision.asked + decision.answer
    assert "Carla" not in decision.asked + decision.answer


def test_its_trace_says_who_recorded_it_and_how_it_came(world: World) -> None:
    request = called(world).request
    assert request is not None

    found = traced(request.item.ref)

    event = found["event"]["data"]
    assert isinstance(event, dict)
    assert (event["channel"], event["recorded_by"]) == ("phone", "Bob")
    assert {"enrichment", "decision", "request", "clock"} <= set(found)
    assert "Every recorded request" in said("decide", request.item.ref, "--again")
    assert "First response" in said("explain_due", request.item.ref)


@pytest.mark.requirement("A3", "R3")
def test_a_person_may_choose_the_owner_and_says_why(world: World) -> None:
    made = called(world, chosen=HandMade(world.olga, world.bob, "Olga knows the boots."))

    request, decision = made.request, made.run.decisions.get()
    assert request is not None
    assert (request.item.owner, request.item.backup) == (world.olga, world.bob)
    assert recompute_decision(decision).same
    assert "boots" not in decision.asked + decision.answer
    because = "recorded by hand by Bob, who chose Olga and Bob because: Olga knows the boots."
    assert because in said("decide", request.item.ref, "--again")
    assert because in said("trace", request.item.ref)
    answers = said("trace", request.item.ref, "--questions")
    assert f"No rule decided: {because}" in answers
    assert "Bob recorded it by hand. Channel: Phone." in answers


@pytest.mark.parametrize(
    ("owner", "backup", "because", "field"),
    [
        ("olga", "bob", " ", "because"),
        ("olga", "olga", "She knows.", "backup"),
        ("audrey", "bob", "She knows.", "owner"),
        ("olga", "cora", "She knows.", "backup"),
    ],
)
def test_a_choice_that_cannot_work_records_nothing(
    world: World, owner: str, backup: str, because: str, field: str
) -> None:
    chosen = HandMade(getattr(world, owner), getattr(world, backup), because)

    with pytest.raises(NotRecorded) as refusal:
        called(world, chosen=chosen)

    assert refusal.value.field == field
    assert not Event.objects.filter(source="desk").exists()
    assert not File.objects.exists()


def test_every_piece_of_its_work_tells_the_same_story(world: World) -> None:
    request = called(world, details="A guide for boots").request
    assert request is not None
    alice = by(world.alice)
    done(requests.triage([request.pk], by=alice, at=NOW))
    done(requests.accept([request.pk], by=alice, at=NOW))
    brief = make_brief(world, request=request, engagement=make_engagement(world))
    done(briefs.submit([brief.pk], by=alice, at=NOW))
    done(briefs.approve([brief.pk], by=by(world.bob), at=NOW))
    page = hand_in(world, Deliverable.objects.get(brief=brief))
    raise_exception(ExceptionFinding("no_answer", {}, item=page.item), at=NOW)

    kinds = WorkItem.objects.filter(run=request.item.run_id).values_list("kind", flat=True)
    assert set(kinds) == {
        "run",
        "request",
        "brief",
        "deliverable",
        "approval",
        "exceptioncase",
    }
    for item in WorkItem.objects.filter(run=request.item.run_id):
        assert "Bob" in said("trace", item.ref)
        assert "Every recorded request" in said("decide", item.ref)
        assert item.ref in said("explain_due", item.ref)
    assert Approval.objects.exists()


def test_nobody_who_fits_leaves_a_run_that_waits_with_the_evidence(world: World) -> None:
    for person in (world.alice, world.bob, world.olga):
        person.absences.create(starts_at=NOW - timedelta(days=1), ends_at=NOW + timedelta(days=1))

    made = called(world)

    case = ExceptionCase.objects.get()
    assert (made.request, case.run, case.reason) == (None, made.run, "nobody_available")
    assert Note.objects.get().item_id == made.run.item_id

    world.alice.absences.all().delete()
    world.bob.absences.all().delete()
    done(exceptions.resolve([case.pk], by=by(world.olga), at=NOW, reason="They are back."))
    advance(clock=lambda: NOW)
    request = Request.objects.get()
    assert request.item.run_id == made.run.pk
    assert [note.author for note in request.item.notes.all()] == [world.bob]


def test_the_form_leads_to_the_request_and_the_same_form_twice_to_one(world: World) -> None:
    browser = signed_in(world.alice)
    token = browser.get(url(Request, "add")).context["token"]
    sent = {
        "client": world.acme.pk,
        "title": "A film",
        "channel": "meeting",
        "said": "In the weekly.",
        "once": token,
    }

    answers = [browser.post(url(Request, "add"), sent) for _ in range(2)]

    made = Request.objects.get()
    assert [answer["Location"] for answer in answers] == [url(Request, "change", made.pk)] * 2
    assert Run.objects.count() == Event.objects.filter(kind="desk.request").count() == 1


def test_the_form_takes_the_choice_of_a_person(world: World) -> None:
    sent = {
        "client": world.acme.pk,
        "title": "A film",
        "channel": "email",
        "owner": world.olga.pk,
        "backup": world.alice.pk,
        "because": "",
    }
    browser = signed_in(world.alice)

    refused = words(browser.post(url(Request, "add"), sent))
    browser.post(url(Request, "add"), {**sent, "because": "Olga sold it."})

    assert "Enter a reason for your choice." in refused
    assert Request.objects.get().item.owner == world.olga


def test_a_refused_file_records_nothing(world: World) -> None:
    sent = {
        "client": world.acme.pk,
        "title": "A film",
        "channel": "phone",
        "evidence": SimpleUploadedFile("call.exe", EXE),
    }

    page = words(signed_in(world.alice).post(url(Request, "add"), sent))

    assert "not accepted" in page
    assert not Run.objects.exists()
    assert not Event.objects.filter(source="desk").exists()
