"""H6: a secret in a path or an address is masked in every log, whoever writes it."""

from __future__ import annotations

import io
import json
import logging
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from django.core.cache import cache
from django.test import Client as Browser
from django.test import RequestFactory

from config.observe import logs
from config.observe.masks import MOST_CHARACTERS, mask

KEY = "1a-cx5t7a-2f4b8d1e9c7a6b5d4e3f2a1b0c9d8e7f"


@pytest.fixture(params=[False, True], ids=["json", "console"])
def written(settings: Any, request: pytest.FixtureRequest) -> Iterator[Callable[[], str]]:
    out = io.StringIO()
    lines = logs.config(level="INFO", console=request.param)
    lines["handlers"]["stderr"]["stream"] = out
    logs.configure(lines)
    yield out.getvalue
    logs.configure(settings.LOGGING)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (f"GET /accounts/password/reset/key/{KEY}/", "GET /accounts/password/reset/key/***/"),
        ("/invitations/abcdef/", "/invitations/***/"),
        ("/portal/invite/hello-world", "/portal/invite/***"),
        ("/unsubscribe/anna", "/unsubscribe/***"),
        ("/x/q7x2k9fa3b/", "/x/***/"),
        ("https://a.test/t/eyJhbGciOiJIUzI1NiJ9.e30.abc", "https://a.test/t/***"),
        ("see https://a.test/x?token=1&y=2 now", "see https://a.test/x?*** now"),
        ("/login/?next=/accounts/password/reset/key/x/", "/login/?***"),
        ("/login/#token", "/login/#***"),
        ("next=%2Faccounts%2Fkey%2Fabc", "***"),
        ("redis://:pass@host/0", "redis://***@host/0"),
        ("/accounts/login/code/confirm/", "/accounts/login/code/confirm/"),
        ("/accounts/password/reset/key/done/", "/accounts/password/reset/key/done/"),
        ("/portal/requests/ACM-142/files/7/", "/portal/requests/ACM-142/files/7/"),
        ("/site/acme/offer-for-spring-2026/", "/site/acme/offer-for-spring-2026/"),
        ("/admin/routing/workitem/12/change/", "/admin/routing/workitem/12/change/"),
        ('File "/app/config/web/errors.py", line 12', 'File "/app/config/web/errors.py", line 12'),
        ("nothing here", "nothing here"),
        ("Illegal header value b'Bearer abc123def456'", "Illegal header value b'Bearer ***'"),
        ("authorization: Basic dXNlcjpwYXNz=", "authorization: Basic ***"),
        ("it was whsec_MfKQ9r8GKYqrTwjUPD8I", "it was whsec_***"),
        ("pat-eu1-0a1b2c3d-1111-2222-3333-444455556666", "pat-eu1-***"),
        (
            "Use basic authentication for the bearer of it",
            "Use basic authentication for the bearer of it",
        ),
    ],
)
def test_h6_what_is_secret_by_its_place_is_masked_and_the_rest_stays(
    text: str, masked: str
) -> None:
    assert mask(text) == masked


def raised(path: str) -> None:
    try:
        {"a": 1}[path]
    except KeyError:
        logging.getLogger("gunicorn.error").exception("Error handling request %s", path)
        structlog.get_logger("routing").exception("failed", where=[{"at": path}])


def warned(path: str) -> None:
    request = RequestFactory().get(path)
    extra = {"request": request, "status_code": 500}
    logging.getLogger("django.request").error("Internal Server Error: %s", path, extra=extra)
    logging.getLogger("django.security.csrf").warning("Forbidden (%s): %s", "no", path)
    logging.getLogger("celery").warning("Invalid request from ip: %s", {path})


@pytest.mark.parametrize("how", [raised, warned])
def test_h6_no_logger_writes_it_neither_in_a_message_nor_in_a_traceback(
    written: Callable[[], str], how: Callable[[str], None]
) -> None:
    how(f"/accounts/password/reset/key/{KEY}/")

    assert "/accounts/password/reset/key/***/" in written()
    assert "2f4b8d1e" not in written()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path",
    [
        f"/accounts/password/reset/key/{KEY}/",
        f"/accounts/password/reset/%6Bey/{KEY}/",
        f"/invite/{KEY}/",
        f"/accounts/login/?next=/accounts/password/reset/key/{KEY}/",
        f"/sent/{KEY}",
    ],
)
def test_h6_the_access_log_of_a_request_has_no_key_whatever_the_answer(
    written: Callable[[], str], path: str
) -> None:
    cache.clear()

    Browser(raise_request_exception=False).get(path)

    assert "request_finished" in written()
    assert "2f4b8d1e" not in written()


def test_a_line_that_was_cut_still_ends_as_it_did() -> None:
    text = mask("a " * MOST_CHARACTERS + "KeyError")

    assert len(text) < MOST_CHARACTERS + 10
    assert text.endswith("KeyError")


@pytest.mark.parametrize("piece", ["/", "/-", "a/", "://", "@", "?/", "%2F", "/key"])
def test_masking_takes_no_longer_than_writing(piece: str) -> None:
    began = time.thread_time()

    mask(piece * (MOST_CHARACTERS // len(piece)))

    assert time.thread_time() - began < 0.2


def test_json_of_objects_is_text_and_numbers_stay_numbers(settings: Any) -> None:
    assert logs.hide({"a": 1, "b": None, "c": ValueError("x"), "session_key": "s"}) == {
        "a": 1,
        "b": None,
        "c": "x",
        "session_key": "***",
    }
    assert json.dumps(logs.hide([1.5, True])) == "[1.5, true]"
