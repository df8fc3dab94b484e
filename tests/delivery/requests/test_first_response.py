"""C1: a first response is what reached the client, and nothing else meets its clock."""

from __future__ import annotations

from datetime import timedelta

import pytest

from delivery.models import Request
from delivery.requests.details import AskDetails
from delivery.requests.operations import requests
from delivery.requests.operations.first_response import record_call
from integrations.adapters.mail.client_emails import ClientEmail
from integrations.models import Outbound
from integrations.outbox import outcomes
from integrations.outbox.first_responses import RESPONSES
from routing.desk.notes import NoteForm
from routing.kernel.events import Event
from routing.models import Clock, Membership, SLAPolicy, User
from routing.people.actors import Actor
from routing.runs.questions.ask import ask
from routing.runs.questions.asked import AskedWork
from routing.runs.trace import trace
from routing.sla.operations.calendars import ensure_defaults
from routing.sla.operations.first_response import RESPONDED, ResponseChannel, reached_client
from routing.work.display import exact
from routing.work.notes import Note
from routing.work.operations import notes
from tests.delivery.making import done, record_request
from tests.world import MONDAY, World, by, make_contact

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.stands_at(MONDAY),
    pytest.mark.requirement("L8", "L9", "M8"),
]

SOON = MONDAY + timedelta(minutes=10)


@pytest.fixture
def request_(world: World) -> Request:
    ensure_defaults(at=MONDAY)
    contact = make_contact()
    Membership.objects.create(contact=contact, client=world.acme, role=Membership.Role.REQUESTER)
    contact.user = User.objects.create_user("carla@acme.test", full_name="Carla")
    contact.save()
    return record_request(world, title="Posters", details="Six", contact=contact, at=MONDAY)


def clock(row: Request, purpose: str) -> Clock:
    return Clock.objects.get(item=row.item_id, purpose=purpose)


def how(row: Request) -> list[str]:
    found = Event.objects.filter(kind=RESPONDED.kind, item=row.item_id)
    return list(found.values_list("to_state", flat=True))


def test_triage_is_a_first_look_and_no_response(world: World, request_: Request) -> None:
    done(requests.triage([request_.pk], by=by(world.alice), at=SOON))

    assert clock(request_, "first_look").met_at == SOON
    assert clock(request_, "first_response").running_since == MONDAY
    assert how(request_) == []


def test_a_question_counts_where_they_can_read_it(world: World, request_: Request) -> None:
    asked = AskDetails(question="Which size?")
    done(requests.ask([request_.pk], by=by(world.alice), at=SOON, details=asked))

    assert clock(request_, "first_response").met_at == SOON
    assert how(request_) == ["portal_message"]


def test_an_acceptance_counts_once_its_email_is_accepted(world: World, request_: Request) -> None:
    User.objects.filter(email="carla@acme.test").update(is_active=False)  # nobody in the portal
    done(requests.triage([request_.pk], by=by(world.alice), at=SOON))
    done(requests.accept([request_.pk], by=by(world.alice), at=SOON))
    unsent = clock(request_, "first_response")
    row = Outbound.objects.get(verb=ClientEmail.ACCEPTANCE)
    later = SOON + timedelta(minutes=5)

    outcomes.delivered(row, Actor.system(), later)

    assert (unsent.met_at, unsent.stopped_at) == (None, None)
    assert clock(request_, "first_response").met_at == later
    assert how(request_) == ["accepted_email"]


def test_a_receipt_that_left_by_itself_is_no_response(world: World, request_: Request) -> None:
    row = Outbound.objects.get(verb=ClientEmail.RECEIPT)

    outcomes.delivered(row, Actor.system(), SOON)

    assert clock(request_, "first_response").running_since == MONDAY
    assert ClientEmail.RECEIPT.value not in RESPONSES


def test_rejecting_meets_nothing_by_itself(world: World, request_: Request) -> None:
    done(requests.reject([request_.pk], by=by(world.alice), at=SOON, reason="Not our field."))

    first = clock(request_, "first_response")
    assert (first.met_at, first.stopped_at, first.cause) == (None, SOON, "ended")


@pytest.mark.parametrize("audience", list(Note.Audience))
def test_a_note_counts_if_the_client_can_read_it_in_the_portal(
    world: World, request_: Request, audience: str
) -> None:
    notes.add(request_.item_id, body="We are on it.", audience=audience, by=by(world.bob), at=SOON)

    shared = audience == Note.Audience.CLIENT
    assert how(request_) == (["portal_message"] if shared else [])
    assert (clock(request_, "first_response").met_at == SOON) is shared


def test_a_recorded_call_counts_and_says_what_was_said(world: World, request_: Request) -> None:
    note = record_call(request_.item_id, body="Carla wants A2.", by=by(world.alice), at=SOON)

    assert (note.body, how(request_)) == ("Carla wants A2.", ["recorded_call"])
    assert clock(request_, "first_response").met_at == SOON
    assert clock(request_, "first_look").running_since == MONDAY


def test_what_reached_them_after_the_target_is_late(world: World, request_: Request) -> None:
    late = MONDAY + timedelta(hours=3)
    record_call(request_.item_id, body="Carla wants A2.", by=by(world.alice), at=late)

    first = clock(request_, "first_response")
    assert (first.met_at, first.breached_at) == (None, MONDAY + timedelta(hours=2))
    assert SLAPolicy.objects.get().targets.filter(purpose="first_response").get().met_in == []


def test_a_note_can_be_marked_as_a_call(world: World, request_: Request) -> None:
    written = {"note-body": "Carla wants A2.", "note-audience": "internal", "note-is_call": "on"}
    form = NoteForm(written)

    assert form.save(request_.item, by=by(world.alice), at=SOON) is not None
    assert how(request_) == ["recorded_call"]


@pytest.mark.requirement("R12")
def test_the_trace_and_the_answers_of_its_run_say_when_the_client_had_a_response(
    world: World, request_: Request
) -> None:
    reached_client([request_.item_id], ResponseChannel.EMAIL, by=Actor.system(), at=SOON)
    run = request_.item.run
    assert run is not None

    told = [entry for entry in trace(run).entries if "reached the client" in entry.title]
    said = ask(AskedWork.items().get(pk=run.item_id), SOON)
    [outside] = [each.answer for each in said if each.key == "outside"]

    assert [(entry.at, entry.section) for entry in told] == [(SOON, "act")]
    assert "The first response reached the client: the mail server accepted an e-mail" in outside
    assert exact(SOON) in outside
