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
from integrations.adapters.registry import adapter_of
from integrations.base.origins import Origin
from integrations.base.settings import schema_of
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


# -- Properties (F9) and settings (H9) -------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ("deal.endz=agency_end", "Did you mean deal.ends"),
        ("a=b", "Known: "),
        ("deal.hours=sold hours", "internal name"),
        ("contact.name=fullname", "Did you mean contact.email|Known: "),
    ],
)
def test_f9_an_unknown_fact_is_refused_with_near_matches(
    world: World, secret: str, given: str, hint: str
):
    hubspot(secret)

    with pytest.raises(CommandError, match=hint):
        connect("hubspot", "--slug", "main", "--property", given)

    assert Connection.objects.get().settings == {"portal_ids": [42]}


def test_f9_a_property_is_added_to_those_that_are_known_and_removed_by_its_fact(
    world: World, secret: str
):
    hubspot(secret, "--property", "deal.hours=sold", "--property", "deal.ends=until")

    connect("hubspot", "--slug", "main", "--property", "deal.ends=end")
    connect("hubspot", "--slug", "main", "--app-id", "7")

    assert Connection.objects.get().settings["properties"] == {
        "deal.hours": "sold",
        "deal.ends": "end",
    }
    connect("hubspot", "--slug", "main", "--property-remove", "deal.ends")
    assert Connection.objects.get().settings["properties"] == {"deal.hours": "sold"}
    with pytest.raises(CommandError, match=r"Did you mean deal\.hours"):
        connect("hubspot", "--slug", "main", "--property-remove", "deal.hour")
    connect("hubspot", "--slug", "main", "--property-remove", "deal.hours")
    assert Connection.objects.get().settings == {"portal_ids": [42], "app_id": 7}


def test_f9_what_an_earlier_version_kept_can_be_removed_and_hides_no_other(
    world: World, secret: str
):
    hubspot(secret)
    Connection.objects.update(
        settings={"portal_ids": [42], "properties": {"a": "b", "deal.hours": "sold"}}
    )

    assert Connection.objects.get().setting("properties") == {"deal.hours": "sold"}
    connect("hubspot", "--slug", "main", "--property-remove", "a")

    assert Connection.objects.get().settings["properties"] == {"deal.hours": "sold"}


def test_f9_a_form_maps_labels_to_facts_and_other_kinds_map_nothing(world: World, tmp_path: Path):
    (tmp_path / "form").write_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    secret = str(tmp_path / "form")

    connect("form", "--slug", "web", "--secret-file", secret, "--property", "contact.email=E-Mail")

    assert Connection.objects.get().setting("properties") == {"contact.email": "E-Mail"}
    with pytest.raises(CommandError, match="no setting “properties”"):
        connect("static", "--slug", "site", "--property", "deal.hours=sold")


SETTINGS_THAT_BREAK: list[Any] = [
    *(None, [], "text", 5, True),
    *({"portal_ids": 5}, {"portal_ids": ["x"]}, {"portal_ids": [10**40]}),
    *({"properties": []}, {"properties": {"deal.hours": 5}}, {"properties": "deal.hours"}),
    *({"writes": "yes"}, {"writes": {"state": 1}}, {"writes": []}),
    *({"app_id": {}}, {"api_version": "../x"}, {"api_version": 3}),
    *({"seo_meta": []}, {"seo_meta": {"title": []}}, {"settle_s": "x"}, {"settle_s": -1}),
    *({"folder": {}}, {"folder": "../x"}, {"only_by_name": "x"}, {"nothing_like_it": 1}),
]


@pytest.mark.parametrize("kind", ["form", "hubspot", "mail", "static", "wordpress"])
@pytest.mark.parametrize("given", SETTINGS_THAT_BREAK, ids=repr)
def test_h9_settings_that_could_break_a_page_are_refused_and_never_read(kind: str, given: Any):
    adapter = adapter_of(kind)
    assert adapter is not None

    with pytest.raises(ValueError, match=r"\S"):
        adapter.check_settings(given)

    # Saved by an earlier version, they count as if they were not there.
    row = Connection(kind=kind, settings=given)
    assert all(row.setting(name) in (None, {}) for name in schema_of(kind))
