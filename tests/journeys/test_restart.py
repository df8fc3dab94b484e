"""
The application twice at once, and stopped and started again in the middle of work: nothing is lost,
nothing doubled.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.utils import timezone

from config.celery import BEAT, app
from routing.models import Escalation, Event, Notification
from routing.sla.operations.calendars import ensure_defaults
from routing.sla.operations.clocks import start
from tests.config.conftest import free_port
from tests.integrations.inbox.senders import event
from tests.journeys.flight import Flight
from tests.processes import BEATING, WORKER, Process, running, until
from tests.webserver import nobody_may_store, post, waiting, web
from tests.world import World, make_request

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.real_clock,
    pytest.mark.drill,
]
LATE = (Notification.Words.WARNING, Notification.Words.BREACH, Notification.Words.ESCALATION)
TOMORROW = "routing.tasks.of_tomorrow"


def test_two_beats_and_two_workers_do_each_thing_once(
    committed_world: World, flight: Flight
) -> None:
    late = make_request(committed_world.acme).item
    start(
        [late],
        ensure_defaults(at=timezone.now()),
        timezone.now() - timedelta(days=30),
        purposes={"triage"},
    )

    with running(WORKER, WORKER, BEATING, BEATING, LOG_LEVEL="INFO") as [first, second, *beats]:
        flight.post(6)
        flight.land("Not every deal was told.")
        until(
            lambda: all(count(worker, "task_succeeded") > 3 for worker in (first, second)),
            "One worker did nothing.",
        )
        until(
            lambda: all(count(beat, "task_enqueued") > len(BEAT) for beat in beats),
            "One beat did nothing.",
        )

    flight.check(others=1)
    assert Escalation.objects.filter(clock__item=late, caught_up=False).count() == 1
    told = Notification.objects.filter(item=late, words__in=LATE).values_list(
        "recipient", flat=True
    )
    assert sorted(told) == sorted(
        [committed_world.olga.pk, committed_world.bob.pk]
    )  # a month late: the pair at the top, each once


def count(process: Process, words: str) -> int:
    return process.said().count(words)


def test_what_is_stopped_in_mid_work_and_started_again_loses_and_doubles_nothing(
    flight: Flight,
) -> None:
    port, body = free_port(), json.dumps([event(objectId=9002)]).encode()

    with (
        web(port) as server,
        running(WORKER, BEATING) as [worker, beat],
        ThreadPoolExecutor(1) as vendor,
    ):
        it_outlives_messages_of_another_release(worker)
        with flight.in_the_air(), nobody_may_store() as other:
            sent = vendor.submit(post, port, body)
            until(lambda: waiting(other, 1), "It was never stored.")
            for each in (server, worker, beat):
                each.popen.terminate()
        assert [each.ended() for each in (server, worker, beat)] == [0, 0, 0]
        assert sent.result(30).status_code == 200  # what was begun is answered
    with running(WORKER, BEATING):
        flight.post(1)
        flight.land("Nothing went on after it was started again.")

    assert Event.objects.filter(subject_id="9002").count() == 1
    flight.check()


def it_outlives_messages_of_another_release(worker: Process) -> None:
    """A task it does not know, and its own with what only a newer one takes."""
    app.send_task(TOMORROW, queue="process")
    for each in BEAT:
        app.send_task(each.task, args=["new"], queue=each.queue)
        app.send_task(each.task, kwargs={"new": 1}, queue=each.queue)
    until(
        lambda: TOMORROW in worker.said() and count(worker, "TypeError: ") >= len(BEAT),
        "It stopped taking messages.",
    )
    assert worker.popen.poll() is None
