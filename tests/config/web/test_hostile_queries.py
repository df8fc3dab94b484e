"""No query of an address makes a page fail, or the database read without bound."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.desk import signed_in
from tests.portal import APPROVER, browser_of, invited
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("without_second_factor")]

HUGE = "9" * 400
QUERIES = [
    *("p=1000000000", f"p={HUGE}", "p=-1", "p=x", "page=1000000000", f"page={HUGE}", "page=-5"),
    *(f"after={HUGE}", f"before={HUGE}", "after=x", "after=%00", "before=1,2,3,4", "after="),
    *("o=99", "o=-99.1.2.3", f"o={HUGE}", "q=%00", f"q={'a' * 6000}", f"q={'a+' * 3000}"),
    *("q=%25%25%25%5F%5C", f"id__in={'1,' * 3000}1", f"id__exact={HUGE}", f"id={HUGE}"),
    *("id__gte=x", "client__id__exact=%00", "e=1", "all=", "whose=%00", "open=x", "state=%00"),
    *("updated_at__gte=9999-99-99", "_facets=True", "_popup=1&_to_field=password"),
    *("password__startswith=a", "owner__password__startswith=pbkdf2", "&".join(["a=1"] * 2000)),
]
LISTS = [
    *("/admin/", "/admin/routing/workitem/", "/admin/delivery/request/", "/admin/find/"),
    *("/admin/routing/event/", "/admin/integrations/outbound/", "/admin/routing/clock/"),
    *("/admin/routing/clock/kept/", "/admin/routing/exceptioncase/", "/admin/mail/"),
    "/admin/routing/user/",
]


@pytest.mark.parametrize("path", LISTS)
def test_no_query_makes_a_list_fail_or_read_without_bound(world: World, path: str) -> None:
    browser = signed_in(world.olga)
    browser.raise_request_exception = False
    found = {}
    for query in QUERIES:
        with CaptureQueriesContext(connection) as asked:
            found[query[:60]] = browser.get(f"{path}?{query}").status_code
        assert len(asked) < 80, query

    assert {query: status for query, status in found.items() if status >= 500} == {}


@pytest.mark.parametrize("path", ["/portal/", "/portal/requests/", "/portal/new/"])
def test_no_query_makes_a_page_of_the_portal_fail(world: World, path: str) -> None:
    browser = browser_of(invited(world, "Carla", (world.acme, APPROVER)))
    browser.raise_request_exception = False

    found = {query[:60]: browser.get(f"{path}?{query}").status_code for query in QUERIES}

    assert {query: status for query, status in found.items() if status >= 500} == {}


@pytest.mark.parametrize(
    "path",
    [
        *(f"/files/{HUGE}/x", f"/portal/requests/ACM-{HUGE}/", f"/admin/routing/user/{HUGE}/"),
        *("/admin/routing/user/%00/change/", "/portal/requests/%00/", "/hooks/%00/", "/site/a/%00"),
        *(f"/admin/remind/{HUGE}/", f"/admin/history-of/routing.user/{HUGE}/", "/files/1/%00"),
        *(f"/admin/routing/workitem/{'9' * 30}/change/", "/admin/mail/%2e%2e%2fsecrets/"),
    ],
)
def test_no_address_makes_a_page_fail(world: World, path: str) -> None:
    browser = signed_in(world.olga)
    browser.raise_request_exception = False

    assert browser.get(path).status_code < 500
