"""H16: nobody keeps a page that is not for everybody."""

from __future__ import annotations

import pytest
from django.test import Client as Browser

from tests.desk import signed_in
from tests.portal import APPROVER, browser_of, invited
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("without_second_factor")]


@pytest.mark.parametrize(
    "address",
    [
        *("/accounts/login/", "/accounts/login/code/", "/accounts/password/reset/", "/portal/"),
        *("/nowhere/", "/admin/", "/accounts/2fa/", "/files/1/x", "/hooks/nobody/"),
    ],
)
def test_h16_pages_redirects_and_errors_are_stored_nowhere(address: str) -> None:
    answer = Browser(raise_request_exception=False).get(address)

    assert "no-store" in answer.headers["Cache-Control"]


def test_h16_pages_of_people_who_are_signed_in_are_stored_nowhere(world: World) -> None:
    contact = browser_of(invited(world, "Carla", (world.acme, APPROVER)))
    pages = [
        signed_in(world.alice).get(address)
        for address in ("/admin/", "/accounts/2fa/", "/admin/routing/workitem/", "/nowhere/")
    ]
    pages += [contact.get(address) for address in ("/portal/", "/admin/", "/portal/requests/X-1/")]

    assert [page.status_code for page in pages] == [200, 200, 200, 404, 200, 403, 404]
    assert all("no-store" in page.headers["Cache-Control"] for page in pages)
