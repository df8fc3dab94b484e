"""Faults of Valkey, which only wakes workers."""

from __future__ import annotations

import os
import signal
from time import monotonic, sleep

from redis import Redis

from demo.drills import product
from demo.drills.deals import OK, SOON_S, comes_through, make, post_until_kept
from demo.drills.registry import DrillField, drill

FROZEN_S = 10.0


@drill(27, about_s=60)
def broker_frozen(field: DrillField) -> None:
    """Valkey is frozen for ten seconds while deals come in, and forgets everything."""
    job = make(field, "Broker frozen")
    pid = product.process("valkey")
    with field.fault(lambda: product.thaw(pid)):
        product.send("valkey", signal.SIGSTOP)
        began = monotonic()
        answers = post_until_kept(field)
        took_s = monotonic() - began
        sleep(FROZEN_S)
    field.count("answers", answers, holds=answers[-1] == OK)
    field.count("answered_in_s", round(took_s, 2), holds=took_s < SOON_S)
    with Redis.from_url(os.environ["REDIS_URL"]) as client:
        client.flushall()
    comes_through(field, job)


@drill(27, about_s=60)
def broker_killed(field: DrillField) -> None:
    """Valkey is killed while a deal comes in."""
    job = make(field, "Broker killed")
    with field.fault():
        product.send("valkey", signal.SIGKILL)
        answers = post_until_kept(field)
    field.count("answers", answers, holds=answers[-1] == OK)
    comes_through(field, job, 150)


@drill(28, about_s=45)
def broker_hangs_up(field: DrillField) -> None:
    """Valkey ends every connection, ten times."""
    job = make(field, "Broker hangs up")
    with field.fault(), Redis.from_url(os.environ["REDIS_URL"]) as client:
        post_until_kept(field)
        for _ in range(10):
            client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            sleep(0.3)
    comes_through(field, job)
