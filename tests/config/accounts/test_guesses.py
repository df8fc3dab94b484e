"""H15: guessing is limited on every form, and nobody can lock somebody else out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.totp.internal import auth
from django.core.cache import cache
from django.test import Client as Browser
from django.urls import reverse

from routing.models import Contact, User
from tests.desk import signed_in, words
from tests.portal import APPROVER, invited
from tests.world import World, make_user

PASSWORD = "correct horse battery"
LOGIN, ASK = "/accounts/login/", "/accounts/login/code/"
TOO_MANY = "There were too many wrong attempts"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_limits_left_by_others() -> None:
    cache.clear()


@pytest.fixture
def alice(settings: Any) -> User:
    settings.EMBEDDED = True
    return make_user("Alice", password=PASSWORD)


@pytest.fixture
def carla(world: World) -> Contact:
    return invited(world, "Carla", (world.acme, APPROVER))


def sign_in(browser: Browser, user: User, password: str = PASSWORD, sender: str = "") -> Any:
    more: dict[str, Any] = {"REMOTE_ADDR": sender} if sender else {}
    return browser.post(LOGIN, {"login": user.email, "password": password}, **more)


def is_in(browser: Browser) -> bool:
    return "_auth_user_id" in browser.session


def guess_from_everywhere(user: User) -> None:
    """From many addresses, with as many guesses as each may have."""
    for number in range(11):
        for _ in range(5):
            sign_in(Browser(), user, "wrong", sender=f"203.0.113.{number}")


def test_h15_guessing_from_elsewhere_does_not_lock_a_person_out(alice: User) -> None:
    for _ in range(6):
        sign_in(Browser(), alice, "wrong", sender="203.0.113.7")
    browser = Browser()

    sign_in(browser, alice)

    assert is_in(browser)


def test_h15_a_device_that_was_known_gets_in_while_the_account_is_under_attack(
    alice: User,
) -> None:
    known, unknown = Browser(), Browser()
    sign_in(known, alice)
    known.post("/accounts/logout/")
    guess_from_everywhere(alice)

    sign_in(known, alice)
    answer = sign_in(unknown, alice)

    assert is_in(known)
    assert not is_in(unknown)
    assert TOO_MANY in words(answer)


def test_h15_a_known_device_has_few_guesses_too(alice: User) -> None:
    browser = Browser()
    sign_in(browser, alice)
    browser.post("/accounts/logout/")
    for _ in range(5):
        sign_in(browser, alice, "wrong")

    assert TOO_MANY in words(sign_in(browser, alice))


def test_h15_a_device_of_one_account_is_a_stranger_to_another(alice: User) -> None:
    bob = make_user("Bob", password=PASSWORD)
    browser = Browser()
    sign_in(browser, bob)
    browser.post("/accounts/logout/")
    guess_from_everywhere(alice)

    assert TOO_MANY in words(sign_in(browser, alice))


def test_h15_a_cookie_that_was_not_signed_by_us_makes_no_device(alice: User) -> None:
    guess_from_everywhere(alice)
    browser = Browser()
    browser.cookies["throughline_device"] = '{"device": "x", "accounts": ["alice@agency.test"]}'

    assert TOO_MANY in words(sign_in(browser, alice))


def test_h15_many_accounts_are_not_guessed_at_from_one_address(alice: User) -> None:
    for number in range(20):
        Browser().post(LOGIN, {"login": f"someone-{number}@agency.test", "password": "wrong"})

    assert TOO_MANY in words(sign_in(Browser(), alice))


def test_h15_right_passwords_use_nothing_up(alice: User) -> None:
    browser = Browser()
    for _ in range(8):
        sign_in(browser, alice)
        assert is_in(browser)
        browser.post("/accounts/logout/")


def test_h15_the_desks_own_page_for_passwords_leads_to_the_limited_one(alice: User) -> None:
    answer = signed_in(alice).post("/admin/password_change/", {"old_password": "guess"})

    assert answer.headers["Location"] == reverse("account_change_password")


def old_password(user: User, browser: Browser) -> Any:
    new = {"password1": "another long password", "password2": "another long password"}
    return browser.post(reverse("account_change_password"), {"oldpassword": "wrong"} | new)


def again(user: User, browser: Browser) -> Any:
    return browser.post(reverse("account_reauthenticate"), {"password": "wrong"})


def second_factor_again(user: User, browser: Browser) -> Any:
    return browser.post(reverse("mfa_reauthenticate"), {"code": "000000"})


@pytest.mark.parametrize("form", [old_password, again, second_factor_again])
def test_h15_every_form_that_tells_right_from_wrong_has_the_same_limits(
    alice: User, form: Callable[[User, Browser], Any]
) -> None:
    auth.TOTP.activate(alice, auth.generate_totp_secret())
    browser = signed_in(alice)

    answers = [form(alice, browser) for _ in range(6)]

    said = [TOO_MANY in words(answer) or answer.status_code == 429 for answer in answers]
    assert said == [False] * 5 + [True]


def test_h15_guesses_at_one_form_count_at_the_others(alice: User) -> None:
    browser = signed_in(alice)
    for _ in range(5):
        old_password(alice, browser)

    assert TOO_MANY in words(sign_in(Browser(), alice))


def test_h15_asking_for_codes_from_elsewhere_does_not_block_a_contact(carla: Contact) -> None:
    for number in range(30):
        Browser().post(ASK, {"email": carla.email}, REMOTE_ADDR=f"203.0.113.{number}")
    stranger = Browser().post(ASK, {"email": carla.email})
    known = Browser()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("config.accounts.guesses.device_of", lambda request, account: "carlas")

        answer = known.post(ASK, {"email": carla.email})

    assert stranger.status_code == 200
    assert answer.status_code == 302


def test_h15_asking_for_links_is_limited_like_asking_for_codes(alice: User) -> None:
    answers = [
        Browser().post("/accounts/password/reset/", {"email": alice.email}) for _ in range(4)
    ]

    assert [answer.status_code for answer in answers] == [302, 302, 302, 200]
