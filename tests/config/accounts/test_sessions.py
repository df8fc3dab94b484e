"""H16: whoever reads the session table, or a backup of it, gets into nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import connection
from django.test import Client as Browser

from config.accounts.sessions import SessionStore
from config.paths import ROOT
from routing.models import Contact
from tests.config.accounts.test_code_signin import ask, code_in, letter_after
from tests.desk import signed_in
from tests.portal import APPROVER, invited, user_of
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_limits_left_by_others() -> None:
    cache.clear()


@pytest.fixture
def carla(world: World) -> Contact:
    return invited(world, "Carla", (world.acme, APPROVER))


def table() -> str:
    """The whole of it, as a dump would have it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT session_key || ' ' || session_data FROM django_session")
        return "\n".join(row[0] for row in cursor.fetchall())


def test_h16_neither_codes_nor_keys_stand_in_the_session_table(carla: Contact) -> None:
    browser = Browser()
    letter = letter_after(lambda: ask(browser, carla.email))
    store = SessionStore(browser.cookies["throughline_session"].value)
    code, found = code_in(letter), table()

    assert code in json.dumps(dict(store.items()))
    assert code not in found
    assert browser.cookies["throughline_session"].value not in found
    assert carla.email not in found


def test_h16_the_table_is_of_no_use_as_a_cookie(carla: Contact) -> None:
    signed_in(user_of(carla))
    thief = Browser()
    thief.cookies["throughline_session"] = Session.objects.get().session_key

    assert thief.get("/portal/").status_code == 302


def test_a_session_lives_changes_and_ends_as_before() -> None:
    store = SessionStore()
    store["a"] = 1
    store.create()
    key = str(store.session_key)
    store["a"] = 2
    store.save()

    assert SessionStore(key)["a"] == 2
    assert store.exists(key)
    store.cycle_key()
    assert not store.exists(key)
    assert SessionStore(str(store.session_key))["a"] == 2
    store.flush()
    assert not Session.objects.exists()


def test_a_session_from_before_or_under_a_key_that_is_gone_is_an_empty_one() -> None:
    store = SessionStore()
    store["a"] = 1
    store.create()
    Session.objects.update(session_data="eyJhIjoxfQ:1wABcd:signature")

    assert dict(SessionStore(store.session_key).items()) == {}


def test_h16_no_cookie_outlives_the_browser(carla: Contact) -> None:
    """Contacts and staff alike: nobody is remembered."""
    browser = Browser()
    letter = letter_after(lambda: ask(browser, carla.email))

    answer = browser.post("/accounts/login/code/confirm/", {"code": code_in(letter)})

    cookie = answer.cookies["throughline_session"]
    assert (cookie["max-age"], cookie["expires"]) == ("", "")


def test_signing_out_empties_what_the_browser_keeps(carla: Contact) -> None:
    answer = signed_in(user_of(carla)).post("/accounts/logout/")

    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'


def test_cookies_of_a_site_with_https_belong_to_its_host_alone() -> None:
    """In a process of its own, since settings are read once."""
    environ = os.environ | {"SITE_URL": "https://work.example.com"}
    words = (
        "from django.conf import settings as s; "
        "print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.SESSION_COOKIE_SECURE)"
    )
    done = subprocess.run(
        [sys.executable, "-c", words],
        env=environ,
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )

    assert done.stdout.split() == ["__Host-throughline_session", "__Host-throughline_csrf", "True"]
