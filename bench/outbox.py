"""
W8: changes that go out to a system over HTTP, through the outbox; beside a bare Celery task and a
procrastinate job each.
"""

from __future__ import annotations

import os
import random
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import count
from typing import Any

import httpx
from django.conf import settings
from django.core.management import call_command
from django.utils.timezone import now

from bench import orm, outbox_bare, report, services
from bench.measure import OURS, Spread
from bench.outbox_figures import arrivals, ratios
from bench.remote import COUNTED, KEY
from bench.world import World
from config.celery import app
from config.embedded import postgres
from delivery.requests.models import Request
from integrations.connections import operations as connections
from integrations.models import Connection, Outbound
from integrations.outbox.crm import VERB
from integrations.outbox.enqueue import NewMessage, enqueue
from routing.people.actors import Actor

CELERY, PROCRASTINATE = "celery", "procrastinate"
CONTENDERS: Sequence[str] = (OURS, CELERY, PROCRASTINATE)
AIMS = {CELERY: 0.5, PROCRASTINATE: 1.0}
CHANGES, FEWEST = 600, 60  # in each slice, at SCALE=1; at any
TOGETHER = 50  # written by one transaction
WORKERS = 2  # processes of each contender
CRM = "crm"
LOOK_S, DELIVERED_S = 0.05, 180
_numbers = count(1)


def outbox(_server: postgres.Postgres, *, repetitions: int, scale: float) -> dict[str, Any]:
    """
    Changes a second, from the first that is written until the rows of all say that they are
    delivered.
    """
    outbox_bare.make_tables(os.environ["DATABASE_OWNER_URL"])
    call_command("migrate", database="owner", verbosity=0)
    many = max(FEWEST, round(CHANGES * scale))
    rates: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    sent: dict[str, list[str]] = {name: [] for name in CONTENDERS}
    with _serving() as address:
        writes = _writes(address)
        for repetition in range(repetitions + 1):  # the first warms all
            for name in random.sample(CONTENDERS, len(CONTENDERS)):
                keys = [f"{name}-{next(_numbers)}" for _ in range(many)]
                spent = _slice(name, writes[name], keys)
                sent[name] += keys
                if repetition:
                    rates[name].append(many / spent)
        counted = httpx.get(address + COUNTED, trust_env=False).json()
    figures = {f"{name}_per_s": Spread.of(values) for name, values in rates.items()}
    about = {
        "changes": many,
        "worker_processes": WORKERS,
        "requests": counted["requests"],
        "aims": AIMS,
    }
    return report.one("outbox", about | figures, ratios(rates), _checks(sent, counted["changes"]))


def _checks(sent: Mapping[str, Sequence[str]], arrived: Mapping[str, int]) -> dict[str, bool]:
    found: dict[str, bool] = {}
    for name, keys in sent.items():
        held = arrivals(keys, arrived) | {"all rows say delivered": _delivered(name) == len(keys)}
        found |= {f"{name}: {what}": each for what, each in held.items()}
    return found


def _slice(name: str, write: Callable[[Sequence[str]], None], keys: Sequence[str]) -> float:
    """
    Return the seconds that these took; what is still under way after minutes is found by the
    checks.
    """
    before = _delivered(name)
    began = time.perf_counter()
    for start in range(0, len(keys), TOGETHER):
        write(keys[start : start + TOGETHER])
    while _delivered(name) - before < len(keys) and time.perf_counter() - began < DELIVERED_S:
        time.sleep(LOOK_S)
    return time.perf_counter() - began


def _delivered(name: str) -> int:
    if name == OURS:
        return Outbound.objects.filter(state=Outbound.State.DELIVERED).count()
    return outbox_bare.delivered(f"{name}-")


def _writes(address: str) -> dict[str, Callable[[Sequence[str]], None]]:
    """Return how each contender writes changes and hands them to its workers."""
    wanted = connections.ConnectionSettings(
        "hubspot",
        CRM,
        base_url=address,
        private=(address,),
        secret=secrets.token_hex(24),
        token=secrets.token_hex(24),
        settings={"portal_ids": [4242]},
    )
    crm, _new = connections.connect(wanted, by=Actor.system(), at=now())
    requests = orm.create_many(World.made("OUT"), TOGETHER)
    about = list(Request.objects.filter(pk__in=requests).values_list("item_id", flat=True))
    return {
        OURS: partial(by_ours, crm, about),
        CELERY: outbox_bare.by_celery,
        PROCRASTINATE: outbox_bare.by_procrastinate,
    }


def by_ours(crm: Connection, about: Sequence[int], keys: Sequence[str]) -> None:
    """
    Enqueue changes in one transaction: each of a deal of its own, about a piece of work, which is
    locked with it.
    """
    wanted = []
    for key, item in zip(keys, about, strict=False):
        deal = key.rpartition("-")[2]
        content = {"properties": {KEY: key}}
        wanted.append(
            NewMessage(crm.pk, key, VERB, f"deal:{deal}", content, remote_id=deal, item_id=item)
        )
    enqueue(wanted, by=Actor.system(), at=now())


@contextmanager
def _serving() -> Iterator[str]:
    """
    Start the other side, the product's worker and beat, and as many processes of procrastinate;
    where the other side is.
    """
    with ExitStack() as stack:
        store = services.store(stack)
        address = f"http://127.0.0.1:{_remote(stack)}"
        environ = services.environment(store, {outbox_bare.ADDRESS: address})
        broker = settings.ENV.model_copy(update={"redis_url": store.url}).broker
        app.conf.update(broker_url=broker)  # this process sends, too
        services.start(stack, "worker", services.WORKER, environ)
        services.start(stack, "beat", services.BEAT, environ)
        if PROCRASTINATE in CONTENDERS:
            for number in range(WORKERS):
                services.start(stack, f"jobs-{number}", [*services.PYTHON, "bench.jobs"], environ)
        yield address


def _remote(stack: ExitStack) -> int:
    """Return the port of the other side, which stops with the stack."""
    process = stack.enter_context(
        subprocess.Popen([sys.executable, "-m", "bench.remote"], stdout=subprocess.PIPE, text=True)
    )
    stack.callback(process.terminate)
    assert process.stdout
    return int(process.stdout.readline())
