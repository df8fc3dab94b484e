import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth
from django.core.cache import cache
from django.urls import reverse

from tests.world import make_user

PASSWORD = "correct horse"
LOGIN = "/accounts/login/"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_limits_left_by_others():
    cache.clear()


@pytest.fixture
def alice():
    return make_user("Alice", password=PASSWORD)


def sign_in(client, user, password=PASSWORD, **more):
    return client.post(LOGIN, {"login": user.email, "password": password, **more})


def totp(user) -> str:
    secret = auth.generate_totp_secret()
    auth.TOTP.activate(user, secret)
    return secret


def code(secret: str) -> str:
    return auth.format_hotp_value(
        auth.hotp_value(secret, next(iter(auth.yield_hotp_counters_from_time())))
    )


def test_the_admin_sends_strangers_to_the_one_sign_in_page(client):
    answer = client.get("/admin/routing/", follow=True)

    assert answer.redirect_chain[-1][0] == f"{LOGIN}?next=%2Fadmin%2Frouting%2F"


def test_staff_without_a_second_factor_can_only_set_one_up(client, alice):
    sign_in(client, alice)

    answer = client.get("/admin/")
    assert answer.headers["Location"] == reverse("mfa_activate_totp")
    page = client.get("/admin/", follow=True).content.decode()
    assert "Set up a second factor to continue" in page


def test_the_embedded_demo_asks_for_none_and_says_so(client, alice, settings):
    settings.EMBEDDED = True
    sign_in(client, alice)

    page = client.get("/admin/")

    assert page.status_code == 200
    assert "Demo on embedded services: no second factor required" in page.content.decode()


def test_staff_with_a_second_factor_get_in_with_both_and_not_with_one(client, alice):
    secret = totp(alice)

    answer = sign_in(client, alice)
    assert answer.headers["Location"] == reverse("mfa_authenticate")
    assert client.get("/admin/").status_code == 302

    client.post(reverse("mfa_authenticate"), {"code": code(secret)})
    page = client.get("/admin/")
    assert page.status_code == 200
    assert "Demo on embedded services" not in page.content.decode()


def test_secrets_of_second_factors_are_encrypted_at_rest(alice):
    secret = totp(alice)

    kept = Authenticator.objects.get(user=alice).data["secret"]

    assert secret not in kept
    assert kept.startswith("gAAAA")  # a Fernet token


def test_sign_up_is_closed(client):
    answer = client.post(
        "/accounts/signup/", {"email": "mallory@example.com", "password1": PASSWORD}
    )

    assert "closed" in answer.content.decode().lower()


def test_people_who_are_not_staff_do_not_see_the_admin(client):
    contact = make_user("Cleo", password=PASSWORD)
    type(contact).objects.filter(pk=contact.pk).update(is_staff=False)
    client.force_login(contact)

    assert client.get("/admin/", follow=True).status_code == 403


def test_an_inactive_person_cannot_sign_in(client, alice):
    type(alice).objects.filter(pk=alice.pk).update(is_active=False)

    sign_in(client, alice)

    assert "_auth_user_id" not in client.session


def test_guessing_is_slowed_down(client, alice):
    for _ in range(5):
        sign_in(client, alice, "wrong")

    answer = sign_in(client, alice)

    assert "There were too many wrong attempts." in answer.content.decode()
    assert "_auth_user_id" not in client.session


def test_a_next_address_elsewhere_is_not_followed(client, alice):
    answer = sign_in(client, alice, next="https://evil.example/")

    assert "evil.example" not in answer.headers["Location"]


@pytest.mark.parametrize("name", ["account_login", "account_reset_password", "account_signup"])
def test_entrance_pages_have_a_language_a_main_landmark_and_labels(client, name):
    page = client.get(reverse(name)).content.decode()

    assert '<html lang="en">' in page
    assert page.count("<main") == 1
    assert page.count("<label") >= page.count('type="password"')
