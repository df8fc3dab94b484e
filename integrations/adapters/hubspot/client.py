"""The parts of HubSpot's CRM API that we use: read an object, read a batch, update an object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from integrations.base.adapter import NotFound, Permanent, Temporary, Unknown
from integrations.base.credentials import token_of
from integrations.base.typed import clean
from integrations.http.client import SafeClient

if TYPE_CHECKING:
    from integrations.base.connections import Connection

API = "2026-09"  # v1 to v3 end in September 2027, so a connection can set another version
HOME = "https://api.hubapi.com"
PLURALS = {"deal": "deals", "company": "companies", "contact": "contacts"}
MAX_BATCH = 100
# The association types that mark the one primary company of a deal or contact:
# https://developers.hubspot.com/docs/api/crm/associations
PRIMARY = {"deal_to_company", "contact_to_company"}


@dataclass(frozen=True, slots=True)
class HubSpotObject:
    """
    One CRM object.

    ``properties`` are strings as HubSpot sends them, without empty ones. ``associated`` lists ids
    by type. If there is a primary company, it is the only one listed.
    """

    type: str
    id: str
    properties: Mapping[str, str]
    associated: Mapping[str, Sequence[str]]


class HubSpotClient:
    """:raises CallFailed: from every call, see integrations.http.client"""

    def __init__(self, connection: Connection) -> None:
        token = token_of(connection)
        if not token:
            raise Permanent(
                "No token is set. Provide one with `manage.py connect hubspot … --token-file`."
            )
        self._version = str(connection.setting("api_version", API))
        self._http = SafeClient(
            connection.base_url or HOME, token=token, private=connection.private_origins
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def read(
        self, object_type: str, key: str, properties: Sequence[str], associations: Sequence[str]
    ) -> HubSpotObject:
        """
        Return one object by its id in HubSpot.

        :raises NotFound: if it was deleted or never existed
        """
        if not (key.isascii() and key.isalnum()):
            raise NotFound(f"“{key[:40]}” is not the id of a {object_type}.", 404)
        wanted = {"properties": ",".join(properties)}
        if associations:
            wanted["associations"] = ",".join(PLURALS[name] for name in associations)
        return _remote(
            object_type, self._http.call("GET", self._path(object_type, key), params=wanted).json()
        )

    def read_many(
        self, object_type: str, ids: Sequence[str], properties: Sequence[str]
    ) -> list[HubSpotObject]:
        """
        Return up to 100 objects in the order of ``ids``, without those that are gone.

        For a batch with missing objects, HubSpot answers 207 and lists the rest.
        """
        if not ids:
            return []
        body = {"properties": list(properties), "inputs": [{"id": key} for key in ids[:MAX_BATCH]]}
        answer = self._http.call(
            "POST", self._path(object_type, "batch/read"), json=body, reads=True
        ).json()
        remotes = [_remote(object_type, each) for each in _list(answer, "results")]
        found = {remote.id: remote for remote in remotes}
        return [found[key] for key in ids if key in found]

    def property_names(self, object_type: str) -> frozenset[str]:
        """Return the internal names of all properties of an object type that are not archived."""
        path = f"/crm/properties/{self._version}/{PLURALS[object_type]}"
        rows = _list(self._http.call("GET", path).json(), "results")
        return frozenset(str(each.get("name", "")) for each in rows if isinstance(each, dict))

    def owner_address(self, key: str) -> str:
        """
        Return the e-mail address of an owner, in lower case, empty if HubSpot knows none.

        :raises NotFound: if the owner was removed or never existed
        :raises Permanent: if the app may not read owners
        """
        if not (key.isascii() and key.isalnum()):
            raise NotFound(f"“{key[:40]}” is not the id of an owner.", 404)
        answer = self._http.call("GET", f"/crm/owners/{self._version}/{key}").json()
        if not isinstance(answer, dict):
            raise Temporary("The answer is not an owner.")
        return clean(str(answer.get("email") or "")).strip().lower()

    def update(self, object_type: str, key: str, properties: Mapping[str, str]) -> HubSpotObject:
        """
        Change properties of one object. An empty value clears its property.

        :raises NotFound: if it was deleted or never existed
        :raises Unknown: if the answer is not the object, so the change may or may not have happened
        """
        if not (key.isascii() and key.isalnum()):
            raise NotFound(f"“{key[:40]}” is not the id of a {object_type}.", 404)
        # The same values twice have the effect of once, so a PATCH needs no idempotency key.
        answer = self._http.call(
            "PATCH", self._path(object_type, key), json={"properties": dict(properties)}
        ).json()
        try:
            return _remote(object_type, answer)
        except Temporary as error:
            # HubSpot answered 2xx, but not with the object: the change may have been made.
            raise Unknown(str(error)) from None

    def _path(self, object_type: str, rest: str) -> str:
        return f"/crm/objects/{self._version}/{PLURALS[object_type]}/{rest}"


def _remote(object_type: str, value: Any) -> HubSpotObject:
    if (
        not isinstance(value, dict)
        or not isinstance(value.get("properties"), dict)
        or "id" not in value
    ):
        raise Temporary("The answer is not a CRM object.")
    properties = {}
    for name, given in value["properties"].items():
        text = "" if given is None else clean(str(given))
        if text:
            properties[str(name)] = text
    linked = value.get("associations") or {}
    return HubSpotObject(
        object_type,
        str(value["id"]),
        properties,
        {singular: _ids(linked.get(plural)) for singular, plural in PLURALS.items()},
    )


def _ids(value: Any) -> Sequence[str]:
    found = [
        (str(each["id"]), str(each.get("type", "")))
        for each in _list(value or {}, "results")
        if isinstance(each, dict) and "id" in each
    ]
    primary = [key for key, kind in found if kind in PRIMARY]
    return tuple(dict.fromkeys(primary or [key for key, _ in found]))


def _list(value: Any, name: str) -> list[Any]:
    found = value.get(name, []) if isinstance(value, dict) else None
    if not isinstance(found, list):
        raise Temporary("The answer is not a list of CRM objects.")
    return found
