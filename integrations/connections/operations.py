"""Set up a connection. Nothing else writes its secrets and its allowed private addresses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from integrations.adapters.registry import adapter_of, kinds
from integrations.base.connections import Connection
from integrations.base.origins import BadAddress, Origin, check_api_address, origin_of
from integrations.base.secrets import Hidden
from integrations.base.settings import near
from integrations.outbox.operations.replay import resume
from routing.kernel.roles import AUDITOR, INTEGRATIONS, OPS, grant
from routing.models import Team, User
from routing.people.actors import Actor
from routing.people.saving import save_with_reason, tell
from routing.people.security import SecurityEvent, record_security

Kind = SecurityEvent.Kind

grant("integrations.view_connection", OPS, INTEGRATIONS, AUDITOR)
grant("integrations.add_connection", INTEGRATIONS)
grant("integrations.change_connection", INTEGRATIONS)
grant("integrations.view_inbound", OPS, INTEGRATIONS, AUDITOR)
grant("integrations.read_inbound", INTEGRATIONS, name="Can read the body of an inbound webhook")
grant("integrations.view_externallink", OPS, INTEGRATIONS, AUDITOR)
grant("integrations.delete_externallink", INTEGRATIONS)

OLD_SECRETS = 2  # stay valid beside a new one, until --drop-old-secrets
# Internal sources of events: a connection with such a slug could not be told from them.
TAKEN = frozenset({"portal", "desk", "demo-form"})
SERVICE_DOMAIN = "connection.throughline.invalid"


class BadConnection(ValueError):
    """The settings cannot work. The message says what to give instead."""


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """
    Desired settings of a connection.

    None and empty values leave a known connection unchanged.
    """

    kind: str
    slug: str
    name: str = ""
    base_url: str = ""
    public_url: str = ""
    secret: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    private: tuple[str, ...] | None = None  # addresses; only scheme, host and port count
    settings: Mapping[str, Any] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)  # added to those that are known
    without_properties: tuple[str, ...] = ()
    team: Team | None = None
    owner: User | None = None
    backup: User | None = None
    health_owner: User | None = None
    health_backup: User | None = None
    drop_old_secrets: bool = False


def connect(
    wanted: ConnectionSettings, *, by: Actor, at: datetime, reason: str = ""
) -> tuple[Connection, bool]:
    """
    Create a connection or change the one with this slug. Repeating the call changes nothing.

    Returns the connection and whether it is new.

    :raises PermissionDenied: if ``by`` may not set up connections
    :raises BadConnection: if the settings cannot work
    """
    by.require("integrations.change_connection", to="set up connections")
    with transaction.atomic():
        # Locked against another run of the command: each compares with what it finds.
        known = Connection.objects.select_for_update().filter(slug=wanted.slug).first()
        _check(wanted, known)
        connection = known or Connection(
            slug=wanted.slug, kind=wanted.kind, name=wanted.name or wanted.slug
        )
        before, called = _state(connection), _call_state(connection)
        token, secrets = connection.token.sealed(), connection.signing_secrets.sealed()
        _change(connection, wanted)
        adapter = adapter_of(wanted.kind)
        assert adapter is not None
        try:
            adapter.check_settings(connection.settings)
            check_address(connection, connection.base_url)
        except ValueError as error:
            raise BadConnection(str(error)) from None
        if known is None:
            connection.service_user = User.objects.service(
                f"{wanted.slug}@{SERVICE_DOMAIN}", connection.name
            )
        if known is None or _state(connection) != before:
            save_with_reason(connection, by=by, at=at, reason=reason)
            tell(
                f"integrations.connection.{'edit' if known else 'add'}", connection.pk, by=by, at=at
            )
        if (connection.token.sealed(), connection.signing_secrets.sealed()) != (token, secrets):
            record_security(Kind.TOKEN_CHANGED, at=at, by=by.user_id, detail=connection.slug)
        if known is not None and _call_state(connection) != called:
            resume(connection, by=by, at=at)
    return connection, known is None


def check_address(connection: Connection, address: str) -> None:
    """
    Check an address that a connection is to have, against its kind and its credentials.

    :raises ValueError: if it cannot be that, saying what to do
    """
    inside = bool(address) and origin_of(address) in connection.private_origins
    if address:
        check_api_address(address, inside=inside)
    adapter = adapter_of(connection.kind)
    assert adapter is not None
    adapter.check_address(address, inside=inside)
    origin = str(origin_of(address)) if address else ""
    if connection.token and connection.token_origin != origin:
        raise ValueError(
            "The token was given for another address and is not sent to this one. Change both "
            "together with `manage.py connect … --base-url … --token-file …`."
        )


def _check(wanted: ConnectionSettings, known: Connection | None) -> None:
    adapter = adapter_of(wanted.kind)
    if adapter is None:
        raise BadConnection(f"There is no kind “{wanted.kind}”. Known kinds: {', '.join(kinds())}.")
    _check_slug(wanted, known)
    for url in filter(None, (wanted.base_url, wanted.public_url, *(wanted.private or ()))):
        try:
            origin_of(url)
        except BadAddress as error:
            raise BadConnection(f"{url.rpartition('@')[2]}: {error}") from None
    for given, check in (
        (wanted.secret, adapter.check_secret),
        (wanted.token, adapter.check_token),
    ):
        try:
            if given:
                check(given)
        except ValueError as error:
            raise BadConnection(str(error)) from None
    if adapter.needs_token and not wanted.token and not (known and known.token):
        raise BadConnection(
            "The connection has no token, so it cannot be called. Provide one with --token-file."
        )
    if adapter.receives and not wanted.secret and not (known and known.signing_secrets):
        raise BadConnection(
            "The connection has no signing secret, so its webhooks cannot be verified. Provide one "
            "with --secret-file."
        )


def _check_slug(wanted: ConnectionSettings, known: Connection | None) -> None:
    if known is None and wanted.slug in TAKEN:
        raise BadConnection(
            f"“{wanted.slug}” is reserved for an internal source. Choose another slug."
        )
    if known is not None and known.kind != wanted.kind:
        raise BadConnection(
            f"“{wanted.slug}” is a connection of kind {known.kind}. Choose another slug."
        )


def _change(connection: Connection, wanted: ConnectionSettings) -> None:
    connection.name = wanted.name or connection.name
    connection.base_url = wanted.base_url or connection.base_url
    connection.public_url = wanted.public_url or connection.public_url or settings.SITE_URL
    connection.settings = _settings(connection, wanted)
    connection.default_team = wanted.team or connection.default_team
    connection.default_owner = wanted.owner or connection.default_owner
    connection.default_backup = wanted.backup or connection.default_backup
    connection.health_owner = wanted.health_owner or connection.health_owner
    connection.health_backup = wanted.health_backup or connection.health_backup
    if wanted.private is not None:
        connection.allowed_private = [_entry(origin_of(url)) for url in wanted.private]
    if wanted.secret and wanted.secret != connection.signing_secrets.first():
        connection.signing_secrets = connection.signing_secrets.with_new(
            wanted.secret, keep=OLD_SECRETS
        )
    if wanted.drop_old_secrets:
        connection.signing_secrets = Hidden(connection.signing_secrets.reveal()[:1])
    if wanted.token:
        connection.token_origin = connection.calls_origin
    if wanted.token and wanted.token != connection.token.first():
        connection.token = Hidden([wanted.token])
        connection.failures = 0


def _settings(connection: Connection, wanted: ConnectionSettings) -> dict[str, Any]:
    """:raises BadConnection: if a property that is to be removed is not set"""
    known = connection.settings if isinstance(connection.settings, dict) else {}
    found = {**known, **wanted.settings}
    before = known.get("properties")
    named = {**(before if isinstance(before, dict) else {}), **wanted.properties}
    for fact in wanted.without_properties:
        if named.pop(fact, None) is None:
            raise BadConnection(
                f"“{fact}” is not read from a property of its own. {near(fact, named)}"
            )
    if wanted.properties or wanted.without_properties:
        found.pop("properties", None)
        found |= {"properties": named} if named else {}
    return found


def _entry(origin: Origin) -> dict[str, Any]:
    return {"scheme": origin.scheme, "host": origin.host, "port": origin.port}


def _state(connection: Connection) -> list[Any]:
    """Return everything that can change here, to find out whether anything did."""
    people = ("default_owner_id", "default_backup_id", "health_owner_id", "health_backup_id")
    names = (
        "name",
        "base_url",
        "public_url",
        "settings",
        "allowed_private",
        "default_team_id",
        *people,
    )
    return [
        *(repr(getattr(connection, name)) for name in names),
        connection.signing_secrets.sealed(),
        connection.token.sealed(),
        connection.token_origin,
    ]


def _call_state(connection: Connection) -> list[Any]:
    """Return what decides if calls succeed. After a change, what waits is tried at once."""
    return [connection.base_url, repr(connection.allowed_private), connection.token.sealed()]


def reencrypt() -> int:
    """
    Encrypt every secret again under the newest of ENCRYPTION_KEYS. Older keys can then be removed.

    Returns the number of connections. Safe to repeat.
    """
    with transaction.atomic():
        rows = list(Connection.objects.select_for_update())
        for row in rows:
            row.signing_secrets = Hidden(row.signing_secrets.reveal())
            row.token = Hidden(row.token.reveal())
        Connection.objects.bulk_update(rows, ["signing_secrets", "token"])
    return len(rows)
