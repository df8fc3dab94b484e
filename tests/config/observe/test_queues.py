from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from config.observe import queues
from routing.models import Dispatch, Event
from routing.people.staff import User

NOTHING = queues.QueueCounts(
    events=0,
    quarantined=0,
    oldest_s=0,
    steps=0,
    exceptions=0,
    unnotified=0,
    oldest_clock_s=0,
    outgoing=0,
    dead=0,
)


def queue(due_in: timedelta, **fields):
    event = Event.objects.create(
        kind="crm.deal.created", actor=User.objects.system(), at=timezone.now()
    )
    return Dispatch.objects.create(event=event, due_at=timezone.now() + due_in, **fields)


@pytest.mark.django_db
def test_an_empty_agency_waits_for_nothing():
    assert queues.look(timezone.now()) == NOTHING


@pytest.mark.django_db
def test_what_waits_is_counted_and_what_was_put_aside_apart():
    now = timezone.now()
    queue(-timedelta(minutes=10))
    queue(timedelta(minutes=10))
    queue(-timedelta(hours=1), parked_reason="ValueError")

    found = queues.look(now)

    assert (found.events, found.quarantined) == (2, 1)
    assert found.oldest_s == pytest.approx(600, abs=2)


@pytest.mark.django_db
def test_what_is_due_later_is_not_late():
    queue(timedelta(minutes=10))

    assert queues.look(timezone.now()).oldest_s == 0


@pytest.mark.django_db
def test_a_long_queue_is_not_counted_to_its_end(monkeypatch):
    monkeypatch.setattr(queues, "MOST", 1)
    for _ in range(3):
        queue(timedelta())

    assert queues.look(timezone.now()).events == 1


@pytest.mark.django_db
def test_it_asks_the_database_once_in_a_while(django_assert_num_queries):
    figures = queues.Figures()

    with django_assert_num_queries(9):
        first, again = list(figures.collect()), list(figures.collect())

    assert [each.name for each in first] == [each.name for each in again]
    assert len(first) == 10


def test_without_a_database_the_figures_say_so_and_are_left_out(monkeypatch):
    def away(_):
        raise OperationalError

    monkeypatch.setattr(queues, "look", away)

    [only] = queues.Figures().collect()

    assert (only.name, only.samples[0].value) == ("throughline_queues_readable", 0)


@pytest.mark.django_db
def test_the_figures_stand_beside_those_of_the_web(client):
    text = client.get("/metrics").content.decode()

    assert "throughline_events_waiting 0.0" in text
    assert "django_http_requests_total_by_method" in text
    names = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")]
    assert len(names) == len(set(names))
