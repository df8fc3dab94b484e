"""A kind of event that usually comes and stays silent is told once, and settles by itself."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from integrations.models import Connection
from routing.kernel.reasons import Reason
from routing.models import ExceptionCase, Notification
from routing.people.actors import Actor
from routing.runs.evidence_words import EvidenceNames, in_words
from routing.runs.operations.capture import Signal, capture
from routing.runs.operations.exceptions import dismiss
from routing.runs.operations.own_failures import own_failures
from routing.runs.operations.silence import longest_silence, settle_heard
from routing.tasks import own_every_failure
from tests.integrations.inbox.senders import make_connection
from tests.world import NOW, World, by

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("N9")]

KIND = "form.submitted"
DAY, WEEK = timedelta(days=1), timedelta(days=7)


@pytest.fixture
def form(world: World) -> Connection:
    made = make_connection("form", world)
    made.health_owner, made.health_backup = world.ivan, world.olga
    made.save()
    return made


def receive(*times: datetime) -> None:
    signals = [
        Signal("form-main", KIND, at.isoformat(), "form", at.isoformat(), at, {}) for at in times
    ]
    capture(signals, by=Actor.system(), at=NOW)


def weekdays(weeks: int, until: datetime) -> list[datetime]:
    """Five days in a row of each week, the last of them at ``until``: the longest gap is 3 days."""
    return [until - WEEK * week - DAY * day for week in range(weeks) for day in range(5)]


def cases() -> list[ExceptionCase]:
    own_failures(at=NOW)
    found = ExceptionCase.objects.filter(reason=Reason.TRIGGER_SILENT)
    return list(found.select_related("item").order_by("pk"))


def test_a_usual_kind_that_is_silent_for_twice_its_longest_gap_is_told_once(
    form: Connection, world: World
) -> None:
    receive(*weekdays(4, NOW - 6 * DAY - timedelta(hours=1)))

    [case] = cases()

    assert case.item.owner == world.ivan
    assert case.item.title == "Events stopped coming: form-main, Form submitted (Website)"
    assert ("Kind of event", "Form submitted (Website)") in in_words(case.evidence, EvidenceNames())
    assert "The longest gap in the 4 weeks before was 3\xa0days" in case.evidence["message"]
    assert Notification.objects.filter(recipient=world.ivan, item=case.item).exists()
    assert cases() == [case]
    dismiss([case.pk], by=by(world.ivan), at=NOW, reason="The form is closed.")
    assert cases() == [case]


def test_it_settles_by_itself_when_an_event_arrives(form: Connection) -> None:
    receive(*weekdays(4, NOW - 7 * DAY))
    [case] = cases()
    assert settle_heard(at=NOW) == 0
    receive(NOW)

    own_every_failure()

    [over] = cases()
    assert (over, over.state) == (case, ExceptionCase.State.DISMISSED)


def test_it_settles_when_the_connection_is_switched_off(form: Connection) -> None:
    receive(*weekdays(4, NOW - 7 * DAY))
    [_case] = cases()
    Connection.objects.update(is_active=False)

    assert settle_heard(at=NOW) == 1
    assert len(cases()) == 1


def test_what_is_not_silent_for_long_enough_or_was_never_usual_is_not_told(
    form: Connection,
) -> None:
    receive(*weekdays(4, NOW - 6 * DAY))  # exactly twice the longest gap
    assert cases() == []


def test_a_burst_is_not_usual(form: Connection) -> None:
    start = NOW - 20 * DAY
    receive(*(start + timedelta(minutes=each) for each in range(50)))
    assert cases() == []


def test_how_long_a_kind_may_stay_silent() -> None:
    usual = (5, timedelta(hours=30))
    assert longest_silence([usual, usual, (7, timedelta(days=3)), (1, None)]) == timedelta(days=6)
    assert longest_silence([usual, usual, (4, timedelta(days=3)), (4, timedelta(days=3))]) is None
    assert longest_silence([]) is None
