"""Messages disappear for everybody once what they are about is settled (A5)."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import product

import pytest
from django.core import mail
from django.db import connection
from django.test import RequestFactory

from config.desk.waiting import waiting_for
from delivery.models import Request
from delivery.requests.operations import requests
from routing.kernel.reasons import Reason
from routing.messages.models import CURRENT
from routing.models import ExceptionCase, Notification, User, WorkItem
from routing.runs.operations import exceptions
from routing.runs.operations.raising import ExceptionFinding, raise_exception
from routing.sla.operations.calendars import ensure_defaults
from routing.sla.operations.clocks import start
from routing.sla.operations.escalate import escalate
from routing.work.details import HandOverDetails
from routing.work.operations.items import hand_over, hold, resume
from tests.clockwork import at
from tests.delivery.making import done
from tests.desk import signed_in, url, words
from tests.integrations.outbox.remote import Time, deliver
from tests.world import MONDAY, NOW, World, by, make_request

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("without_second_factor")]
HOUR = timedelta(hours=1)


def unread(user: User) -> int:
    """The number in the sidebar."""
    request = RequestFactory().get("/")
    request.user = user
    return waiting_for(request).unread


def listed(user: User, read: str = "new") -> str:
    return words(signed_in(user).get(url(Notification, "changelist"), {"read": read}))


def case_of(world: World) -> ExceptionCase:
    request = make_request(world.acme)
    case = raise_exception(ExceptionFinding(Reason.NO_ANSWER, {}, request.item), at=NOW)
    assert case is not None
    return case


def test_a_settled_exception_disappears_from_the_list_the_count_and_the_mail(world: World) -> None:
    case = case_of(world)
    before = unread(world.alice), "Needs your decision" in listed(world.alice)

    done(exceptions.resolve([case.pk], by=by(world.bob), at=NOW, reason="Called them."))
    Notification.objects.exclude(words="exception").delete()
    deliver(Time().on(minutes=6))

    assert before == (1, True)
    assert unread(world.alice) == 0
    assert "Needs your decision" not in listed(world.alice)
    assert "Settled" in listed(world.alice, "all")
    assert mail.outbox == []


def test_work_that_somebody_else_took_over_is_settled_for_the_former_owner(world: World) -> None:
    case = case_of(world)
    pair = HandOverDetails(world.olga.pk, world.bob.pk, None)

    done(hand_over([case.item_id], by=by(world.olga), at=NOW, reason="Hers.", details=pair))

    assert list(
        Notification.objects.filter(recipient=world.alice)
        .current(NOW)
        .values_list("words", flat=True)
    ) == ["not_owner"]


def test_what_is_no_longer_overdue_is_no_message(world: World) -> None:
    request = make_request(world.acme)
    start([request.item], ensure_defaults(at=MONDAY), MONDAY, purposes={"triage"})
    for when in (at(23, 16), at(24, 14)):
        escalate(at=when)
    late = set(Notification.objects.current(at(24, 15)).values_list("words", flat=True))

    done(requests.triage([request.pk], by=by(world.alice), at=at(24, 15)))

    assert late == {"escalation"}
    assert set(Notification.objects.current(at(24, 15)).values_list("words", flat=True)) == set()


def test_a_hold_is_no_news_once_it_is_over(world: World) -> None:
    request = make_request(world.acme)
    done(hold([request.item_id], by=by(world.olga), at=NOW, reason="Legal."))
    done(resume([request.item_id], by=by(world.olga), at=NOW + HOUR))

    assert set(
        Notification.objects.filter(recipient=world.alice)
        .current(NOW + HOUR)
        .values_list("words", flat=True)
    ) == {"resumed"}


def test_the_count_and_the_list_ask_the_same_of_every_message(world: World) -> None:
    """The statement of the sidebar is written by hand; it must not differ from the queryset."""
    rows = [_request_like(world, number) for number in range(5)]
    kinds = ["", "*", "captured", "triaged", "!late", "!soon", "!client", "!held"]
    parties = ["", "owner", "backup", "assignee", "reviewers"]
    people = [world.alice, world.bob, world.cora]
    made = [
        Notification(
            recipient=person,
            item=row.item,
            words=Notification.Words.OWNS,
            while_state=kind,
            party=party,
            dedupe_key=f"{number}",
            at=NOW,
        )
        for number, (row, kind, party, person) in enumerate(product(rows, kinds, parties, people))
    ]
    Notification.objects.bulk_create(made)

    for moment in (NOW, NOW + 2 * HOUR):
        current = set(Notification.objects.current(moment).values_list("pk", flat=True))
        assert _by_hand(moment) == current
    assert 0 < len(current) < len(made)


def _request_like(world: World, number: int) -> Request:
    """Open, closed, overdue, due soon, or with the client and on hold."""
    row = make_request(world.acme)
    changes: dict[int, dict[str, object]] = {
        0: {},
        1: {"is_open": False, "state": "closed"},
        2: {"next_due_at": NOW - HOUR, "doer": world.cora},
        3: {"next_due_at": NOW + HOUR},
        4: {"waiting_on": "client", "held_at": NOW, "held_by": row.item_id},
    }
    WorkItem.objects.filter(pk=row.item_id).update(changed_at=NOW, **changes[number])
    return row


def _by_hand(moment: datetime) -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT n.id FROM routing_notification n JOIN routing_workitem w ON w.id = n.item_id "  # noqa: S608  # the condition is ours
            f"WHERE {CURRENT}",
            {"now": moment},
        )
        return {pk for (pk,) in cursor.fetchall()}
