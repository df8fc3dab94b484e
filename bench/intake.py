"""
W4: what HubSpot posts, verified, stored once and answered, with the worker running; beside a naive
hook and the limit.
"""

from __future__ import annotations

import json
import random
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http import HTTPStatus
from itertools import count
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from django.core.management import call_command
from django.db.models import Count
from django.utils.timezone import now

from bench import limit_hook, report, services
from bench.load_client import send_load
from bench.measure import Spread, quotients
from config.embedded import postgres
from config.up import ready
from integrations.adapters.hubspot.signing import SIGNATURE, TIMESTAMP, sign
from integrations.connections.operations import ConnectionSettings, connect
from integrations.models import Inbound
from routing.kernel.events import Dispatch, Event
from routing.people.actors import Actor
from routing.runs.models import RunEvent

PATHS = {"ours": "/hooks/ours/", "naive": "/naive/naive/", "limit": limit_hook.PLACE}
QUEUED = ("ours", "naive")  # what the worker then deals with; the limit leaves it nothing
CONNECTIONS, REQUESTS, TWICE = 16, 1_500, 10  # every tenth is one that was sent before
SECRET, HOST = limit_hook.SECRET, "bench.invalid"
READY_S, DRAINED_S = 90, 120
P99_AIM = 0.5
_numbers = count(1)


def intake(server: postgres.Postgres, *, repetitions: int, scale: float) -> dict[str, Any]:
    call_command("migrate", database="owner", verbosity=0)
    for slug in PATHS:
        connect(
            ConnectionSettings(
                "hubspot", slug, secret=SECRET, settings={"portal_ids": [4242], "app_id": 77}
            ),
            by=Actor.system(),
            at=now(),
        )
    rates: dict[str, list[float]] = {name: [] for name in PATHS}
    p50: dict[str, list[float]] = {name: [] for name in PATHS}
    p99: dict[str, list[float]] = {name: [] for name in PATHS}
    sent, refused = dict.fromkeys(PATHS, 0), 0
    with _serving() as port:
        for repetition in range(repetitions + 1):  # the first warms both
            for name in random.sample(list(PATHS), len(PATHS)):
                bodies = [_body() for _ in range(max(100, round(REQUESTS * scale)))]
                spent, took, statuses = send_load(
                    port, [_request(name, body) for body in _with_repeats(bodies)], CONNECTIONS
                )
                sent[name] += len(bodies)
                refused += sum(status != HTTPStatus.OK for status in statuses)
                if name in QUEUED:
                    _drained(name, sent[name])
                if repetition:
                    rates[name].append(len(took) / spent)
                    p50[name].append(median(took))
                    p99[name].append(quantiles(took, n=100)[98])
    over = {name: Spread.of(quotients(rates["ours"], rates[name])) for name in ("naive", "limit")}
    slow = Spread.of(quotients(p99["ours"], p99["naive"]))
    checks = {
        "every request was answered with 200": not refused,
        "p99 at most half of naive's": slow.median <= P99_AIM,
    }
    for name in QUEUED:
        checks |= {f"{name}: {what}": held for what, held in _kept(name, sent[name]).items()}
    checks["limit: none lost, none twice"] = (
        Inbound.objects.filter(connection__slug="limit").count() == sent["limit"]
    )
    figures: dict[str, Spread] = {}
    for unit, values in (("per_s", rates), ("p50_ms", p50), ("p99_ms", p99)):
        figures |= {f"{name}_{unit}": Spread.of(values[name]) for name in PATHS}
    return report.one(
        "intake",
        {"connections": CONNECTIONS, "body_bytes": len(_body()), **figures, "p99_over_naive": slow},
        over,
        checks,
    )


def _body() -> bytes:
    """
    One change of a deal, which no flow claims, so that what follows costs little on either side.
    """
    number = next(_numbers)
    event = {
        "eventId": number,
        "subscriptionId": 1003,
        "portalId": 4242,
        "appId": 77,
        "occurredAt": int(time.time() * 1000) - 1000,
        "subscriptionType": "deal.propertyChange",
        "attemptNumber": 0,
        "objectId": 9_000_000 + number,
        "propertyName": "amount",
        "propertyValue": f"{number} " + "x" * 200,
        "changeSource": "CRM_UI",
        "sourceId": "userId:7",
    }
    return json.dumps([event]).encode()


def _with_repeats(bodies: list[bytes]) -> Iterator[bytes]:
    for place, body in enumerate(bodies):
        yield body
        if place % TWICE == TWICE - 1:
            yield bodies[place - TWICE // 2]


def _request(slug: str, body: bytes) -> bytes:
    stamp = str(int(time.time() * 1000))
    signature = sign(SECRET, "POST", f"http://{HOST}/hooks/{slug}/", body, stamp)
    head = (
        f"POST {PATHS[slug]} HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: "
        f"application/json\r\nContent-Length: {len(body)}\r\n"
        f"{SIGNATURE}: {signature}\r\n{TIMESTAMP}: {stamp}\r\n\r\n"
    )
    return head.encode() + body


def _drained(slug: str, sent: int) -> None:
    """
    Until the worker has dealt with every event: a queue left over would weigh on the next
    contender.
    """
    until = time.monotonic() + DRAINED_S
    while RunEvent.objects.filter(event__source=slug).count() < sent or Dispatch.objects.exists():
        if time.monotonic() > until:
            return
        time.sleep(0.1)


def _kept(slug: str, sent: int) -> dict[str, bool]:
    events = Event.objects.filter(source=slug)
    twice = (
        RunEvent.objects.filter(event__source=slug)
        .values("event")
        .annotate(times=Count("pk"))
        .filter(times__gt=1)
    )
    return {
        "none lost": events.count() >= sent,
        "none twice": events.count() <= sent and not twice.exists(),
        "every event was dealt with": _all_dealt(slug, sent),
    }


def _all_dealt(slug: str, sent: int) -> bool:
    return RunEvent.objects.filter(event__source=slug).count() == sent


@contextmanager
def _serving() -> Iterator[int]:
    """Valkey, web and worker as `make run` starts them."""
    var = services.var_dir()
    (var / "metrics").mkdir()
    with ExitStack() as stack:
        store = services.store(stack)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        more = {
            "BIND": f"127.0.0.1:{port}",
            "LOG_LEVEL": "INFO",
            "PROMETHEUS_MULTIPROC_DIR": str(var / "metrics"),
        }
        environ = services.environment(store, more)
        web = [*services.PYTHON, "gunicorn", "-c", "python:config.web.gunicorn", "bench.web"]
        services.start(stack, "web", web, environ)
        services.start(stack, "worker", services.WORKER, environ)
        _wait(port, var / "web.log")
        yield port


def _wait(port: int, log: Path) -> None:
    until = time.monotonic() + READY_S
    while not ready(port):
        if time.monotonic() > until:
            raise OSError(
                f"The web server did not become ready. Its log ends:\n{log.read_text()[-2000:]}"
            )
        time.sleep(0.3)
