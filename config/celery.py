"""The Celery application, its queues and what beat starts."""

from __future__ import annotations

import gc
import os
import signal
from dataclasses import dataclass
from functools import partial
from typing import Any

from celery import Celery, signals
from django.conf import settings
from django_structlog.celery.steps import DjangoStructLogInitStep

from config.embedded import processes
from config.observe import logs
from config.queueing import broker

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

broker.install()
app = Celery("throughline")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add(DjangoStructLogInitStep)


@dataclass(frozen=True, slots=True)
class Beat:
    task: str
    every_s: int
    queue: str = "sweep"


# Fixed intervals only. A task finds out from the rows what is due, so beat needs no calendar.
BEAT = (
    Beat("routing.tasks.process", every_s=5, queue="process"),
    Beat("routing.tasks.seal", every_s=30),
    Beat("routing.tasks.sweep_files", every_s=3600),
    Beat("routing.tasks.escalate", every_s=10),
    Beat("routing.tasks.sweep_occurrences", every_s=10),
    Beat("routing.tasks.own_failures", every_s=300),
    Beat("routing.tasks.resume_due", every_s=60),
    Beat("routing.tasks.prepare_reviews", every_s=3600),
    Beat("integrations.tasks.read", every_s=5, queue="reading"),
    # Seconds of computing each, so not beside events and clocks.
    Beat("routing.tasks.draw_previews", every_s=5, queue="outbound-slow"),
    Beat("routing.tasks.refresh_rollups", every_s=30, queue="outbound-slow"),
    Beat("routing.tasks.write_exports", every_s=5, queue="outbound-slow"),
    Beat("routing.tasks.recount_promises", every_s=5, queue="outbound-slow"),
    Beat("routing.tasks.look_at_cover", every_s=600, queue="outbound-slow"),
    Beat("integrations.tasks.deliver", every_s=5, queue="outbound"),
    Beat("integrations.tasks.watch_incidents", every_s=10),
    Beat("integrations.tasks.probe", every_s=5, queue="outbound-slow"),
    Beat("integrations.tasks.compare_shapes", every_s=60),
    Beat("integrations.tasks.reconcile", every_s=30, queue="outbound-slow"),
    Beat("delivery.tasks.expire_approvals", every_s=60),
    Beat("delivery.tasks.remind_clients", every_s=60),
    Beat("delivery.tasks.sweep_endings", every_s=600),
    # Seconds of computing each, so not beside events and clocks.
    Beat("delivery.tasks.make_reports", every_s=60, queue="outbound-slow"),
)
app.conf.task_routes = {beat.task: {"queue": beat.queue} for beat in BEAT}


@signals.setup_logging.connect
def _log_like_the_web(**_: Any) -> None:
    logs.configure(settings.LOGGING)


@signals.worker_before_create_process.connect
def _share_memory(**_: Any) -> None:
    # The collector writes into each object that it looks at, and so makes a copy of it in each
    # child. What is there before a child begins is not looked at again, and stays shared.
    gc.collect()
    gc.freeze()


@signals.worker_init.connect
def _tie_children(**_: Any) -> None:
    # Noted before there are children: one whose worker has ended already sees another parent.
    signals.worker_process_init.connect(partial(_end_with, os.getpid()), weak=False)


def _end_with(worker: int, **_: Any) -> None:
    # Without this, kill -9 of the worker leaves a busy pool process behind with its database
    # connection.
    if os.getpid() != worker:  # the solo pool has no children
        processes.die_with(worker, signal.SIGKILL)
