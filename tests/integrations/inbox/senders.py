"""Senders as they are outside: they sign what they post."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from time import time
from typing import Any

from django.test import Client as Browser
from django.utils import timezone

from integrations.adapters.form.signing import sign as sign_form
from integrations.adapters.hubspot.signing import decoded, sign
from integrations.connections.operations import ConnectionSettings, connect
from integrations.models import Connection
from routing.people.actors import Actor
from tests.world import World

SECRET = "client-secret-of-tests"
FORM_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PUBLIC = "https://ops.agency.example"


def make_connection(kind: str, world: World, **options: Any) -> Connection:
    base_url = options.pop("base_url", "")
    wanted = ConnectionSettings(
        kind=kind,
        slug=options.pop("slug", f"{kind}-main"),
        base_url=base_url,
        public_url=PUBLIC,
        secret=options.pop("secret", FORM_SECRET if kind == "form" else SECRET),
        token="token-of-tests",
        private=(base_url,) if base_url else None,
        settings={"portal_ids": [4242], "app_id": 77} if kind == "hubspot" else {},
        team=world.team,
        owner=world.alice,
        backup=world.bob,
        **options,
    )
    connection, _new = connect(wanted, by=Actor.system(), at=timezone.now())
    return connection


def event(**fields: Any) -> dict[str, Any]:
    """An event with HubSpot's own field names."""
    return {
        "eventId": 1,
        "subscriptionId": 1003,
        "portalId": 4242,
        "appId": 77,
        "occurredAt": int(time() * 1000) - 1000,
        "subscriptionType": "deal.propertyChange",
        "attemptNumber": 0,
        "objectId": 9001,
        "propertyName": "amount",
        "propertyValue": "12000",
        "changeSource": "CRM_UI",
        "sourceId": "userId:7",
        **fields,
    }


def new_deal(object_id: int = 9001) -> list[dict[str, Any]]:
    """One creation and five property changes."""
    start = int(time() * 1000) - 60_000
    made = event(
        subscriptionId=1001,
        subscriptionType="deal.creation",
        objectId=object_id,
        occurredAt=start,
        changeFlag="NEW",
    )
    del made["propertyName"], made["propertyValue"]
    values = {
        "amount": "12000",
        "dealname": "Site",
        "agency_hours": "80",
        "agency_rounds": "2",
        "dealstage": "won",
    }
    changes = [
        event(objectId=object_id, propertyName=name, propertyValue=value, occurredAt=start + place)
        for place, (name, value) in enumerate(values.items(), start=1)
    ]
    return [made, *changes]


def now_ms(offset_s: float = 0) -> str:
    return str(int((time() + offset_s) * 1000))


def signed(
    body: bytes,
    *,
    slug: str = "hubspot-main",
    secret: str = SECRET,
    timestamp: str = "",
    query: str = "",
) -> dict[str, str]:
    """Headers as Django's test client takes them."""
    timestamp = timestamp or now_ms()
    url = f"{PUBLIC}/hooks/{slug}/" + (f"?{query}" if query else "")
    return {
        "X-HubSpot-Signature-v3": sign(secret, "POST", decoded(url), body, timestamp),
        "X-HubSpot-Request-Timestamp": timestamp,
    }


def post(
    body: bytes, headers: dict[str, str], *, slug: str = "hubspot-main", query: str = ""
) -> Any:
    url = f"/hooks/{slug}/" + (f"?{query}" if query else "")
    return Browser().post(url, data=body, content_type="application/json", headers=headers)


def send(events: Any, **options: Any) -> Any:
    body = events if isinstance(events, bytes) else json.dumps(events).encode()
    return post(
        body,
        signed(body, **options),
        slug=options.get("slug", "hubspot-main"),
        query=options.get("query", ""),
    )


def submit(
    data: Any,
    *,
    key: str = "msg_1",
    secret: str = FORM_SECRET,
    at: datetime | None = None,
    slug: str = "form-main",
) -> Any:
    at = at or datetime.now(UTC)
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    timestamp = str(int(at.timestamp()))
    headers = {
        "webhook-id": key,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{sign_form(secret, key, timestamp, body)}",
    }
    return post(body, headers, slug=slug)
