"""Workers in processes of their own, killed with -9 at any moment; the last one is let finish."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time

from django.db import connection

from routing.people.clients import Client

KILLS = 4


def work_and_be_killed(client: Client) -> None:
    """Kill a few workers at work, then let one work until nothing is due."""
    chance = random.Random(7)  # noqa: S311  # not for secrets
    killed = 0
    for _ in range(KILLS):
        with _worker(client) as victim:
            # The moment is the point; the test holds whenever it falls.
            time.sleep(chance.uniform(0.05, 0.6))
            victim.kill()
        killed += victim.returncode != 0
    with _worker(client) as last:
        assert last.wait(timeout=120) == 0
    assert killed > 0


def _worker(client: Client) -> subprocess.Popen[str]:
    """A worker process on this test's database."""
    parts = connection.settings_dict
    host = parts["HOST"].replace("/", "%2F")
    dsn = f"postgresql://{parts['USER']}:{parts['PASSWORD']}@/{parts['NAME']}?host={host}"
    env = {**os.environ, "DATABASE_URL": dsn, "DJANGO_SETTINGS_MODULE": "config.settings"}
    started = subprocess.Popen(
        [sys.executable, "-m", "tests.journeys.worker", str(client.pk)],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert started.stdout is not None
    assert started.stdout.readline() == "ready\n"
    return started
