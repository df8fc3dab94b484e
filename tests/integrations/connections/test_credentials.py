"""H8: a credential belongs to the origin that it was given for."""

from __future__ import annotations

import importlib
import json
from typing import Any

import pytest
from django.apps import apps
from django.db import connection as database

from integrations.adapters.registry import adapter_of
from integrations.base.adapter import Permanent
from integrations.base.credentials import token_of
from integrations.base.origins import BadAddress, check_api_address, origin_of
from integrations.connections.operations import BadConnection, ConnectionSettings, connect
from integrations.models import Connection
from routing.people.actors import Actor
from tests.desk import signed_in, url, words
from tests.world import NOW, World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("without_second_factor")]

SITE, TOKEN = "https://www.example.com", "robin:abcd efgh ijkl mnop"


def wordpress(base_url: str = "", token: str = "", **more: Any) -> Connection:
    wanted = ConnectionSettings("wordpress", "blog", base_url=base_url, token=token, **more)
    return connect(wanted, by=Actor.system(), at=NOW)[0]


@pytest.fixture
def blog(world: World) -> Connection:
    return wordpress(SITE, TOKEN)


OTHERS = [
    "https://evil.example",
    "https://www.example.com:8443",
    "https://www.example.com.evil.example",
    "https://WWW.example.org",
]


@pytest.mark.parametrize("address", OTHERS)
def test_h8_the_command_asks_for_the_token_of_a_new_origin(blog: Connection, address: str) -> None:
    with pytest.raises(BadConnection, match="token was given for another address"):
        wordpress(address)

    assert Connection.objects.get().base_url == SITE


@pytest.mark.parametrize("address", OTHERS)
def test_h8_the_page_sends_whoever_changes_the_origin_to_the_command(
    world: World, blog: Connection, address: str
) -> None:
    sent = {
        "name": blog.name,
        "base_url": address,
        "public_url": blog.public_url,
        "settings": json.dumps(blog.settings),
        "is_active": "on",
        "reason": "Because",
    }

    page = signed_in(world.ivan).post(url(Connection, "change", blog.pk), sent)

    assert "token was given for another address" in words(page)
    assert Connection.objects.get().base_url == SITE


def test_h8_with_its_token_a_new_origin_is_accepted_and_the_old_token_gone(
    blog: Connection,
) -> None:
    moved = wordpress("https://new.example.com", "robin:other words")

    assert token_of(moved) == "robin:other words"
    assert wordpress("https://new.example.com/blog").base_url == "https://new.example.com/blog"


def test_h8_the_same_token_may_be_given_again_for_the_new_origin(blog: Connection) -> None:
    assert token_of(wordpress("https://new.example.com", TOKEN)) == TOKEN


@pytest.mark.parametrize("kind", ["wordpress", "hubspot"])
def test_h8_an_address_changed_past_every_form_gets_no_token(blog: Connection, kind: str) -> None:
    """By SQL, for example: every client asks where the token belongs before it sends anything."""
    Connection.objects.update(base_url="https://evil.example", kind=kind)
    changed, adapter = Connection.objects.get(), adapter_of(kind)
    assert adapter is not None

    with pytest.raises(Permanent, match="nothing is sent"):
        token_of(changed)
    with pytest.raises(Permanent, match="nothing is sent"):
        adapter.writer(changed)


def test_h8_a_vendors_only_address_is_an_origin_too(world: World) -> None:
    wanted = ConnectionSettings(
        "hubspot", "crm", secret="client-secret", token="t", settings={"portal_ids": [1]}
    )
    made, _ = connect(wanted, by=Actor.system(), at=NOW)
    assert token_of(made) == "t"
    made.base_url = "https://api.hubapi.example"

    with pytest.raises(Permanent, match="nothing is sent"):
        token_of(made)


def test_h8_what_was_set_up_before_belongs_to_its_address_of_then(blog: Connection) -> None:
    migration = importlib.import_module("integrations.migrations.0011_add_token_origin")
    Connection.objects.update(token_origin="")

    with database.schema_editor() as editor:
        migration.fill(apps, editor)

    assert token_of(Connection.objects.get()) == TOKEN


@pytest.mark.parametrize(
    "address",
    [
        *("http://www.example.com", "ftp://www.example.com", "https://", "//www.example.com"),
        *("https://robin:pw@www.example.com", "https://www.example.com@evil.example"),
        *("https://www.example.com\\@evil.example", "https://www.exam\nple.com", " https://a.test"),
        *("https://2130706433", "https://0x7f.1", "https://0177.0.0.1", "https://127.1"),
        *("https://www.example.com:0", "https://www.example.com:99999", "https://a.test?x=1"),
        *("https://a.test/?x", "https://a.test/#x", "https://a.test/../x", "https://a.test//x"),
        *("https://a.test/%2e%2e", "https://a.test\t", "javascript:alert(1)", "https://[::1"),
    ],
)
def test_h8_odd_addresses_and_http_are_refused(address: str) -> None:
    with pytest.raises(BadAddress):
        check_api_address(address, inside=False)


@pytest.mark.parametrize("kind", ["wordpress", "hubspot"])
def test_h8_no_kind_takes_an_address_over_which_others_could_read(world: World, kind: str) -> None:
    wanted = ConnectionSettings(
        kind,
        "x",
        base_url="http://www.example.com",
        token=TOKEN,
        secret="client-secret",
        settings={"portal_ids": [1]} if kind == "hubspot" else {},
    )
    with pytest.raises(BadConnection, match="https"):
        connect(wanted, by=Actor.system(), at=NOW)


@pytest.mark.parametrize(
    "address",
    [SITE, "https://127.0.0.1", "https://[::1]:8443", "https://a.test/blog/", "https://müller.de"],
)
def test_usual_addresses_are_accepted(address: str) -> None:
    check_api_address(address, inside=False)
    assert origin_of(address).scheme == "https"
