"""Figures of the web: by names of our own, each thing once, and one sum over all processes."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis
from django.core.cache import cache
from django.db import connection
from django.http import HttpResponse
from django.test import Client as Browser
from prometheus_client import REGISTRY

from config.observe import metrics
from config.storage.cache import CountedCache
from routing.kernel.sql import run
from tests.processes import running, until
from tests.threads import at_once
from tests.webserver import WEB, answers

PORT = 18_431
TIMED = "django_http_requests_latency_seconds_by_view_method_count"


def figure(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def sum_of(text: str, name: str, **labels: str) -> float:
    """Add up the samples of a name that have these labels among theirs."""
    wanted = {f'{key}="{value}"' for key, value in labels.items()}
    lines = [line for line in text.splitlines() if line.startswith(f"{name}{{")]
    return sum(
        float(line.rsplit(" ", 1)[1])
        for line in lines
        if wanted <= set(re.findall(r'\w+="[^"]*"', line))
    )


@pytest.mark.django_db
def test_requests_are_counted_by_view_and_not_by_address(client: Browser) -> None:
    client.get("/accounts/login/?email=someone@example.com")
    client.get("/nowhere/someone@example.com")

    text = client.get("/metrics").content.decode()

    login = {"method": "GET", "status": "200", "view": "account_login"}
    assert sum_of(text, "django_http_responses_total_by_status_view_method_total", **login) >= 1
    assert sum_of(text, TIMED, method="GET", view="account_login") >= 1
    assert "someone" not in text


@pytest.mark.django_db
def test_a_method_of_the_callers_own_is_no_label(client: Browser) -> None:
    client.generic("BREW", "/accounts/login/")

    text = client.get("/metrics").content.decode()

    assert "BREW" not in text
    assert sum_of(text, TIMED, method="other", view="account_login") == 1


def test_a_length_that_is_no_number_goes_on_to_whoever_refuses_it(rf: Any) -> None:
    request = rf.post("/", headers={"content-length": "many"})
    count = metrics.MetricsMiddleware(lambda _: HttpResponse(status=411))

    assert count(request).status_code == 411


def test_a_request_that_failed_is_timed_once(rf: Any) -> None:
    request = rf.get("/")
    count = metrics.MetricsMiddleware(lambda _: HttpResponse(status=500))
    before = figure(TIMED, view="<unnamed view>", method="GET")
    failed = figure("django_http_exceptions_total_by_type_total", type="KeyError")

    count.process_request(request)
    count.process_exception(request, KeyError())
    count.process_response(request, HttpResponse(status=500))

    assert figure(TIMED, view="<unnamed view>", method="GET") == before + 1
    assert figure("django_http_exceptions_total_by_type_total", type="KeyError") == failed + 1


@pytest.mark.django_db
@pytest.mark.parametrize("logged", [False, True])
def test_statements_of_our_own_are_counted_like_djangos(logged: bool) -> None:
    connection.ensure_connection()
    of_ours = {"alias": "default", "vendor": "postgresql"}
    before = figure("django_db_execute_total", **of_ours)

    connection.force_debug_cursor = logged
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        run("SELECT 2")
    finally:
        connection.force_debug_cursor = False

    assert figure("django_db_execute_total", **of_ours) == before + 2


def test_the_cache_counts_what_was_found_and_what_was_not() -> None:
    names = [f"django_cache_get_{what}_total" for what in ("hits", "misses")]
    cache.set("there", None)
    before = [figure(name, backend="native_redis") for name in names]

    assert cache.get("there", "else") is None
    assert cache.get("nowhere", "else") == "else"

    after = [figure(name, backend="native_redis") for name in names]
    assert [now - then for now, then in zip(after, before, strict=True)] == [1, 1]
    cache.delete("there")


def test_a_cache_that_is_away_counts_as_failed() -> None:
    away = CountedCache("unix:///nonexistent/valkey?db=0", {})
    before = figure("django_cache_get_fail_total", backend="native_redis")

    with pytest.raises(redis.ConnectionError):
        away.get("anything")

    assert figure("django_cache_get_fail_total", backend="native_redis") == before + 1


@pytest.mark.real_clock
@pytest.mark.django_db(transaction=True)
def test_several_processes_of_one_server_show_one_sum(tmp_path: Path) -> None:
    here: dict[str, Any] = {
        "headers": {"host": "localhost"},
        "trust_env": False,
        "timeout": 30,
    }
    environ = {"WEB_WORKERS": "3", "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    with running(WEB, BIND=f"127.0.0.1:{PORT}", **environ):
        until(lambda: answers(PORT), "The web server did not start.")
        login_page = partial(httpx.get, f"http://127.0.0.1:{PORT}/accounts/login/", **here)
        for _ in range(30):
            login_page().raise_for_status()
        texts = {httpx.get(f"http://127.0.0.1:{PORT}/metrics", **here).text for _ in range(10)}
        # And one of the process that imported everything for the others, and counts nothing itself.
        # Some at once, because one process may take all that come one after the other.
        until(
            lambda: len(list(tmp_path.glob("counter_*.db"))) == 1 + 3,
            "A process counts nothing.",
            lambda: at_once([login_page] * 6),
        )

    login = {"method": "GET", "status": "200", "view": "account_login"}
    name = "django_http_responses_total_by_status_view_method_total"
    assert {sum_of(text, name, **login) for text in texts} == {30}
