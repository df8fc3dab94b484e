"""
HubSpot's CRM API, as far as we read it: an object with its associations, and batches of others by
id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from integrations.base.adapter import NotFound, Permanent, Temporary, Unknown
from integrations.base.typed import clean
from integrations.http.client import SafeClient

if TYPE_CHECKING:
    from integrations.base.connections import Connection

API = "2026-09"  # v1 to v3 end in September 2027, so the version is a setting of the connection
HOME = "https://api.hubapi.com"
PLURALS = {"deal": "deals", "company": "companies", "contact": "contacts"}
MAX_BATCH = 100
# https://developers.hubspot.com/docs/api/crm/associations: the type that marks the one primary
# company of a deal or contact
PRIMARY = {"deal_to_company", "contact_to_company"}


@dataclass(frozen=True, slots=True)
class HubSpotObject:
    """
    One CRM object. ``properties`` are strings as HubSpot sends them, empty ones left out.

    ``associated`` lists ids by type, the primary company first and alone if there is one.
    """

    type: str
    id: str
    properties: Mapping[str, str]
    associated: Mapping[str, Sequence[str]]


class HubSpotClient:
    """:raises CallFailed: from every call, see integrations.http.client"""

    def __init__(self, connection: Connection) -> None:
        token = connection.token.first()
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

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.__exit__(kind, error, trace)

    def read(
        self, noun: str, key: str, properties: Sequence[str], associations: Sequence[str]
    ) -> HubSpotObject:
        """
        One object by its id there.

        :raises NotFound: if it was deleted, or never was
        """
        if not (key.isascii() and key.isalnum()):
            raise NotFound(f"“{key[:40]}” is not the id of a {noun}.", 404)
        wanted = {"properties": ",".join(properties)}
        if associations:
            wanted["associations"] = ",".join(PLURALS[name] for name in associations)
        return _remote(noun, self._http.call("GET", self._path(noun, key), params=wanted).json())

    def read_many(
        self, noun: str, ids: Sequence[str], properties: Sequence[str]
    ) -> list[HubSpotObject]:
        """
        Up to 100 objects in the order of ``ids``; those that are gone are left out (HubSpot answers
        207 then).
        """
        if not ids:
            return []
        body = {"properties": list(properties), "inputs": [{"id": key} for key in ids[:MAX_BATCH]]}
        answer = self._http.call(
            "POST", self._path(noun, "batch/read"), json=body, reads=True
        ).json()
        found = {
            remote.id: remote
            for remote in (_remote(noun, each) for each in _list(answer, "results"))
        }
        return [found[key] for key in ids if key in found]

    def update(self, noun: str, key: str, properties: Mapping[str, str]) -> HubSpotObject:
        """
        Change properties of one object; an empty one is taken away.

        :raises NotFound: if it was deleted, or never was
        :raises Unknown: if the answer is not the object, so that the change may not have been made
        """
        if not (key.isascii() and key.isalnum()):
            raise NotFound(f"“{key[:40]}” is not the id of a {noun}.", 404)
        answer = self._http.call(
            "PATCH", self._path(noun, key), json={"properties": dict(properties)}
        ).json()
        try:
            return _remote(noun, answer)
        except Temporary as error:
            raise Unknown(str(error)) from None

    def _path(self, noun: str, rest: str) -> str:
        return f"/crm/objects/{self._version}/{PLURALS[noun]}/{rest}"


def _remote(noun: str, value: Any) -> HubSpotObject:
    if (
        not isinstance(value, dict)
        or not isinstance(value.get("properties"), dict)
        or "id" not in value
    ):
        raise Temporary("The answer is not a CRM object.")
    properties = {
        str(name): said
        for name, given in value["properties"].items()
        if given is not None and (said := clean(str(given)))
    }
    linked = value.get("associations") or {}
    return HubSpotObject(
        noun,
        str(value["id"]),
        properties,
        {one: _ids(linked.get(many)) for one, many in PLURALS.items()},
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
