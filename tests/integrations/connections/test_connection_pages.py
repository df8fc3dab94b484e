"""
Connections, deliveries and links at the desk: seen by those who run the system, secrets by nobody.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.models import Connection, ExternalLink, Inbound
from routing.models import Event
from tests.desk import signed_in, url, words
from tests.integrations.inbox.senders import SECRET, make_connection
from tests.world import NOW, World

pytestmark = pytest.mark.usefixtures("without_second_factor")


@pytest.fixture
def hubspot(world: World) -> Connection:
    return make_connection("hubspot", world)


def delivery(hubspot: Connection, number: int = 1, **fields: Any) -> Inbound:
    shared = {
        "connection": hubspot,
        "received_at": NOW,
        "last_received_at": NOW,
        "state": "processed",
        "captured": 1,
    }
    body = json.dumps([{"objectId": number, "email": "carla@acme.test"}]).encode()
    return Inbound.objects.create(raw=body, sha256=f"{number:064}", **shared | fields)


def form_of(hubspot: Connection, **changes: Any) -> dict[str, Any]:
    sent = {
        "name": hubspot.name,
        "base_url": hubspot.base_url,
        "public_url": hubspot.public_url,
        "is_active": "on",
        "reason": "Because",
    }
    return sent | {"settings": json.dumps(hubspot.settings)} | changes


# H9: none of these may answer 500, when it is saved or on any page afterwards.
H9 = [
    *("[]", "5", "null", '"text"', "[" * 15_000, '{"portal_ids": [NaN]}', '{"a": "\\u0000"}'),
    *('{"portal_ids": [1], "\\ud800": 1}', '{"portal_ids": [1], "app_id": 1e999}', "9" * 5_000),
    *('{"portal_ids": [1], "properties": []}', '{"portal_ids": [1], "writes": {"state": null}}'),
    '{"portal_ids": [1], "x": "' + "y" * 30_000 + '"}',
]


@pytest.mark.requirement("N14")
def test_the_owner_sees_health_and_no_secret_anywhere(world: World, hubspot: Connection) -> None:
    Connection.objects.update(
        failures=6, last_error="503 from there", paused_until=timezone.now() + timedelta(minutes=5)
    )
    browser = signed_in(world.ivan)

    pages = [
        browser.get(url(Connection, "changelist")),
        browser.get(url(Connection, "change", hubspot.pk)),
    ]
    pages.append(browser.get(url(Connection, "history", hubspot.pk)))

    assert "Paused until" in words(pages[0])
    assert "503 from there" in words(pages[0])
    assert "signing secret set, token set" in words(pages[1])
    assert not any(
        secret in page.content.decode() for page in pages for secret in (SECRET, "token-of-tests")
    )


def test_the_owner_changes_it_and_nothing_that_only_the_command_may(
    world: World, hubspot: Connection
) -> None:
    sent = form_of(
        hubspot,
        name="HubSpot EU",
        slug="x",
        kind="form",
        token="x",
        signing_secrets="x",
        allowed_private="[]",
    )

    answer = signed_in(world.ivan).post(url(Connection, "change", hubspot.pk), sent)

    after = Connection.objects.get()
    assert answer.status_code == 302
    assert (after.name, after.slug, after.kind) == ("HubSpot EU", hubspot.slug, "hubspot")
    assert (after.token.first(), after.signing_secrets.first()) == ("token-of-tests", SECRET)
    assert after.history.order_by("history_id").last().history_user == world.ivan
    assert Event.objects.filter(kind="integrations.connection.edit", actor=world.ivan).exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("base_url", "file:///etc/passwd"),
        ("settings", "not json"),
        ("settings", "{}"),
        *[("settings", value) for value in H9],
        ("name", ""),
    ],
)
def test_what_could_not_work_is_refused_and_kept_on_the_page(
    world: World, hubspot: Connection, field: str, value: str
) -> None:
    page = signed_in(world.ivan).post(
        url(Connection, "change", hubspot.pk), form_of(hubspot, **{field: value})
    )

    assert page.status_code == 200
    assert field in page.context["adminform"].form.errors


@pytest.mark.parametrize("who", ["olga", "audrey"])
def test_others_only_look(world: World, hubspot: Connection, who: str) -> None:
    browser = signed_in(getattr(world, who))

    assert browser.get(url(Connection, "change", hubspot.pk)).status_code == 200
    assert (
        browser.post(url(Connection, "change", hubspot.pk), form_of(hubspot, name="x")).status_code
        == 403
    )
    assert browser.post(url(Connection, "add"), {}).status_code == 403
    assert browser.post(url(Connection, "history", hubspot.pk)).status_code == 403
    assert browser.post(url(Connection, "delete", hubspot.pk), {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("who", ["alice", "cora", "quin"])
@pytest.mark.parametrize("model", [Connection, Inbound, ExternalLink])
def test_the_others_have_none_of_it(
    world: World, hubspot: Connection, who: str, model: Any
) -> None:
    assert signed_in(getattr(world, who)).get(url(model, "changelist")).status_code == 403


@pytest.mark.parametrize(("who", "reads"), [("ivan", True), ("olga", False), ("audrey", False)])
def test_the_body_of_a_delivery_is_for_the_owner_alone(
    world: World, hubspot: Connection, who: str, reads: bool
) -> None:
    row = delivery(
        hubspot, state="poison", reason="not_json", problems=[{"place": 0, "reason": "not_json"}]
    )

    page = words(signed_in(getattr(world, who)).get(url(Inbound, "change", row.pk)))

    assert "Unreadable" in page
    assert "Part 0: The body, or a part of it, is not JSON." in page
    assert ("carla@acme.test" in page) is reads
    assert (
        signed_in(getattr(world, who))
        .post(url(Inbound, "change", row.pk), {"raw": "x"})
        .status_code
        == 403
    )


def test_the_list_of_deliveries_costs_the_same_and_reads_no_body(
    world: World, hubspot: Connection
) -> None:
    browser, counts = signed_in(world.ivan), []
    for numbers in (range(2), range(2, 12)):
        for number in numbers:
            delivery(hubspot, number)
        with CaptureQueriesContext(database) as queries:
            browser.get(url(Inbound, "changelist"))
        counts.append(len(queries))

    assert counts[0] == counts[1]
    assert not any(
        '"integrations_inbound"."raw",' in query["sql"] for query in queries.captured_queries
    )


def test_links_say_what_stands_for_what(world: World, hubspot: Connection) -> None:
    link = ExternalLink.objects.create(
        connection=hubspot, object_type="company", remote_id="77", client=world.acme
    )
    browser = signed_in(world.olga)

    assert "company 77" in words(browser.get(url(ExternalLink, "changelist")))
    assert "ACM Ltd" in words(browser.get(url(ExternalLink, "change", link.pk)))
    assert (
        browser.post(url(ExternalLink, "change", link.pk), {"remote_id": "78"}).status_code == 403
    )
