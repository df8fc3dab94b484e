"""manage.py connect"""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from delivery.progress.operations import submissions
from demo.agency import leads
from integrations.base.origins import Origin
from integrations.models import Connection
from routing.models import Agency, FlowVersion
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def secret(tmp_path: Path) -> str:
    (tmp_path / "secret").write_text("client-secret\n")
    return str(tmp_path / "secret")


def connect(*args: str, **options: Any) -> str:
    out = StringIO()
    call_command("connect", *args, stdout=out, **options)
    return out.getvalue()


def hubspot(secret: str, *more: str) -> str:
    return connect(
        "hubspot",
        "--slug",
        "main",
        "--secret-file",
        secret,
        "--token-file",
        secret,
        "--portal-id",
        "42",
        *more,
    )


def test_it_says_where_to_post(world: World, secret: str):
    said = hubspot(
        secret, "--public-url", "https://ops.example.com", "--base-url", "https://api.hubapi.com"
    )

    assert "https://ops.example.com/hooks/main/" in said
    assert "client-secret" not in said
    made = Connection.objects.get()
    assert (made.settings, made.allowed_private, made.service_user.kind) == (
        {"portal_ids": [42]},
        [],
        "service",
    )


def test_again_changes_nothing(world: World, secret: str):
    for _ in range(3):
        hubspot(secret)

    assert Connection.objects.get().history.count() == 1


def test_a_change_leaves_the_rest(world: World, secret: str):
    hubspot(secret, "--owner", world.alice.email, "--backup", world.bob.email, "--team", "North")

    connect("hubspot", "--slug", "main", "--app-id", "7", "--property", "deal.hours=sold")

    made = Connection.objects.get()
    assert made.settings == {"portal_ids": [42], "app_id": 7, "properties": {"deal.hours": "sold"}}
    assert (made.default_owner, made.signing_secrets.first()) == (world.alice, "client-secret")


@pytest.mark.parametrize("slug", [submissions.SOURCE, leads.SOURCE])
def test_a_source_of_our_own_lends_its_name_to_no_connection(world: World, secret: str, slug: str):
    with pytest.raises(CommandError, match="Choose another slug"):
        connect("form", "--slug", slug, "--secret-file", secret)

    assert not Connection.objects.exists()


def test_a_private_address_is_allowed_exactly_and_with_a_note(world: World, secret: str):
    said = hubspot(secret, "--base-url", "http://127.0.0.1:8123")

    assert "Note" in said
    assert Connection.objects.get().private_origins == {Origin("http", "127.0.0.1", 8123)}
    hubspot(secret, "--base-url", "https://api.hubapi.com")
    assert Connection.objects.get().private_origins == set()


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (("hubspot", "--slug", "x"), "no signing secret"),
        (("form", "--slug", "x", "--secret-file", "SECRET"), "base64"),
        (("hubspot", "--slug", "x", "--secret-file", "SECRET"), "--portal-id"),
        (
            (
                "hubspot",
                "--slug",
                "x",
                "--secret-file",
                "SECRET",
                "--portal-id",
                "1",
                "--base-url",
                "ftp://a",
            ),
            "http",
        ),
        (("hubspot", "--slug", "x", "--secret-file", "/nowhere"), "cannot be read"),
        (("hubspot", "--slug", "x", "--owner", "nobody@example.com"), "No active staff member"),
        (("hubspot", "--slug", "x", "--team", "Southpaw"), "North"),
    ],
)
def test_what_cannot_work_is_refused_with_what_to_do(
    world: World, secret: str, args: tuple[str, ...], why: str
):
    with pytest.raises(CommandError, match=why):
        connect(*[secret if arg == "SECRET" else arg for arg in args])

    assert not Connection.objects.exists()


def test_a_kind_cannot_change(world: World, secret: str, tmp_path: Path):
    hubspot(secret)
    (tmp_path / "form").write_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")

    with pytest.raises(CommandError, match="another slug"):
        connect("form", "--slug", "main", "--secret-file", str(tmp_path / "form"))


@pytest.fixture
def password(tmp_path: Path) -> str:
    (tmp_path / "password").write_text("robin:abcd efgh ijkl mnop qrst uvwx\n")
    return str(tmp_path / "password")


def test_wordpress_needs_an_address_and_a_password(world: World, password: str):
    said = connect(
        "wordpress",
        "--slug",
        "www",
        "--base-url",
        "https://www.acme.example",
        "--token-file",
        password,
    )

    assert "appear below: https://www.acme.example" in said
    assert "posts to" not in said
    assert "abcd" not in said
    assert Connection.objects.get().token.first().startswith("robin:")


def test_a_static_site_needs_nothing_but_a_name(world: World):
    said = connect("static", "--slug", "pages")
    connect("static", "--slug", "pages", "--folder", "acme/www")

    assert "appear below: http://testserver/site/pages/" in said
    assert Connection.objects.get().settings == {"folder": "acme/www"}


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (("wordpress", "--token-file", "GOOD"), "--base-url"),
        (
            ("wordpress", "--base-url", "https://a.example/wp-json", "--token-file", "GOOD"),
            "without /wp-json",
        ),
        (("wordpress", "--base-url", "http://93.184.215.14", "--token-file", "GOOD"), "https"),
        (
            ("wordpress", "--base-url", "https://a.example", "--token-file", "BAD"),
            "user:application password",
        ),
        (("wordpress", "--base-url", "https://a.example"), "no token"),
        (("static", "--folder", "../log"), "below SITES_DIR"),
        (("static", "--folder", "/etc"), "below SITES_DIR"),
        (("static", "--base-url", "https://a.example"), "Omit --base-url"),
    ],
)
def test_a_destination_that_cannot_work_is_refused_with_what_to_do(
    world: World, password: str, secret: str, args: tuple[str, ...], why: str
):
    kind, *rest = [{"GOOD": password, "BAD": secret}.get(arg, arg) for arg in args]

    with pytest.raises(CommandError, match=why):
        connect(kind, "--slug", "x", *rest)

    assert not Connection.objects.exists()


def test_the_first_crm_brings_the_flow_that_takes_its_deals(world: World, secret: str) -> None:
    said = hubspot(secret)

    version = FlowVersion.objects.get(flow__slug="lead-to-brief")
    assert "Published the flow “Lead to brief”" in said
    assert (version.flow.owner, version.flow.backup) == (world.olga, world.bob)
    assert {rule.team for rule in version.rules.all()} == {world.team}
    assert "Published" not in hubspot(secret)


def test_a_crm_before_the_agency_is_named_says_what_to_do_first(world: World, secret: str) -> None:
    Agency.objects.all().delete()

    said = hubspot(secret)

    assert "There is no agency yet" in said
    assert "run this command again" in said
    assert not FlowVersion.objects.exists()


def test_what_sends_nothing_needs_no_flow(world: World) -> None:
    connect("static", "--slug", "site")

    assert not FlowVersion.objects.exists()
