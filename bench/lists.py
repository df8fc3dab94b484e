"""
W6 and W7: the lists of the desk over a million rows, and search in them, against a naive admin of
the same columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.test import Client as Browser

from bench import naive, report
from bench.measure import Spread
from bench.pages import Pair, figures, measured, queries, ratios, rows_on
from bench.seed import COMMON, MILLION, RARE, Seed
from config.embedded import postgres
from routing.desk.paging import keyed, place_of, terms_of
from routing.people.actors import Actor
from routing.work.items import WorkItem, soonest
from routing.work.visibility import work_seen_by

Spent = dict[str, dict[str, list[float]]]
QUEUE, REQUESTS = "/admin/routing/workitem/?whose=all", "/admin/delivery/request/?whose=all"
NAIVE_QUEUE, NAIVE_REQUESTS = (
    "/admin/routing/naiveitem/?is_open__exact=1",
    "/admin/routing/naiverequest/?item__is_open__exact=1",
)
DEEP, SIZE, MOST_QUERIES = 5_000, 50, 5
DEEPER = 1.1  # times the first page, at most
COLUMNS = "coalesce(w.next_due_at, '9999-12-31 00:00:00+00:00'::timestamptz), w.id"
ROWS = (
    """SELECT w.ref, w.title, c.name, u.full_name, w.state, w.priority, w.waiting_on, w.next_due_at
        FROM routing_workitem w
    JOIN routing_client c ON c.id = w.client_id LEFT JOIN routing_user u ON u.id = w.owner_id
    WHERE w.is_open AND NOT c.restricted AND {where} ORDER BY """
    + COLUMNS
    + " LIMIT 50"
)


def lists(server: postgres.Postgres, *, repetitions: int, scale: float) -> dict[str, Any]:
    """The first page, a filtered one and the five thousandth, of the work queue and of requests."""
    seed, browser = _set_up(server, scale)
    deep = min(DEEP, seed.rows // SIZE // 2)
    last = _row_before(seed, deep)
    after, offset = f"&after={place_of(*last)}&page={deep}", f"&p={deep}"
    client = WorkItem.objects.filter(pk=seed.rows // 3).values_list("client", flat=True).get()
    beyond = f"({COLUMNS}) > (SELECT {COLUMNS} FROM routing_workitem w WHERE w.id = {last[0].pk})"
    pairs = {
        "queue_first": Pair(QUEUE, NAIVE_QUEUE, ROWS.format(where="true")),
        "queue_filtered": Pair(
            f"{QUEUE}&client={client}&waiting_on=agency",
            f"{NAIVE_QUEUE}&client__id__exact={client}&waiting_on__exact=agency",
            ROWS.format(where=f"c.id = {client} AND w.waiting_on = 'agency'"),
        ),
        "queue_deep": Pair(QUEUE + after, NAIVE_QUEUE + offset, ROWS.format(where=beyond)),
        "requests_first": Pair(REQUESTS, NAIVE_REQUESTS, ROWS.format(where="true")),
        "requests_filtered": Pair(
            f"{REQUESTS}&state__exact=accepted",
            f"{NAIVE_REQUESTS}&state__exact=accepted",
            ROWS.format(where="w.state = 'accepted'"),
        ),
        "requests_deep": Pair(REQUESTS + after, NAIVE_REQUESTS + offset, ROWS.format(where=beyond)),
    }
    asked, checks = _checked(browser, pairs)
    spent = measured(browser, pairs, repetitions)
    found = {name: ratios(spent, [name], "naive") for name in pairs}
    deeper = {name: _deeper(spent, name) for name in ("queue", "requests")}
    checks |= {
        f"the deep page of {name} within {DEEPER} of the first": each.median <= DEEPER
        for name, each in deeper.items()
    }
    shown = {"rows": seed.rows, "queries": asked, "deep_page": deep, **figures(spent)}
    shown |= {f"{name}_deep_over_first": each for name, each in deeper.items()}
    over = {who: ratios(spent, list(pairs), who) for who in ("naive", "limit")} | {
        f"naive_{name}": each for name, each in found.items()
    }
    return report.one("lists", shown, over, checks)


def search(server: postgres.Postgres, *, repetitions: int, scale: float) -> dict[str, Any]:
    """
    A term that one title in all has, and one that every eighth has, in the same four fields on both
    sides.
    """
    seed, browser = _set_up(server, scale)
    pairs = {}
    for how, term in (("rare", RARE), ("common", COMMON)):
        rows = ROWS.format(where=f"upper(w.title) LIKE upper('%{term}%')")
        pairs[f"queue_{how}"] = Pair(f"{QUEUE}&q={term}", f"{NAIVE_QUEUE}&q={term}", rows)
        pairs[f"requests_{how}"] = Pair(f"{REQUESTS}&q={term}", f"{NAIVE_REQUESTS}&q={term}", rows)
    # Which clients are meant is a question of its own.
    asked, checks = _checked(browser, pairs, more=1)
    spent = measured(browser, pairs, repetitions)
    over = {who: ratios(spent, list(pairs), who) for who in ("naive", "limit")}
    for how in ("rare", "common"):
        over[f"naive_{how}"] = ratios(spent, [f"queue_{how}", f"requests_{how}"], "naive")
    over |= {f"naive_{name}": ratios(spent, [name], "naive") for name in pairs}
    return report.one(
        "search", {"rows": seed.rows, "queries": asked, **figures(spent)}, over, checks
    )


def _set_up(server: postgres.Postgres, scale: float) -> tuple[Seed, Browser]:
    call_command("migrate", database="owner", verbosity=0)
    seed = Seed.made(max(10_000, round(MILLION * scale)), server.url(postgres.SUPERUSER))
    naive.register()
    settings.ALLOWED_HOSTS = ["*"]
    settings.EMBEDDED = True  # no second factor
    browser = Browser()
    browser.force_login(seed.reader)
    return seed, browser


def _row_before(seed: Seed, page: int) -> tuple[WorkItem, list[Any]]:
    """The row that the page before this one ends with, and the order it stands in."""
    terms = terms_of(WorkItem, [soonest(), "id"])
    seen = work_seen_by(Actor.of(seed.reader)).filter(is_open=True)
    return keyed(seen, terms)[(page - 1) * SIZE - 1], terms


def _checked(
    browser: Browser, pairs: Mapping[str, Pair], more: int = 0
) -> tuple[dict[str, int], dict[str, bool]]:
    asked = {name: queries(browser, pair.ours) for name, pair in pairs.items()}
    checks = {
        f"{name}: the same rows in the same order": _same(browser, pair)
        for name, pair in pairs.items()
    }
    return asked, checks | {
        f"at most {MOST_QUERIES + more} queries": max(asked.values()) <= MOST_QUERIES + more
    }


def _same(browser: Browser, pair: Pair) -> bool:
    ours = rows_on(browser, pair.ours)
    return bool(ours) and ours == rows_on(browser, pair.naive)


def _deeper(spent: Spent, name: str) -> Spread:
    first, deep = (spent[f"{name}_{page}"]["ours"] for page in ("first", "deep"))
    return Spread.of([b / a for a, b in zip(first, deep, strict=True)])
