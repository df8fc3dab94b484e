from __future__ import annotations

import sys
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

import httpcore
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from delivery.flows import defaults, lead_to_brief
from delivery.flows.shipped import ensure_lead_flow
from integrations.adapters.registry import adapter_of, kinds
from integrations.base.connections import Connection
from integrations.base.origins import BadAddress, origin_of
from integrations.connections.operations import BadConnection, ConnectionSettings, connect
from integrations.http.network import is_public, resolve
from routing.models import Agency, Team, User
from routing.people.actors import Actor
from routing.people.rights import OWN_WORK

MAX_SECRET_BYTES = 4096


def secret_from(name: str) -> str:
    """
    Read a secret from a file, or from standard input for ``-``.

    A secret is never an argument, because other users of the machine can see those.
    """
    try:
        if name == "-":
            raw = sys.stdin.buffer.read(MAX_SECRET_BYTES + 1)
        else:
            raw = Path(name).read_bytes()
        text = raw.decode().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ArgumentTypeError(f"cannot be read: {error}") from None
    if not text or len(raw) > MAX_SECRET_BYTES or "\n" in text:
        raise ArgumentTypeError("must hold one secret on one line")
    return text


def setting_from(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not (name and sign and value):
        raise ArgumentTypeError("is written FACT=PROPERTY, such as deal.hours=sold_hours")
    return name, value


class Command(BaseCommand):
    help = "Create or change a connection to an external system. Repeating the command changes nothing."  # noqa: E501

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("kind", choices=kinds())
        parser.add_argument(
            "--slug",
            required=True,
            help="identifies the connection in events and in its webhook address",
        )
        parser.add_argument("--name", default="", help="display name")
        parser.add_argument("--base-url", default="", help="API address")
        parser.add_argument(
            "--public-url",
            default="",
            help="our address as the external system reaches it, without the path (default: the "
            "site's)",
        )
        parser.add_argument(
            "--secret-file",
            type=secret_from,
            help="file with its signing secret; - is standard input",
        )
        parser.add_argument(
            "--token-file",
            type=secret_from,
            help="file with the token for calls to it; - is standard input",
        )
        parser.add_argument(
            "--drop-old-secrets",
            action="store_true",
            help="end a rotation: keep only the newest secret",
        )
        self._add_vendor_arguments(parser)
        self._add_people(parser)

    @staticmethod
    def _add_vendor_arguments(parser: CommandParser) -> None:
        parser.add_argument("--portal-id", type=int, help="HubSpot: the number of the account")
        parser.add_argument(
            "--app-id",
            type=int,
            help="HubSpot: the number of our app, to detect our own changes",
        )
        parser.add_argument(
            "--api-version", default="", help="HubSpot: the version in the paths of its API"
        )
        parser.add_argument(
            "--folder",
            default="",
            help="static: the folder of its pages, below SITES_DIR (its slug by default)",
        )
        parser.add_argument(
            "--property",
            type=setting_from,
            action="append",
            help="FACT=PROPERTY: read a fact from another property, or from the answer with this "
            "label. Others stay as they are",
        )
        parser.add_argument(
            "--property-remove",
            action="append",
            metavar="FACT",
            help="read this fact from its usual property again",
        )
        parser.add_argument(
            "--allow-private",
            action="append",
            metavar="URL",
            help="a private address it may use, matched exactly",
        )

    @staticmethod
    def _add_people(parser: CommandParser) -> None:
        parser.add_argument("--team", default="", help="of new clients, by name")
        parser.add_argument("--owner", default="", help="of new clients, by e-mail")
        parser.add_argument("--backup", default="", help="of new clients, by e-mail")
        parser.add_argument(
            "--health-owner", default="", help="gets the connection's own exceptions, by e-mail"
        )
        parser.add_argument(
            "--health-backup", default="", help="backs up the health owner, by e-mail"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            connection, new = connect(
                self.wanted(options),
                by=Actor.system(),
                at=timezone.now(),
                reason="manage.py connect",
            )
        except BadConnection as error:
            raise CommandError(str(error)) from None
        self.stdout.write(
            f"{'Created' if new else 'Up to date'}: {connection.kind} connection "
            f"“{connection.slug}”."
        )
        self.publish_flow(connection)
        adapter = adapter_of(connection.kind)
        if adapter is not None and adapter.receives:
            self.stdout.write(f"Webhook address: {connection.hook_url}")
        if adapter is not None and (home := adapter.home(connection)):
            self.stdout.write(f"Published pages appear below: {home}")
        for origin in sorted(connection.private_origins):
            self.stdout.write(f"It may use the private address {origin}, and no other.")

    def publish_flow(self, connection: Connection) -> None:
        """Publish the shipped flow for the connection's events if no flow takes them."""
        kinds = [
            kind
            for kind, _field, _value in lead_to_brief.TRIGGERS
            if kind.startswith(f"{connection.kind}.")
        ]
        if not kinds:
            return
        if not Agency.objects.exists():
            self.stdout.write(self.style.WARNING(defaults.MISSING))
            self.stdout.write("Then run this command again to publish the flow for its events.")
            return
        defaults.ensure(at=timezone.now())
        if made := ensure_lead_flow(at=timezone.now()):
            self.stdout.write(
                f"Published the flow “{made.flow.name}” for its events. You can edit it at the "
                f"desk, under Flows."
            )

    def wanted(self, options: dict[str, Any]) -> ConnectionSettings:
        given = {name: options[name] for name in ("api_version", "app_id", "folder")}
        if options["portal_id"] is not None:
            given["portal_ids"] = [options["portal_id"]]
        return ConnectionSettings(
            kind=options["kind"],
            slug=options["slug"],
            name=options["name"],
            base_url=options["base_url"],
            public_url=options["public_url"],
            secret=options["secret_file"] or "",
            token=options["token_file"] or "",
            private=self.private(options["base_url"], options["allow_private"]),
            settings={name: value for name, value in given.items() if value},
            properties=dict(options["property"] or ()),
            without_properties=tuple(options["property_remove"] or ()),
            team=self.team(options["team"]),
            owner=self.person(options["owner"]),
            backup=self.person(options["backup"]),
            health_owner=self.person(options["health_owner"]),
            health_backup=self.person(options["health_backup"]),
            drop_old_secrets=options["drop_old_secrets"],
        )

    def private(self, base_url: str, named: list[str] | None) -> tuple[str, ...] | None:
        """
        Return the allowed private addresses: those that were named, and a private base URL.

        Whoever gives a private base URL to this command means to allow it.
        """
        if base_url and leads_inside(base_url):
            self.stdout.write(
                self.style.WARNING(
                    f"Note: {base_url} is a private address. Exactly this scheme, host and port "
                    f"are allowed."
                )
            )
            return (base_url, *(named or ()))
        if named is not None:
            return tuple(named)
        return () if base_url else None

    def team(self, name: str) -> Team | None:
        if not name:
            return None
        found = Team.objects.filter(name=name).first()
        if found is None:
            raise CommandError(
                f"There is no team “{name}”. Known teams: "
                f"{', '.join(Team.objects.values_list('name', flat=True)) or 'none'}."
            )
        return found

    def person(self, email: str) -> User | None:
        if not email:
            return None
        found = User.objects.staff().filter(email__iexact=email).first()
        if found is None:
            raise CommandError(f"No active staff member has the address {email}.")
        if not User.objects.people().who_may(OWN_WORK).filter(pk=found.pk).exists():
            raise CommandError(f"{found} has no role that can own work.")
        return found


def leads_inside(url: str) -> bool:
    try:
        origin = origin_of(url)
        return not all(is_public(address) for address in resolve(origin.host, origin.port))
    except (BadAddress, httpcore.ConnectError):
        return False
