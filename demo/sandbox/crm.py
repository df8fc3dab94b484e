"""
A CRM in memory that behaves like HubSpot.

It has objects with properties and associations, and an event for each change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from random import Random
from threading import Lock
from typing import Any

from demo.sandbox.faults import FaultQueue

SINGULAR = {"deals": "deal", "companies": "company", "contacts": "contact"}
PLURAL = {one: many for many, one in SINGULAR.items()}
# The association type ids that HubSpot defines, with the object types they lead to:
# https://developers.hubspot.com/docs/api/crm/associations
ASSOCIATIONS = {
    5: ("company", "deal_to_company"),
    341: ("company", "deal_to_company_unlabeled"),
    3: ("contact", "deal_to_contact"),
    1: ("company", "contact_to_company"),
    279: ("company", "contact_to_company_unlabeled"),
}
# Properties that every deal can have, also if none has it yet: those of Throughline.
OWN_PROPERTIES = (
    "throughline_state",
    "throughline_owner",
    "throughline_url",
    "throughline_needed_by",
    "throughline_planned_for",
    "throughline_ended_on",
    "throughline_note",
    "throughline_next_step",
)
SUBSCRIPTIONS = {"deal.creation": 1001, "deal.deletion": 1002, "deal.propertyChange": 1003}

Change = dict[str, Any]


class Wrong(Exception):
    """A refusal with a status, a message and WordPress's code for it."""

    def __init__(self, status: int, message: str, code: str = "rest_error") -> None:
        super().__init__(message)
        self.status, self.code = status, code


@dataclass
class Stored:
    id: str
    properties: dict[str, str]
    associated: list[tuple[str, str, str]]  # object type, id, kind of association
    created_at: datetime
    updated_at: datetime


@dataclass
class CRM:
    """
    The state of an account.

    ``tell`` is called with an event for each subscribed change, without delivery metadata.
    """

    portal_id: int
    app_id: int
    tell: Callable[[Change], None]
    seed: int | None = None
    objects: dict[str, dict[str, Stored]] = field(
        default_factory=lambda: {one: {} for one in PLURAL}
    )
    faults: FaultQueue = field(default_factory=FaultQueue)
    lacking: set[str] = field(default_factory=set)  # properties that the account does not have
    owners: dict[str, str] = field(default_factory=dict)  # e-mail addresses of owners by id
    token: str = field(default="", repr=False)  # of the app; a person may revoke and renew it

    def __post_init__(self) -> None:
        self._lock = Lock()
        self._ids = count(Random(self.seed).randrange(10**9, 9 * 10**9))  # noqa: S311  # play, no secret

    def create(self, object_type: str, body: Mapping[str, Any], author: str) -> Stored:
        linked = [_association(each) for each in body.get("associations") or ()]
        with self._lock:
            for other, key, _kind in linked:  # refuse an association to an unknown object
                self._find(other, key)
            now = datetime.now(UTC)
            made = Stored(str(next(self._ids)), _properties(body), linked, now, now)
            self.objects[object_type][made.id] = made
        self._changed(object_type, made.id, "creation", author, now)
        return made

    def owner(self, key: str) -> dict[str, str]:
        """Return an owner as HubSpot does."""
        with self._lock:
            if key not in self.owners:
                raise Wrong(404, "resource not found")
            return {"id": key, "email": self.owners[key], "type": "PERSON"}

    def property_names(self, object_type: str) -> list[str]:
        """Return the names of the properties that objects of a type can have."""
        with self._lock:
            found = set(OWN_PROPERTIES)
            for each in self.objects[object_type].values():
                found |= set(each.properties)
        return sorted(found - self.lacking)

    def update(self, object_type: str, key: str, body: Mapping[str, Any], author: str) -> Stored:
        if unknown := sorted(self.lacking & set(_properties(body))):
            raise Wrong(400, f"Property “{unknown[0]}” does not exist")
        with self._lock:
            found, now = self._find(object_type, key), datetime.now(UTC)
            news = {
                name: value
                for name, value in _properties(body).items()
                if found.properties.get(name) != value
            }
            found.properties.update(news)
            found.updated_at = now
        for name, value in news.items():
            self._changed(
                object_type,
                key,
                "propertyChange",
                author,
                now,
                propertyName=name,
                propertyValue=value,
            )
        return found

    def delete(self, object_type: str, key: str, author: str) -> None:
        with self._lock:
            self._find(object_type, key)
            del self.objects[object_type][key]
        self._changed(object_type, key, "deletion", author, datetime.now(UTC))

    def read(self, object_type: str, key: str) -> Stored:
        with self._lock:
            return self._find(object_type, key)

    def read_many(self, object_type: str, ids: Sequence[str]) -> tuple[list[Stored], list[str]]:
        """Return the objects that exist, and the ids of those that do not."""
        with self._lock:
            known = self.objects[object_type]
            found = [known[key] for key in ids if key in known]
            return found, [key for key in ids if key not in known]

    def find(self, object_type: str, name: str, value: str) -> Stored | None:
        with self._lock:
            for each in self.objects[object_type].values():
                if each.properties.get(name) == value:
                    return each
        return None

    def _find(self, object_type: str, key: str) -> Stored:
        found = self.objects[object_type].get(key)
        if found is None:
            raise Wrong(404, "resource not found")
        return found

    def _changed(
        self, object_type: str, key: str, verb: str, author: str, at: datetime, **more: str
    ) -> None:
        kind = f"{object_type}.{verb}"
        if kind not in SUBSCRIPTIONS:
            return
        ours = author == str(self.app_id)
        event = {
            "subscriptionId": SUBSCRIPTIONS[kind],
            "portalId": self.portal_id,
            "appId": self.app_id,
            "occurredAt": int(at.timestamp() * 1000),
            "subscriptionType": kind,
            "objectId": int(key),
            "changeSource": "INTEGRATION" if ours else "CRM_UI",
            "sourceId": author,
            **more,
        }
        if verb == "creation":
            event["changeFlag"] = "CREATED"
        self.tell(event)


def _properties(body: Mapping[str, Any]) -> dict[str, str]:
    given = body.get("properties")
    if not isinstance(given, Mapping) or not all(
        isinstance(value, str | int | float | None) for value in given.values()
    ):
        raise Wrong(400, "Invalid input JSON: properties must be an object of values")
    return {str(name): "" if value is None else str(value) for name, value in given.items()}


def _association(each: Any) -> tuple[str, str, str]:
    try:
        other, kind = ASSOCIATIONS[each["types"][0]["associationTypeId"]]
        return other, str(each["to"]["id"]), kind
    except (KeyError, IndexError, TypeError):
        raise Wrong(
            400,
            "Invalid input JSON: an association needs the id of its target and a type that "
            "HubSpot defines",
        ) from None
