"""
E-mails that can wait leave when their reader is at work (DEFECTS A8), and deadlines pass then too.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from delivery.approvals.deadlines import deadline_of
from delivery.deliverables.stages import Audience, Quorum, Stage
from delivery.requests.details import AskDetails
from delivery.requests.operations import requests
from integrations.models import Outbound
from routing.cover.operations.portal_access import invite
from routing.messages.operations import write
from routing.models import Calendar, CalendarUse, Client, Membership, Notification, User, WorkItem
from routing.people.actors import Actor
from routing.sla.operations.calendars import ensure_defaults, save_calendar
from routing.sla.working_time import client_opens, staff_opens
from tests.delivery.making import done, record_request
from tests.portal import reachable, user_of
from tests.told import tell_owners
from tests.world import World, by, make_contact, make_request

pytestmark = pytest.mark.requirement("Q21")

Words = Notification.Words


def utc(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}:00+00:00")


NIGHT = utc("11-28T03:00")  # a Saturday
MONDAY = utc("11-30T09:00")


@pytest.fixture(autouse=True)
def _hours(world: World) -> None:
    """The agency works from Monday to Friday, 9:00 to 17:30, in UTC."""
    ensure_defaults(at=NIGHT)
    User.objects.update(timezone="UTC")
    Client.objects.update(timezone="UTC")
    world.acme.refresh_from_db()


def due(verb: str = "mail.tell") -> datetime:
    return Outbound.objects.get(verb=verb).due_at


def tell(world: World, words: str, at: datetime = NIGHT, **item: int) -> None:
    request = make_request(world.acme, at=at)
    WorkItem.objects.filter(pk=request.item_id).update(**item) if item else None
    tell_owners([request.item], words, by=by(world.olga), at=at)


def test_a8_what_can_wait_leaves_on_monday_morning(world: World) -> None:
    tell(world, Words.OWNS)

    assert due() == MONDAY


def test_a8_within_working_time_it_leaves_in_five_minutes(world: World) -> None:
    tell(world, Words.OWNS, at=utc("11-27T15:00"))

    assert due() == utc("11-27T15:05")


@pytest.mark.parametrize("words", [Words.WARNING, Words.BREACH, Words.ESCALATION])
def test_a8_what_is_overdue_is_urgent(world: World, words: str) -> None:
    tell(world, words)

    assert due() == NIGHT + timedelta(minutes=5)


def test_a8_urgent_work_is_urgent(world: World) -> None:
    tell(world, Words.OWNS, priority=WorkItem.Priority.URGENT)

    assert due() == NIGHT + timedelta(minutes=5)


def test_a8_urgent_news_takes_along_what_waits(world: World) -> None:
    tell(world, Words.OWNS)
    tell(world, Words.BREACH, at=NIGHT + timedelta(hours=1))

    row = Outbound.objects.get()
    assert row.due_at == NIGHT + timedelta(hours=1, minutes=5)
    assert len(row.content["messages"]) == 2


def test_a8_news_of_the_weekend_is_one_email(world: World) -> None:
    tell(world, Words.OWNS)
    tell(world, Words.CHANGES, at=NIGHT + timedelta(hours=20))

    assert len(Outbound.objects.get().content["messages"]) == 2


def test_a8_the_hours_are_those_of_the_team_in_the_readers_zone(world: World) -> None:
    calendar = Calendar(slug="late", name="Late", hours={"mon": ["12:00-20:00"]})
    save_calendar(calendar, by=Actor.system(), at=NIGHT)
    CalendarUse.objects.create(calendar=calendar, team=world.team)
    User.objects.filter(pk=world.alice.pk).update(timezone="Asia/Tokyo")

    tell(world, Words.OWNS)

    assert due() == utc("11-30T03:00")


def test_a8_a_contact_reads_it_in_the_hours_of_their_company(world: World) -> None:
    Client.objects.filter(pk=world.acme.pk).update(timezone="Asia/Tokyo")
    world.acme.refresh_from_db()
    rita = reachable(world.acme)
    request = make_request(world.acme)
    message = Notification(
        recipient=user_of(rita), item=request.item, words=Words.DECIDE, dedupe_key="k", at=NIGHT
    )

    write([message], at=NIGHT)

    assert due() == utc("11-30T00:00")


def test_a8_holidays_of_the_client_count_and_those_of_the_agency_do_not(world: World) -> None:
    agency = Calendar.objects.get(slug="agency")
    agency.extra_dates = {"2026-11-30": "Works outing"}
    save_calendar(agency, by=Actor.system(), at=NIGHT)
    without = client_opens([world.acme], NIGHT)[world.acme.pk]
    own = Calendar(slug="acme", name="Acme", extra_dates={"2026-11-30": "Founder's day"})
    save_calendar(own, by=Actor.system(), at=NIGHT)
    CalendarUse.objects.create(calendar=own, client=world.acme)

    assert without == MONDAY
    assert client_opens([world.acme], NIGHT)[world.acme.pk] == MONDAY + timedelta(days=1)
    assert staff_opens([world.alice], NIGHT)[world.alice.pk] == MONDAY + timedelta(days=1)


def test_a8_without_any_calendar_nothing_waits(world: World) -> None:
    CalendarUse.objects.all().delete()

    assert client_opens([world.acme], NIGHT) == {world.acme.pk: NIGHT}
    assert staff_opens([world.alice], NIGHT) == {world.alice.pk: NIGHT}


def test_a8_receipts_and_invitations_leave_at_once_and_questions_in_the_morning(
    world: World,
) -> None:
    rita, tom = reachable(world.acme), make_contact("Tom", "tom@client.test")
    Membership.objects.create(contact=tom, client=world.acme, role="viewer")
    request = record_request(world, title="A site", contact=rita, at=NIGHT)

    invite(tom.pk, by=by(world.alice), at=NIGHT)
    done(requests.ask([request.pk], by=by(world.alice), at=NIGHT, details=AskDetails("Which?")))

    assert due("mail.invite") == NIGHT
    assert due("mail.receipt") == NIGHT
    assert due("mail.question") == MONDAY


def test_a8_a_question_about_urgent_work_does_not_wait(world: World) -> None:
    reachable(world.acme)
    request = record_request(world, priority=WorkItem.Priority.URGENT, at=NIGHT)

    done(requests.ask([request.pk], by=by(world.alice), at=NIGHT, details=AskDetails("Which?")))

    assert due("mail.question") == NIGHT


@pytest.mark.parametrize("audience", list(Audience))
def test_a8_a_deadline_in_the_night_moves_to_the_morning(world: World, audience: str) -> None:
    item = make_request(world.acme).item
    stage = Stage(audience=audience, quorum=Quorum.ANY, need=1, answer_days=14)

    assert deadline_of(item, stage, NIGHT - timedelta(days=14)) == MONDAY
    assert deadline_of(item, stage, utc("11-27T15:00")) == utc("12-11T15:00")
