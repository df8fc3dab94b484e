"""
Contacts sign in with a code by e-mail; staff do not, and nobody learns whose address is known.
"""

from __future__ import annotations

import time
from typing import Any

import pytest
from allauth.core.context import request_context
from django.core import mail
from django.core.cache import cache
from django.test import Client as Browser
from django.test import RequestFactory
from pytest_django import Settings

from config.accounts.signin import AccountAdapter
from routing.cover.operations.portal_access import invite, withdraw
from routing.models import Contact, Membership, User
from tests.desk import words
from tests.portal import APPROVER, invited, user_of
from tests.world import NOW, World, by, make_contact

ASK, CONFIRM = "/accounts/login/code/", "/accounts/login/code/confirm/"


@pytest.fixture(autouse=True)
def _no_limits_left_by_others() -> None:
    cache.clear()


@pytest.fixture
def carla(world: World) -> Contact:
    return invited(world, "Carla", (world.acme, APPROVER))


def ask(browser: Browser, email: str, **more: str) -> Any:
    return browser.post(ASK, {"email": email, **more})


def letter_after(action: Any) -> Any:
    """The letter that comes of ``action``: it is sent beside the answer, so wait for it."""
    before = len(mail.outbox)
    action()
    deadline = time.monotonic() + 20
    while len(mail.outbox) == before and time.monotonic() < deadline:
        time.sleep(0.01)
    return mail.outbox[before]


def code_in(letter: Any) -> str:
    return next(
        line
        for line in letter.body.splitlines()
        if "-" in line and line.isupper() and " " not in line
    )


def test_a_code_lets_a_contact_in_and_leads_to_the_portal(client: Browser, carla: Contact) -> None:
    letter = letter_after(lambda: ask(client, "Carla@client.test"))

    answer = client.post(CONFIRM, {"code": code_in(letter)})

    assert answer.headers["Location"] == "/portal/"
    assert client.session["_auth_user_id"] == str(user_of(carla).pk)


@pytest.mark.parametrize(
    "typed", ["info@exämple.com", "Info@xn--exmple-cua.com", "info@exa\u0308mple.com"]
)
def test_f7_any_spelling_of_the_address_brings_a_code(
    client: Browser, world: World, typed: str
) -> None:
    contact = make_contact("Ida", "info@exämple.com")
    Membership.objects.create(contact=contact, client=world.acme)
    invite(contact.pk, by=by(world.alice), at=NOW, write=False)

    letter = letter_after(lambda: ask(client, typed))

    client.post(CONFIRM, {"code": code_in(letter)})
    assert letter.to == ["info@xn--exmple-cua.com"]
    assert client.session["_auth_user_id"] == str(user_of(contact).pk)


def test_a_code_counts_once(client: Browser, carla: Contact) -> None:
    letter = letter_after(lambda: ask(client, carla.email))
    client.post(CONFIRM, {"code": code_in(letter)})
    stranger = Browser()

    answer = stranger.post(CONFIRM, {"code": code_in(letter)})

    assert answer.status_code == 302
    assert "_auth_user_id" not in stranger.session


@pytest.mark.parametrize("who", ["nobody", "staff", "withdrawn", "not invited"])
def test_whoever_gets_no_code_sees_what_a_contact_sees(
    client: Browser, world: World, carla: Contact, who: str
) -> None:
    if who == "withdrawn":
        withdraw(carla.pk, by=by(world.alice), at=NOW, reason="She left.")
    elif who == "not invited":
        Contact.objects.create(full_name="Tom", email="tom@client.test")
    email = {
        "nobody": "nobody@client.test",
        "staff": world.alice.email,
        "withdrawn": carla.email,
        "not invited": "tom@client.test",
    }[who]
    known = invited(world, "Known", (world.acme, APPROVER))
    other = Browser()

    answer, like = ask(client, email), ask(other, known.email)
    pages = [
        words(browser.get(CONFIRM)).replace(address, "")
        for browser, address in ((client, email), (other, known.email))
    ]

    assert (answer.status_code, answer.headers["Location"]) == (
        like.status_code,
        like.headers["Location"],
    )
    assert pages[0] == pages[1]
    assert email not in [to for letter in mail.outbox for to in letter.to]


def test_an_unknown_address_asks_the_database_as_much_as_a_known_one(
    client: Browser, carla: Contact, django_assert_max_num_queries: Any
) -> None:
    counts = []
    for email in (carla.email, "nobody@client.test"):
        with django_assert_max_num_queries(30) as asked:
            ask(Browser(), email)
        counts.append(len(asked))

    assert counts[0] == counts[1]


def test_guessing_codes_ends_after_a_few(client: Browser, carla: Contact) -> None:
    letter = letter_after(lambda: ask(client, carla.email))

    for _ in range(3):
        client.post(CONFIRM, {"code": "AAA-AAA"})
    answer = client.post(CONFIRM, {"code": code_in(letter)})

    assert answer.headers["Location"] == ASK
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("email", ["carla@client.test", "nobody@client.test"])
def test_asking_again_and_again_is_slowed_down_for_known_and_unknown_alike(
    carla: Contact, email: str
) -> None:
    answers = [ask(Browser(), email) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [302, 302, 302, 200]
    assert "You requested several codes in a short time." in words(answers[-1])


def test_h19_the_third_wrong_code_says_to_request_a_new_one(
    client: Browser, carla: Contact
) -> None:
    letter_after(lambda: ask(client, carla.email))

    page = client.get(CONFIRM).content.decode()
    first = words(client.post(CONFIRM, {"code": "AAA-AAA"}))
    empty = words(client.post(CONFIRM, {"code": ""}))
    third = words(client.post(CONFIRM, {"code": "AAA-AAA"}, follow=True))

    assert "autofocus" in page
    assert "only the newest e-mail has the code that works" in first
    assert "Enter the code from the e-mail." in empty
    assert "three wrong codes, so the code no longer works. Request a new one." in third
    assert "login attempts" not in first + empty + third


def test_one_sender_cannot_ask_for_everybody(carla: Contact) -> None:
    answers = [ask(Browser(), f"someone-{number}@client.test") for number in range(21)]

    assert answers[-1].status_code == 200


def test_a_password_lets_no_contact_in_and_none_can_be_made(
    client: Browser, carla: Contact
) -> None:
    user = user_of(carla)
    user.set_password("a long enough password")
    user.save()

    client.post("/accounts/login/", {"login": carla.email, "password": "a long enough password"})
    client.post("/accounts/password/reset/", {"email": carla.email})

    assert "_auth_user_id" not in client.session
    assert not [letter for letter in mail.outbox if carla.email in letter.to]


@pytest.mark.parametrize(
    "path", ["password/change/", "password/set/", "2fa/", "2fa/totp/activate/"]
)
def test_passwords_and_second_factors_are_not_a_contacts(
    client: Browser, carla: Contact, path: str
) -> None:
    client.force_login(user_of(carla))

    assert client.get(f"/accounts/{path}").headers["Location"] == "/portal/"


@pytest.mark.parametrize(
    "path", ["/admin/", "/admin/delivery/request/", "/admin/mail/", "/admin/login/"]
)
def test_the_desk_refuses_contacts_even_in_a_group(
    client: Browser, carla: Contact, world: World, path: str
) -> None:
    user = user_of(carla)
    user.groups.set(world.olga.groups.all())
    client.force_login(user)

    assert client.get(path).status_code == 403


def test_losing_access_ends_the_session_at_once(
    client: Browser, carla: Contact, world: World
) -> None:
    client.force_login(user_of(carla))
    before = client.get("/portal/").status_code

    withdraw(carla.pk, by=by(world.alice), at=NOW, reason="She left.")

    assert before == 200
    assert client.get("/portal/").headers["Location"].startswith(ASK)


def test_signing_out_is_a_post_and_ends_it(client: Browser, carla: Contact) -> None:
    client.force_login(user_of(carla))

    client.get("/accounts/logout/")
    still = client.get("/portal/").status_code
    client.post("/accounts/logout/")

    assert still == 200
    assert client.get("/portal/").status_code == 302


def test_the_bare_address_leads_everybody_to_their_own_page(
    carla: Contact, world: World, settings: Settings
) -> None:
    settings.EMBEDDED = True

    def leads_to(user: User | None) -> str:
        browser = Browser()
        if user:
            browser.force_login(user)
        return browser.get("/").headers["Location"]

    assert [leads_to(who) for who in (user_of(carla), world.alice, None)] == [
        "/portal/",
        "/admin/",
        "/admin/",
    ]


def test_a4_the_code_comes_in_the_contacts_language_as_text_and_html(carla: Contact) -> None:
    Contact.objects.filter(pk=carla.pk).update(language="de")

    with request_context(RequestFactory().get(ASK)):
        AccountAdapter()._send("account/email/login_code", carla.email, {"code": "ABCD-EFGH"})

    letter: Any = mail.outbox[-1]
    [(html, kind)] = letter.alternatives
    assert letter.subject == "Ihr Anmeldecode für das Kundenportal von Test agency"
    assert "Er gilt zehn Minuten." in letter.body
    assert code_in(letter) == "ABCD-EFGH"
    assert kind == "text/html"
    assert "ABCD-EFGH" in html
    assert '<html lang="de">' in html
