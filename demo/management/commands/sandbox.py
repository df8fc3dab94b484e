from __future__ import annotations

from collections.abc import Callable
from http.server import ThreadingHTTPServer
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from demo.sandbox.cms import CMS
from demo.sandbox.cms_server import serve_cms
from demo.sandbox.crm import CRM
from demo.sandbox.sender import Sender
from demo.sandbox.server import serve
from integrations.models import Connection


class Command(BaseCommand):
    help = "Simulate an external system on this machine, to try the product without an account."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("kind", choices=list(PLAYS))
        parser.add_argument(
            "--port",
            type=int,
            required=True,
            help="on 127.0.0.1; the connection's address must use it",
        )
        parser.add_argument(
            "--connection",
            default="",
            help="the slug of its connection (the only one of its kind by default)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        connection = only(options["kind"], options["connection"])
        if not connection.token:
            raise CommandError(
                "The connection has no token, so the sandbox cannot verify its calls. Provide one "
                "with --token-file."
            )
        server, words = PLAYS[options["kind"]](connection, options["port"])
        address = f"http://127.0.0.1:{server.server_port}"
        self.stdout.write(
            f"A sandbox of {words.format(address=address)}. Press Ctrl-C to stop it. "
            "Its data is not kept."
        )
        self.stdout.flush()
        if connection.base_url.rstrip("/") != address:
            self.stdout.write(
                self.style.WARNING(
                    f"Note: the connection calls {connection.base_url or 'no address'}, not this "
                    f"one."
                )
            )
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            server.server_close()


def hubspot(connection: Connection, port: int) -> tuple[ThreadingHTTPServer, str]:
    portals = connection.setting("portal_ids") or [1]
    sender = Sender(connection.hook_url, connection.signing_secrets.first())
    crm = CRM(int(portals[0]), int(connection.setting("app_id") or 1), sender.tell)
    server = serve(crm, connection.token.first(), port)
    return server, f"HubSpot answers at {{address}} and posts to {connection.hook_url}"


def wordpress(connection: Connection, port: int) -> tuple[ThreadingHTTPServer, str]:
    user, _, password = connection.token.first().partition(":")
    server = serve_cms(CMS(user, password), port)
    return server, "WordPress answers at {address} and shows published pages there"


PLAYS: dict[str, Callable[[Connection, int], tuple[ThreadingHTTPServer, str]]] = {
    "hubspot": hubspot,
    "wordpress": wordpress,
}


def only(kind: str, slug: str) -> Connection:
    """Return the connection with this slug, or the only one of this kind."""
    active = Connection.objects.active().filter(kind=kind)
    active = active.filter(slug=slug) if slug else active.unnamed()
    found = list(active[:2])
    if len(found) == 1:
        return found[0]
    if slug or not found:
        name = f" “{slug}”" if slug else ""
        raise CommandError(
            f"There is no active {kind} connection{name}. Create one: "
            f"manage.py connect {kind} --slug …"
        )
    raise CommandError(f"There are several {kind} connections. Choose one with --connection.")
