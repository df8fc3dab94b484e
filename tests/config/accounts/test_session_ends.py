"""FAULTS 54: a session ends with what it was given for, at the next request."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client as Browser
from django.urls import reverse

from routing.cover.operations.leaving import deactivate
from routing.models import User
from tests.desk import signed_in
from tests.world import NOW, World, by

PASSWORD = "correct horse battery"

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("without_second_factor")]


@pytest.fixture(autouse=True)
def _no_limits_left_by_others() -> None:
    cache.clear()


def is_in(browser: Browser) -> bool:
    return browser.get("/admin/").status_code == 200


def test_54_a_changed_password_ends_every_other_session(world: World) -> None:
    world.alice.set_password(PASSWORD)
    world.alice.save()
    here, elsewhere = signed_in(world.alice), signed_in(world.alice)
    new = {"password1": "another long password", "password2": "another long password"}
    before = is_in(elsewhere)

    here.post(reverse("account_change_password"), {"oldpassword": PASSWORD} | new)

    assert User.objects.get(pk=world.alice.pk).check_password("another long password")
    assert (before, is_in(here), is_in(elsewhere)) == (True, True, False)


def test_54_somebody_who_left_is_out_at_the_next_request(world: World) -> None:
    browser = signed_in(world.alice)
    before = is_in(browser)

    deactivate(world.alice, heir=world.olga, by=by(world.olga), at=NOW, reason="She left.")

    assert (before, is_in(browser)) == (True, False)
