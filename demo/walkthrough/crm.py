"""
The CRM of a walkthrough, spoken to over HTTP as a person there would: deals are made and read. A
play one also posts its webhooks.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from random import SystemRandom
from typing import Any

from demo.sandbox.crm import Change
from demo.sandbox.sender import Sender
from demo.sandbox.server import AUTHOR
from integrations.adapters.hubspot.client import API, HOME
from integrations.adapters.hubspot.writing import properties_of
from integrations.http.client import SafeClient
from integrations.models import Connection

PERSON = "userId:1"  # a person at the CRM, or the changes would be our own coming back
TO_COMPANY, TO_CONTACT = 5, 3  # https://developers.hubspot.com/docs/api/crm/associations
DOMAIN = "walkthrough-client.example"


class CrmDeals:
    """
    Actions in the CRM.

    ``told`` are the events of a CRM that this process plays itself, waiting to be posted; None
    where the CRM posts them by itself.
    """

    def __init__(self, connection: Connection, told: list[Change] | None = None) -> None:
        self.connection, self.told = connection, told

    @property
    def is_own(self) -> bool:
        return self.told is not None

    def make(self, name: str, token: str, *, ends: bool) -> str:
        """
        A company, a person and their deal, then five changes of it; the deal's id. Without ``ends``
        it lacks its end date.
        """
        email = f"robin@{DOMAIN}" if self.is_own else f"robin.{token}@{DOMAIN}"
        company = self._create(
            "companies", {"name": "Walkthrough client", "domain": DOMAIN, "country": "GB"}
        )
        person = self._create(
            "contacts", {"firstname": "Robin", "lastname": "Walkthrough", "email": email}
        )
        linked = [_link(company, TO_COMPANY), _link(person, TO_CONTACT)]
        deal = self._create(
            "deals", {"dealname": name, "dealstage": "appointmentscheduled"}, linked
        )
        self.change(deal, _sold(ends=ends))
        return deal

    def change(self, deal: str, properties: Mapping[str, str]) -> None:
        with self._client() as client:
            client.call(
                "PATCH",
                self._path(f"deals/{deal}"),
                json={"properties": properties},
                headers={AUTHOR: PERSON},
            )

    def said(self, deal: str) -> Mapping[str, str]:
        """Return what we wrote into the deal, by name: state, owner and url."""
        names = properties_of(self.connection.settings)
        with self._client() as client:
            read = client.get(
                self._path(f"deals/{deal}"), properties=",".join(names.values())
            ).json()
        return {what: str(read["properties"].get(name) or "") for what, name in names.items()}

    def post(self, times: int) -> list[int]:
        """Post what there is to tell, shuffled and signed, so many times; the answers' statuses."""
        assert self.told is not None
        events = [
            {"eventId": SystemRandom().randrange(1, 50), **each, "attemptNumber": 0}
            for each in self.told
        ]
        self.told.clear()
        sender = Sender(self.connection.hook_url, self.connection.signing_secrets.first())
        answers = []
        for _ in range(times if events else 0):
            SystemRandom().shuffle(events)
            # Without an answer in time it posts again, as HubSpot does.
            answers.append(sender.post(events) or sender.post(events))
        sender.close()
        return answers

    def _create(self, object_type: str, properties: Mapping[str, str], linked: Any = ()) -> str:
        body = {"properties": properties, "associations": list(linked)}
        with self._client() as client:
            return str(
                client.call(
                    "POST", self._path(object_type), json=body, headers={AUTHOR: PERSON}
                ).json()["id"]
            )

    def _client(self) -> SafeClient:
        connection = self.connection
        return SafeClient(
            connection.base_url or HOME,
            token=connection.token.first(),
            private=connection.private_origins,
        )

    def _path(self, rest: str) -> str:
        return f"/crm/objects/{self.connection.setting('api_version', API)}/{rest}"


def _link(key: str, object_type: int) -> dict[str, Any]:
    return {
        "to": {"id": key},
        "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": object_type}],
    }


def _sold(*, ends: bool) -> dict[str, str]:
    sold = {
        "amount": "12000",
        "deal_currency_code": "GBP",
        "agency_hours": "80",
        "agency_rounds": "4",
        "agency_start_date": day(14),
    }
    return {**sold, "agency_end_date": day(60)} if ends else sold


def day(ahead: int) -> str:
    return (datetime.now(UTC).date() + timedelta(days=ahead)).isoformat()
