"""H14: links lead to SITE_URL, whatever a client says about the address it used."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.core import mail
from django.core.cache import cache
from django.core.exceptions import SuspiciousOperation
from django.test import Client as Browser
from django.test import RequestFactory
from pytest_django import Settings

from config.web.links import LinksMiddleware
from tests.world import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_limits_left_by_others() -> None:
    cache.clear()


@pytest.mark.parametrize(
    "said",
    [
        {"HTTP_HOST": "testserver:6666"},
        {"HTTP_HOST": "testserver", "HTTP_X_FORWARDED_HOST": "evil.example"},
        {"HTTP_HOST": "testserver", "HTTP_X_FORWARDED_PORT": "6666"},
        {"HTTP_HOST": "testserver", "SERVER_PORT": "6666"},
        {"HTTP_HOST": "testserver", "SCRIPT_NAME": "/elsewhere"},
    ],
)
def test_h14_a_reset_link_leads_to_the_site(settings: Settings, said: dict[str, Any]) -> None:
    settings.SITE_URL = "https://work.example.com"
    alice = make_user("Alice", password="correct horse battery")
    before = len(mail.outbox)

    Browser().post("/accounts/password/reset/", {"email": alice.email}, **said)

    until = time.monotonic() + 20
    while len(mail.outbox) == before and time.monotonic() < until:
        time.sleep(0.01)
    text = str(mail.outbox[before].body)
    assert "https://work.example.com/" in text
    assert "6666" not in text
    assert "evil.example" not in text
    assert "testserver" not in text


@pytest.mark.parametrize(
    ("location", "link"),
    [
        (None, "https://work.example.com/here/?a=1"),
        ("/there/?b=2", "https://work.example.com/there/?b=2"),
        ("there/", "https://work.example.com/here/there/"),
        ("https://elsewhere.example/x", "https://elsewhere.example/x"),
        ("/ü", "https://work.example.com/%C3%BC"),
    ],
)
def test_every_absolute_link_is_built_from_the_site(
    settings: Settings, location: Any, link: str
) -> None:
    settings.SITE_URL = "https://work.example.com"
    request = RequestFactory().get("/here/?a=1", headers={"host": "testserver:6666"})
    LinksMiddleware(lambda _: None)(request)  # type: ignore[arg-type, return-value]

    assert request.build_absolute_uri(location) == link


@pytest.mark.parametrize("query", ["q=a%00b", "%00=a", "q=a\0b"])
def test_a_query_that_holds_a_nul_is_refused_however_it_is_written(query: str) -> None:
    request = RequestFactory().get("/here/", QUERY_STRING=query)

    with pytest.raises(SuspiciousOperation):
        LinksMiddleware(lambda _: None)(request)  # type: ignore[arg-type, return-value]
