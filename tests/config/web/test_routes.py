"""H7: what somebody may open depends on the view that was found, not on how its address begins."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse

from config.web import gunicorn
from routing.models import Contact
from tests.desk import signed_in
from tests.portal import APPROVER, browser_of, invited
from tests.world import World

pytestmark = pytest.mark.django_db

# As a server passes them on that trusts the header, and as one that does not.
PREFIXES: list[dict[str, Any]] = [
    {"SCRIPT_NAME": "/accounts"},
    {"SCRIPT_NAME": "/accounts/"},
    {"SCRIPT_NAME": "/static"},
    {"SCRIPT_NAME": "/portal"},
    {"HTTP_SCRIPT_NAME": "/accounts"},
    {"HTTP_X_SCRIPT_NAME": "/accounts"},
    {"HTTP_X_FORWARDED_PREFIX": "/accounts"},
    {"HTTP_X_ORIGINAL_URL": "/accounts/login/"},
    {"HTTP_X_REWRITE_URL": "/accounts/login/"},
]
DESK = ["/admin/", "/admin/routing/workitem/", "/admin/mail/", "/admin/find/?q=a", "/files/1/x"]


@pytest.fixture
def carla(world: World) -> Contact:
    return invited(world, "Carla", (world.acme, APPROVER))


@pytest.mark.parametrize("said", PREFIXES)
@pytest.mark.parametrize("path", DESK)
def test_h7_no_header_lets_staff_in_without_a_second_factor(
    world: World, path: str, said: dict[str, Any]
) -> None:
    answer = signed_in(world.alice).get(path, **said)

    assert answer.status_code == 302
    assert answer.headers["Location"].endswith(reverse("mfa_activate_totp"))


@pytest.mark.parametrize("said", PREFIXES)
@pytest.mark.parametrize("path", ["/admin/", "/admin/login/", "/admin/mail/"])
def test_h7_no_header_shows_a_contact_the_desk(
    carla: Contact, path: str, said: dict[str, Any]
) -> None:
    assert browser_of(carla).get(path, **said).status_code == 403


@pytest.mark.parametrize("said", [{}, {"SCRIPT_NAME": "/accounts/login"}])
@pytest.mark.parametrize(
    "path", ["/accounts/2fa/", "/accounts/password/change/", "/accounts/reauthenticate/"]
)
def test_h7_no_header_opens_pages_for_passwords_to_a_contact(
    carla: Contact, path: str, said: dict[str, Any]
) -> None:
    assert browser_of(carla).get(path, **said).headers["Location"].endswith("/portal/")


@pytest.mark.parametrize("path", ["/admin//", "//admin/", "/./admin/", "/accounts/../admin/"])
def test_h7_other_spellings_of_an_address_lead_nowhere(world: World, path: str) -> None:
    answer = signed_in(world.alice).get(path)

    assert answer.status_code in {302, 404}
    assert "My overdue" not in answer.content.decode()


@pytest.mark.parametrize("said", PREFIXES[:4])
def test_h7_a_prefix_loosens_no_policy(said: dict[str, Any]) -> None:
    answer = Browser().get("/accounts/login/", **(said | {"SCRIPT_NAME": "/admin"}))

    assert "unsafe" not in answer.headers["Content-Security-Policy"]


def test_h7_the_server_trusts_no_header_with_its_own_facts() -> None:
    """What it then does with them: test_front.py."""
    assert (gunicorn.forwarder_headers, gunicorn.secure_scheme_headers) == ("", {})
    assert gunicorn.header_map == "drop"
