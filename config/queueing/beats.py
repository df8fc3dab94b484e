"""Write the table of what beat starts into the database, where beat reads it."""

from __future__ import annotations

from typing import Any

from django.apps.registry import Apps
from django.utils import timezone

from config.celery import BEAT

PREFIX = "throughline: "


def sync(apps: Apps, using: str = "default", **_: Any) -> None:
    """
    After a migration: ours as the table says. What people switched off stays off, what they added
    stays.

    Takes the models of the migration state: saving the real ones would touch the `default` alias,
    whose role may have no rights yet.
    """
    try:
        interval, task, changed = (
            apps.get_model("django_celery_beat", name).objects.using(using)
            for name in ("IntervalSchedule", "PeriodicTask", "PeriodicTasks")
        )
    except LookupError:  # migrated back to before beat's tables
        return
    for beat in BEAT:
        every, _made = interval.get_or_create(every=beat.every_s, period="seconds")
        task.update_or_create(
            name=PREFIX + beat.task,
            defaults={
                "task": beat.task,
                "interval": every,
                "queue": beat.queue,
                "crontab": None,
                # While no worker runs, wake-ups do not pile up: the next tick is as good.
                "expire_seconds": beat.every_s,
            },
        )
    task.filter(name__startswith=PREFIX).exclude(task__in=[beat.task for beat in BEAT]).delete()
    changed.update_or_create(ident=1, defaults={"last_update": timezone.now()})
