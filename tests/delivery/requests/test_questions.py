"""
Questions to a client (DEFECTS A2): only to somebody who can be reached, reminded in their working
time, and handed to the owner when nobody answers.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from pytest_django import Settings

from config.celery import BEAT
from delivery.models import Request
from delivery.requests.details import AnswerDetails, AskDetails
from delivery.requests.operations import requests
from delivery.requests.operations.unanswered import remind_due
from integrations.models import Outbound
from routing.kernel.reasons import Reason
from routing.models import Clock, Contact, Event, ExceptionCase, Membership, Note, User
from routing.people.actors import Actor
from routing.sla.calendars import CalendarUse
from routing.sla.operations.calendars import (
    FORMERLY,
    ensure_defaults,
    save_calendar,
    save_policy,
)
from routing.work.operations import items, notes
from routing.work.operations.files import keep
from tests.delivery.making import codes, done, record_request
from tests.desk import signed_in, words
from tests.portal import VIEWER, reachable
from tests.world import NOW, World, by, make_contact, make_request

pytestmark = [pytest.mark.requirement("L5", "Q21"), pytest.mark.in_zone("UTC")]

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _demo(settings: Settings) -> None:
    settings.EMBEDDED = True  # otherwise the desk wants a second factor


def ask(world: World, row: Request, at: datetime = NOW, **more: Any) -> Any:
    details = AskDetails("Which colour?", **more)
    [result] = requests.ask([row.pk], by=by(world.alice), at=at, details=details)
    return result


def evidence(world: World) -> int:
    upload = ContentFile(b"Called at noon.")
    return keep(upload, name="call.txt", client=world.acme, by=by(world.alice), at=NOW).pk


def outsider(world: World, role: str = "requester") -> Contact:
    contact = make_contact("Tom", "tom@client.test")
    Membership.objects.create(contact=contact, client=world.acme, role=role)
    return contact


def sent() -> list[str]:
    to_client = Outbound.objects.filter(content__contact__isnull=False)
    return list(to_client.order_by("pk").values_list("verb", flat=True))


def test_a2_a_question_that_would_reach_nobody_is_refused_and_stops_no_clock(world: World) -> None:
    viewer = reachable(world.acme)
    Membership.objects.filter(contact=viewer).update(role=VIEWER)
    outsider(world)
    policy = ensure_defaults(at=NOW)
    row = record_request(world, title="A site", at=NOW)

    result = ask(world, row)

    assert codes(result) == ["reach"]
    assert "reach nobody" in str(result.refusals[0].message)
    assert "record the call" in str(result.refusals[0].clears_by)
    assert sent() == []
    clock = Clock.objects.get(item=row.item_id, purpose="first_response")
    assert (clock.policy, clock.met_at, clock.paused_at) == (policy, None, None)


def test_a2_access_that_was_withdrawn_reaches_nobody(world: World) -> None:
    contact = reachable(world.acme)
    User.objects.filter(contact=contact).update(is_active=False)

    assert codes(ask(world, make_request(world.acme, contact=contact))) == ["reach"]


def test_a2_a_recorded_call_with_evidence_is_the_other_way(world: World) -> None:
    tom, row = outsider(world), make_request(world.acme)

    without = ask(world, row, contact=tom.pk)
    nobody = ask(world, row, evidence=evidence(world))
    stranger = ask(world, row, contact=make_contact("Zoe", "z@z.test").pk, evidence=evidence(world))
    called = ask(world, row, contact=tom.pk, evidence=evidence(world))

    assert [codes(each) for each in (without, nobody, stranger)] == [["call"]] * 3
    done([called])
    note = Note.objects.get(item=row.item_id)
    assert note.audience == Note.Audience.INTERNAL
    assert [file.name for file in note.files.all()] == ["call.txt"]
    assert "Tom" in note.body


def test_a2_the_form_says_who_will_be_asked_or_that_nobody_can_be(world: World) -> None:
    tom, row = outsider(world), make_request(world.acme)
    browser, page = signed_in(world.alice), f"/admin/delivery/request/{row.pk}/step/ask/"

    nobody = words(browser.get(page))
    refused = browser.post(page, {"question": "Which?"})
    reachable(world.acme)
    Request.objects.filter(pk=row.pk).update(contact=tom)
    somebody = words(browser.get(page))

    assert "this question would reach nobody" in nobody
    assert "Asked in a call with" in nobody
    assert refused.status_code == 409
    assert "Goes to: Rita (portal and e-mail), Tom (e-mail only)" in somebody


def test_a2_the_form_records_a_call(world: World) -> None:
    tom, row = outsider(world), make_request(world.acme)
    browser, page = signed_in(world.alice), f"/admin/delivery/request/{row.pk}/step/ask/"
    upload = SimpleUploadedFile("call.txt", b"Called at noon.")

    unproven = browser.post(page, {"question": "Which?", "contact": tom.pk})
    browser.post(page, {"question": "Which?", "contact": tom.pk, "evidence": upload})

    assert "Add evidence of the call" in words(unproven)
    assert Request.objects.get(pk=row.pk).state == "needs_information"


def test_a2_a_question_is_an_email_and_an_item_in_the_portal(world: World) -> None:
    rita, row = reachable(world.acme), make_request(world.acme)

    done([ask(world, row)])

    assert list(Outbound.objects.values_list("verb", "content__contact")) == [
        ("mail.question", rita.pk)
    ]
    portal = words(signed_in(User.objects.get(contact=rita)).get("/portal/"))
    assert "Answer a question" in portal


def test_a2_reminders_come_by_themselves_and_then_the_owner_decides(world: World) -> None:
    reachable(world.acme)
    row = make_request(world.acme)
    done([ask(world, row)])

    found = [remind_due(at=NOW + days * DAY) for days in (1, 2, 3, 4, 5, 6, 7)]

    assert found == [0, 1, 0, 1, 0, 1, 0]
    assert sent() == ["mail.question", "mail.reminder", "mail.reminder"]
    now = Request.objects.select_related("item").get(pk=row.pk)
    assert (now.state, now.item.waiting_on, now.reminders) == ("needs_information", "agency", 2)
    case = ExceptionCase.objects.get(item__parent=row.item_id)
    assert (case.reason, case.item.owner_id) == (Reason.NO_ANSWER, world.alice.pk)
    assert "after 2 reminders" in str(case.evidence["message"])


def test_a2_the_owner_can_ask_again_and_an_answer_settles_it(world: World) -> None:
    reachable(world.acme)
    row = make_request(world.acme)
    done([ask(world, row)])
    for days in (2, 4, 6):
        remind_due(at=NOW + days * DAY)
    case = ExceptionCase.objects.get(item__parent=row.item_id)

    done(requests.remind([row.pk], by=by(world.alice), at=NOW + 7 * DAY))

    case = ExceptionCase.objects.get(pk=case.pk)
    now = Request.objects.select_related("item").get(pk=row.pk)
    assert (case.is_open, now.item.waiting_on) == (False, "client")
    assert sent().count("mail.reminder") == 3
    remind_due(at=NOW + 9 * DAY)
    done(
        requests.answer(
            [row.pk], by=by(world.alice), at=NOW + 10 * DAY, details=AnswerDetails("Blue")
        )
    )
    assert not ExceptionCase.objects.filter(state__in=ExceptionCase.open_states).exists()
    assert remind_due(at=NOW + 30 * DAY) == 0


def test_a2_remind_is_for_open_questions_once_a_day_and_reaches_somebody(world: World) -> None:
    rita, row = reachable(world.acme), make_request(world.acme)
    alice = by(world.alice)

    [unasked] = requests.remind([row.pk], by=alice, at=NOW)
    done([ask(world, row)])
    [early] = requests.remind([row.pk], by=alice, at=NOW + timedelta(hours=23))
    done(requests.remind([row.pk], by=alice, at=NOW + timedelta(hours=25)))
    [again] = requests.remind([row.pk], by=alice, at=NOW + timedelta(hours=26))
    User.objects.filter(contact=rita).update(is_active=False)
    [nobody] = requests.remind([row.pk], by=alice, at=NOW + timedelta(days=3))

    assert [codes(each) for each in (early, again, nobody)] == [
        ["reminded"],
        ["reminded"],
        ["reach"],
    ]
    assert codes(unasked)[0] == "state"
    assert Event.objects.filter(kind="delivery.request.remind").count() == 1


def test_a2_when_reminders_reach_nobody_any_more_the_owner_learns_it_at_once(world: World) -> None:
    rita, row = reachable(world.acme), make_request(world.acme)
    done([ask(world, row)])
    User.objects.filter(contact=rita).update(is_active=False)

    remind_due(at=NOW + 2 * DAY)

    case = ExceptionCase.objects.get(item__parent=row.item_id)
    assert "no reminder can reach them" in str(case.evidence["message"])


def test_a2_work_on_hold_is_not_reminded_of(world: World) -> None:
    reachable(world.acme)
    row = make_request(world.acme)
    done([ask(world, row)])
    done(items.hold([row.item_id], by=by(world.alice), at=NOW, reason="Budget."))

    assert remind_due(at=NOW + 10 * DAY) == 0


def test_a2_questions_from_before_there_were_reminders_are_reminded_of(world: World) -> None:
    reachable(world.acme)
    row = make_request(world.acme, Request.State.NEEDS_INFORMATION, question="Which?")
    type(row.item).objects.filter(pk=row.item_id).update(waiting_on="client")

    assert remind_due(at=NOW + DAY) == 0
    assert remind_due(at=NOW + 2 * DAY) == 1


def test_a2_beat_reminds() -> None:
    assert "delivery.tasks.remind_clients" in {each.task for each in BEAT}


def test_a2_the_button_on_today_reminds(world: World) -> None:
    reachable(world.acme)
    row = make_request(world.acme)
    done([ask(world, row, at=NOW - 2 * DAY)])
    browser = signed_in(world.alice)

    page = browser.get("/admin/").content.decode()
    said = words(browser.post(f"/admin/remind/{row.item_id}/", follow=True))

    assert f"/admin/remind/{row.item_id}/" in page
    assert "reminder sent to the client" in said
    assert sent() == ["mail.question", "mail.reminder"]


# -- First response --------------------------------------------------------------------------------


def response_of(row: Request) -> Clock:
    return Clock.objects.get(item=row.item_id, purpose="first_response")


def opened(world: World, **fields: Any) -> Request:
    ensure_defaults(at=NOW)
    return record_request(world, title="A site", details="x", at=NOW, **fields)


def test_a2_triage_is_no_response(world: World) -> None:
    row = opened(world)

    done(requests.triage([row.pk], by=by(world.alice), at=NOW))

    assert response_of(row).running_since is not None


def test_a2_an_acceptance_is_one_where_somebody_sees_it(world: World) -> None:
    tom = outsider(world)
    unseen, seen = opened(world, contact=tom), opened(world, contact=reachable(world.acme))
    for row in (unseen, seen):
        done(requests.triage([row.pk], by=by(world.alice), at=NOW))
        done(requests.accept([row.pk], by=by(world.alice), at=NOW))

    assert response_of(seen).met_at == NOW
    assert response_of(unseen).met_at is None


def test_a2_a_shared_note_is_one_if_somebody_can_read_it(world: World) -> None:
    row = opened(world)
    alice = by(world.alice)

    notes.add(row.item_id, body="On our list", audience="client", by=alice, at=NOW)
    unread = response_of(row).met_at
    reachable(world.acme)
    notes.add(row.item_id, body="Internal", audience="internal", by=alice, at=NOW)
    internal = response_of(row).met_at
    notes.add(row.item_id, body="On our list", audience="client", by=alice, at=NOW)

    assert (unread, internal) == (None, None)
    assert response_of(row).met_at == NOW


def test_a2_the_shipped_target_is_brought_up_to_date_unless_somebody_edited_it(
    world: World,
) -> None:
    policy = ensure_defaults(at=NOW)

    def with_values(**values: Any) -> None:
        targets = list(policy.targets.all())
        for target in targets:
            if target.purpose == "first_response":
                for name, value in values.items():
                    setattr(target, name, value)
        save_policy(policy, by=Actor.system(), at=NOW, targets=targets, reason="Test")

    with_values(**FORMERLY)
    ensure_defaults(at=NOW)
    corrected = policy.targets.get(purpose="first_response")
    with_values(met_in=["triaged"], runs_in=[])
    ensure_defaults(at=NOW)
    edited = policy.targets.get(purpose="first_response")

    assert (corrected.met_in, corrected.runs_in) == ([], [])
    assert edited.met_in == ["triaged"]


# -- Working time ----------------------------------------------------------------------------------


def test_a2_a_reminder_is_due_in_the_clients_working_time(world: World) -> None:
    ensure_defaults(at=NOW)
    calendar = CalendarUse.objects.get(team=None, client=None).calendar
    calendar.hours = {"mon": ["09:00-17:30"]}
    save_calendar(calendar, by=Actor.system(), at=NOW, reason="Mondays only")
    reachable(world.acme)
    row = make_request(world.acme)
    monday = datetime.fromisoformat("2026-11-23T10:00:00+00:00")

    done([ask(world, row, at=monday)])

    due = Request.objects.get(pk=row.pk).remind_at
    assert due == datetime.fromisoformat("2026-11-30T09:00:00+00:00")
