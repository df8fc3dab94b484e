"""
W9: pages of the desk over the demo agency: how often each asks the database, and how long the
server takes.
"""

from __future__ import annotations

import io
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from statistics import median
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bench import report
from bench.measure import Spread
from config.embedded import postgres
from delivery.briefs.models import Brief
from delivery.deliverables.models import Deliverable
from delivery.requests.models import Request
from routing.kernel.roles import Role
from routing.people.actors import Actor
from routing.people.staff import User
from routing.work.visibility import work_seen_by

TIMES, MOST_QUERIES = 20, 25  # requests of each page a repetition
AIMS_MS = {"frame": 8, "request": 100, "brief": 100, "deliverable": 100}


@dataclass(frozen=True, slots=True)
class PageTimes:
    """
    Milliseconds: until the page was there, and of those the web process's own work, which a busy
    machine changes little.
    """

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


def pages(server: postgres.Postgres, *, repetitions: int, scale: float) -> dict[str, Any]:
    """
    Measure the frame of every page, and for each model the page with the most queries.

    :param scale: of the number of requests
    """
    browser, reader = _set_up()
    seen = work_seen_by(Actor.of(reader)).order_by()
    asked = {"frame": (_queries(browser, reverse("mail")), reverse("mail"))}
    for model in (Request, Brief, Deliverable):
        page = f"admin:{model._meta.app_label}_{model._meta.model_name}_change"
        rows = model._default_manager.filter(item__in=seen).order_by("pk")
        addresses = [reverse(page, args=[pk]) for pk in rows.values_list("pk", flat=True)]
        counted = [(_queries(browser, each), each) for each in addresses]
        asked[str(model._meta.model_name)] = max(counted)
    addresses_of = {name: address for name, (_, address) in asked.items()}
    spent = _measured(browser, addresses_of, repetitions, max(3, round(TIMES * scale)))
    figures: dict[str, Any] = {
        "queries": {name: queries for name, (queries, _) in asked.items()},
        "aims_ms": AIMS_MS,
    }
    figures |= {
        name: {"ours_ms": Spread.of(each.wall), "cpu_ms": Spread.of(each.cpu)}
        for name, each in spent.items()
    }
    checks = {
        f"at most {MOST_QUERIES} queries: {name}": queries <= MOST_QUERIES
        for name, (queries, _) in asked.items()
    }
    return report.one("pages", figures, {}, checks)


def _set_up() -> tuple[Browser, User]:
    """The demo, and an account manager of it who is signed in."""
    call_command("migrate", database="owner", verbosity=0)
    settings.ALLOWED_HOSTS = ["*"]
    settings.EMBEDDED = True  # no second factor
    call_command("demo", stdout=io.StringIO())
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # as autovacuum would
    browser = Browser()
    reader = User.objects.filter(groups__name=Role.ACCOUNT_MANAGER).order_by("pk")[0]
    browser.force_login(reader)
    return browser, reader


def _queries(browser: Browser, address: str) -> int:
    """All of them, those for the session and the user too."""
    with CaptureQueriesContext(connection) as asked:
        answer = browser.get(address)
    if answer.status_code != HTTPStatus.OK:
        raise AssertionError(f"{address} answers {answer.status_code}")
    return len(asked)


def _measured(
    browser: Browser, addresses: Mapping[str, str], repetitions: int, times: int
) -> dict[str, PageTimes]:
    """Milliseconds a page, one median a repetition; pages take turns in random order."""
    spent = {name: PageTimes() for name in addresses}
    for _ in range(repetitions):
        taken = {name: PageTimes() for name in addresses}
        turns = list(addresses) * times
        for name in random.sample(turns, len(turns)):
            start, busy = time.perf_counter(), time.process_time()
            browser.get(addresses[name])
            taken[name].cpu.append((time.process_time() - busy) * 1000)
            taken[name].wall.append((time.perf_counter() - start) * 1000)
        for name, each in taken.items():
            spent[name].wall.append(median(each.wall))
            spent[name].cpu.append(median(each.cpu))
    return spent
