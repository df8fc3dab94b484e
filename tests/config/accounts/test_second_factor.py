"""H16: a code of an authenticator app counts once, whatever it was used for."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth
from django.core.cache import cache
from django.test import Client as Browser
from django.urls import reverse

from routing.models import User
from tests.desk import words
from tests.world import make_user

PASSWORD = "correct horse battery"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_limits_left_by_others() -> None:
    cache.clear()


@pytest.fixture
def alice() -> User:
    return make_user("Alice", password=PASSWORD)


def code_of(secret: str, step: int = 0) -> str:
    counter = list(auth.yield_hotp_counters_from_time())[1] + step
    return auth.format_hotp_value(auth.hotp_value(secret, counter))


def in_with(user: User, code: str) -> bool:
    browser = Browser()
    browser.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    browser.post(reverse("mfa_authenticate"), {"code": code})
    return "_auth_user_id" in browser.session


def test_h16_a_code_signs_in_once_also_when_the_cache_is_emptied(alice: User) -> None:
    secret = auth.generate_totp_secret()
    auth.TOTP.activate(alice, secret)

    first = in_with(alice, code_of(secret))
    cache.clear()
    second = in_with(alice, code_of(secret))

    assert (first, second) == (True, False)


def test_h16_after_a_code_an_older_one_does_not_count_and_a_newer_one_does(alice: User) -> None:
    secret = auth.generate_totp_secret()
    auth.TOTP.activate(alice, secret)

    assert [in_with(alice, code_of(secret, step)) for step in (0, -1, 0, 1, 1)] == [
        *(True, False, False, True, False)
    ]


def test_h16_the_code_that_activated_the_app_does_not_sign_in(alice: User) -> None:
    browser = Browser()
    browser.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})
    browser.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    page: Any = browser.get(reverse("mfa_activate_totp"))
    secret = page.context["form"].secret

    browser.post(reverse("mfa_activate_totp"), {"code": code_of(secret)})

    assert Authenticator.objects.filter(user=alice, type="totp").exists()
    assert not in_with(alice, code_of(secret))
    assert in_with(alice, code_of(secret, 1))


def test_h16_recovery_codes_count_once(alice: User) -> None:
    auth.TOTP.activate(alice, auth.generate_totp_secret())
    browser = Browser()
    browser.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})
    from_app = Authenticator.objects.get(user=alice)
    assert from_app.type == "totp"
    answer = browser.post(reverse("mfa_authenticate"), {"code": "not a code"})

    assert "Incorrect code" in words(answer)
