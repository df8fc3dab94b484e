from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from random import SystemRandom
from typing import Any
from uuid import uuid4

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from standardwebhooks.webhooks import Webhook

from demo.management.commands.sandbox import only
from demo.sandbox.server import AUTHOR, SANDBOX, SIGN
from integrations.adapters.hubspot.client import API
from integrations.base.adapter import CallFailed
from integrations.base.origins import origin_of
from integrations.http.client import SafeClient
from integrations.models import Connection

COMPANIES = (
    "Northwind Bakeries",
    "Larkfield Dental",
    "Quayside Outdoors",
    "Hazel & Finch",
    "Brightwater Rowing",
)
SERVICES = ("landing page", "campaign site", "brand refresh", "newsletter")
PERSON = "userId:1"  # without an author, the changes would count as our own


class Command(BaseCommand):
    help = "Create a sample: a new deal in the sandbox of HubSpot, or a submitted form."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("kind", choices=["form", "hubspot"])
        parser.add_argument(
            "--connection", default="", help="its slug (the only one of its kind by default)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        connection = only(options["kind"], options["connection"])
        try:
            make = self.deal if options["kind"] == "hubspot" else self.form
            subject = make(connection)
        except CallFailed as error:
            raise CommandError(f"{connection.name}: {error}") from None
        self.stdout.write(f"Look at it:  manage.py trace {connection.slug}/{subject}")

    def deal(self, connection: Connection) -> str:
        """
        Create a company, a contact and a deal, then change the deal five times.

        The CRM sends events about the deal only: six.
        """
        with client_of(connection) as client:
            if client.get(SANDBOX).headers.get(SIGN) != "hubspot":
                raise CommandError(
                    "This is not a sandbox, and samples are not written into a real CRM. Start "
                    "one: manage.py sandbox hubspot"
                )
            made = self.make(client, connection)
            client.call(
                "PATCH",
                objects(connection, f"deals/{made}"),
                json={"properties": changes()},
                headers={AUTHOR: PERSON},
            )
        self.stdout.write(f"Made deal {made}, then changed {', '.join(changes())}.")
        self.stdout.write(
            "The sandbox sends one creation and five property changes, in any order, some of them "
            "twice."
        )
        return f"deal/{made}"

    def make(self, client: SafeClient, connection: Connection) -> str:
        name, number = SystemRandom().choice(COMPANIES), uuid4().hex[:6]
        domain = f"{name.lower().replace(' & ', '-').replace(' ', '-')}-{number}.example"
        company = {
            "name": f"{name} {number}",
            "domain": domain,
            "country": "GB",
            "numberofemployees": "45",
        }
        person = {"firstname": "Robin", "lastname": "Okafor", "email": f"robin@{domain}"}
        ids = [
            create(client, connection, "companies", company),
            create(client, connection, "contacts", person),
        ]
        linked = [
            {"to": {"id": key}, "types": [{"associationTypeId": kind}]}
            for key, kind in zip(ids, (5, 3), strict=True)
        ]
        deal = {
            "dealname": f"{name}: {SystemRandom().choice(SERVICES)}",
            "dealstage": "appointmentscheduled",
        }
        return create(client, connection, "deals", deal, linked)

    def form(self, connection: Connection) -> str:
        key, number = f"form-{uuid4().hex[:12]}", uuid4().hex[:6]
        name = SystemRandom().choice(COMPANIES)
        deal = {
            "name": f"{name}: {SystemRandom().choice(SERVICES)}",
            "amount": "4800",
            "currency": "GBP",
            "hours": "40",
            "rounds": "2",
        }
        data = {
            "company": {"name": f"{name} {number}", "domain": f"{number}.example"},
            "contact": {"name": "Robin Okafor", "email": f"robin@{number}.example"},
            "deal": {**deal, "service": "landing page", "starts": day(14), "ends": day(44)},
        }
        at = timezone.now().isoformat()
        body = json.dumps({"type": "form.submitted", "id": key, "timestamp": at, "data": data})
        headers = signed(connection, key, body)
        url, path = connection.hook_url, connection.hook_path
        with SafeClient(url.removesuffix(path), private=frozenset({origin_of(url)})) as client:
            answer = client.call("POST", path, content=body.encode(), headers=headers).json()
        self.stdout.write(f"Submitted form {key}: {json.dumps(answer)}")
        return f"form/{key}"


def client_of(connection: Connection) -> SafeClient:
    return SafeClient(
        connection.base_url, token=connection.token.first(), private=connection.private_origins
    )


def objects(connection: Connection, rest: str) -> str:
    return f"/crm/objects/{connection.setting('api_version', API)}/{rest}"


def create(
    client: SafeClient,
    connection: Connection,
    plural: str,
    properties: dict[str, str],
    associations: Any = (),
) -> str:
    body = {"properties": properties, "associations": list(associations)}
    path, headers = objects(connection, plural), {AUTHOR: PERSON}
    return str(client.call("POST", path, json=body, headers=headers).json()["id"])


def changes() -> dict[str, str]:
    return {
        "amount": "12000",
        "deal_currency_code": "GBP",
        "agency_hours": "80",
        "agency_rounds": "2",
        "agency_start_date": day(14),
    }


def day(ahead: int) -> str:
    return (datetime.now(UTC).date() + timedelta(days=ahead)).isoformat()


def signed(connection: Connection, key: str, body: str) -> dict[str, str]:
    at = datetime.now(UTC)
    signature = Webhook(connection.signing_secrets.first()).sign(key, at, body)
    return {
        "content-type": "application/json",
        "webhook-id": key,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signature,
    }
