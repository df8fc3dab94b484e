"""Write the schedule of beat into the database, where beat reads it."""

from __future__ import annotations

from typing import Any

from django.apps.registry import Apps
from django.utils import timezone

from config.celery import BEAT

PREFIX = "throughline: "


def sync(apps: Apps, using: str = "default", **_: Any) -> None:
    """
    Update our entries after a migration.

    Entries that people disabled stay disabled, and those that they added stay. The models come from
    the migration state: saving the real ones would use the `default` alias, whose role may have no
    permissions yet.
    """
    try:
        interval, task, changed = (
            apps.get_model("django_celery_beat", name).objects.using(using)
            for name in ("IntervalSchedule", "PeriodicTask", "PeriodicTasks")
        )
    except LookupError:  # a migration back to before beat's tables
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
                # Without a worker, tasks must not pile up: the next one finds the same rows.
                "expire_seconds": beat.every_s,
            },
        )
    task.filter(name__startswith=PREFIX).exclude(task__in=[beat.task for beat in BEAT]).delete()
    changed.update_or_create(ident=1, defaults={"last_update": timezone.now()})
