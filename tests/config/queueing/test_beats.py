import pytest
from django.apps import apps
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from config.celery import BEAT, app
from config.queueing import beats

pytestmark = pytest.mark.django_db


def ours():
    return PeriodicTask.objects.filter(name__startswith=beats.PREFIX)


def test_migrating_writes_the_table_into_the_database():
    beats.sync(apps)

    found = {
        (task.task, task.interval.every, task.interval.period, task.queue, task.expire_seconds)
        for task in ours()
    }
    assert found == {
        (beat.task, beat.every_s, "seconds", beat.queue, beat.every_s) for beat in BEAT
    }


def test_every_task_of_the_table_is_there_and_in_a_queue_that_a_worker_reads():
    app.loader.import_default_modules()
    queues = {queue.name for queue in app.conf.task_queues}

    for beat in BEAT:
        assert beat.task in app.tasks
        assert app.amqp.router.route({}, beat.task)["queue"].name == beat.queue
        assert beat.queue in queues


def test_events_are_looked_for_every_few_seconds_and_seals_made_every_half_minute_and_clocks_swept_every_ten_seconds():  # noqa: E501
    assert {(beat.task, beat.every_s) for beat in BEAT} >= {
        ("routing.tasks.process", 5),
        ("routing.tasks.seal", 30),
        ("routing.tasks.escalate", 10),
        ("routing.tasks.refresh_rollups", 30),
    }


def test_what_people_switched_off_stays_off_and_what_they_added_stays():
    beats.sync(apps)
    ours().filter(task=BEAT[0].task).update(enabled=False)
    every = IntervalSchedule.objects.create(every=1, period="hours")
    PeriodicTask.objects.create(name="theirs", task="their.task", interval=every)

    beats.sync(apps)

    assert not ours().get(task=BEAT[0].task).enabled
    assert PeriodicTask.objects.filter(name="theirs").exists()


def test_what_left_the_table_leaves_the_database():
    every = IntervalSchedule.objects.create(every=1, period="hours")
    PeriodicTask.objects.create(name=f"{beats.PREFIX}old.task", task="old.task", interval=every)

    beats.sync(apps)

    assert not ours().filter(task="old.task").exists()
