"""
The CRM of a walkthrough, used over HTTP like a person in it.

Deals are created and read. A simulated CRM also posts its webhooks.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from random import SystemRandom
from typing import Any

from demo.sandbox.crm import CRM, Change
from demo.sandbox.sender import Sender
from demo.sandbox.server import AUTHOR
from integrations.adapters.hubspot.client import API, HOME
from integrations.adapters.hubspot.writing import properties_of
from integrations.http.client import SafeClient
from integrations.models import Connection

PERSON = "userId:1"  # without an author, the changes would count as our own
TO_COMPANY, TO_CONTACT = 5, 3  # https://developers.hubspot.com/docs/api/crm/associations
DOMAIN = "walkthrough-client.example"
OWNER = "7101"  # of deals in the simulated CRM


class CrmDeals:
    """
    Actions in the CRM.

    ``events`` are the events of a CRM that this process simulates, waiting to be posted. It is None
    if the CRM posts them itself. ``crm`` is the simulated one, if it is.
    """

    def __init__(
        self,
        connection: Connection,
        events: list[Change] | None = None,
        crm: CRM | None = None,
    ) -> None:
        self.connection, self.events, self.crm = connection, events, crm

    @property
    def is_own(self) -> bool:
        return self.events is not None

    def make(self, name: str, token: str, *, ends: bool, owner: str = "") -> str:
        """
        Create a company, a contact and a deal, and change the deal five times. Return its id.

        :param ends: whether the deal has an end date
        :param owner: the e-mail address of its owner in the simulated CRM, if it has one
        """
        email = f"robin@{DOMAIN}" if self.is_own else f"robin.{token}@{DOMAIN}"
        company = {
            "name": "Walkthrough client",
            "domain": DOMAIN,
            "country": "GB",
            "numberofemployees": "120",
            "lifecyclestage": "opportunity",
        }
        person = {"firstname": "Robin", "lastname": "Walkthrough", "email": email}
        linked = [
            _link(self._create("companies", company), TO_COMPANY),
            _link(self._create("contacts", person), TO_CONTACT),
        ]
        properties = {"dealname": name, "dealstage": "appointmentscheduled"}
        if owner and self.crm is not None:
            self.crm.owners[OWNER] = owner
            properties["hubspot_owner_id"] = OWNER
        deal = self._create("deals", properties, linked)
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

    def written(self, deal: str) -> Mapping[str, str]:
        """Return the values that we wrote into the deal: state, owner and url."""
        names = properties_of(self.connection.valid_settings)
        with self._client() as client:
            path, properties = self._path(f"deals/{deal}"), ",".join(names.values())
            found = client.get(path, properties=properties).json()["properties"]
        return {value: str(found.get(name) or "") for value, name in names.items()}

    def post(self, times: int) -> list[int]:
        """Post the waiting events this many times, shuffled and signed. Return the statuses."""
        assert self.events is not None
        events = [
            {"eventId": SystemRandom().randrange(1, 50), **each, "attemptNumber": 0}
            for each in self.events
        ]
        self.events.clear()
        sender = Sender(self.connection.hook_url, self.connection.signing_secrets.first())
        answers = []
        for _ in range(times if events else 0):
            SystemRandom().shuffle(events)
            # Without an answer in time, it posts again, like HubSpot.
            answers.append(sender.post(events) or sender.post(events))
        sender.close()
        return answers

    def _create(self, plural: str, properties: Mapping[str, str], linked: Any = ()) -> str:
        body = {"properties": properties, "associations": list(linked)}
        with self._client() as client:
            path, headers = self._path(plural), {AUTHOR: PERSON}
            return str(client.call("POST", path, json=body, headers=headers).json()["id"])

    def _client(self) -> SafeClient:
        connection = self.connection
        return SafeClient(
            connection.base_url or HOME,
            token=connection.token.first(),
            private=connection.private_origins,
        )

    def _path(self, rest: str) -> str:
        return f"/crm/objects/{self.connection.setting('api_version', API)}/{rest}"


def _link(key: str, kind: int) -> dict[str, Any]:
    return {
        "to": {"id": key},
        "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": kind}],
    }


def _sold(*, ends: bool) -> dict[str, str]:
    sold = {
        "amount": "12000",
        "deal_currency_code": "GBP",
        "agency_hours": "80",
        "agency_rounds": "4",
        "agency_start_date": day(14),
    }
    if ends:
        sold["agency_end_date"] = day(60)
    return sold


def day(ahead: int) -> str:
    return (datetime.now(UTC).date() + timedelta(days=ahead)).isoformat()
