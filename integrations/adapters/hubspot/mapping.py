"""HubSpot's properties as facts: our names, typed values, and where each was read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from integrations.adapters.hubspot.client import HubSpotObject
from integrations.base.typed import Typed, currency, day, number, text, whole


@dataclass(frozen=True, slots=True)
class Field:
    name: str  # of the fact
    remote: (
        str  # the property of HubSpot, unless the connection's setting ``properties`` names another
    )
    typed: Typed = text

    @property
    def noun(self) -> str:
        return self.name.partition(".")[0]


# dealname to numberofemployees are HubSpot's own:
# https://developers.hubspot.com/docs/api/crm/properties. Those that begin with agency_ are no
# properties of HubSpot: an agency makes them, or names its own.
FIELDS = (
    Field("deal.name", "dealname"),
    Field("deal.amount", "amount", number),
    Field("deal.currency", "deal_currency_code", currency),
    Field("deal.stage", "dealstage"),
    Field("deal.hours", "agency_hours", number),
    Field("deal.rounds", "agency_rounds", whole),
    Field("deal.starts", "agency_start_date", day),
    Field("deal.ends", "agency_end_date", day),
    Field("deal.service", "agency_service"),
    Field("company.name", "name"),
    Field("company.domain", "domain"),
    Field("company.territory", "country"),
    Field("company.size", "numberofemployees", whole),
    Field("contact.email", "email"),
)
NAME_PARTS = ("firstname", "lastname")


def fields(settings: Mapping[str, Any], noun: str) -> list[Field]:
    """
    Return the properties to read of one kind of object, with the names used by this connection.
    """
    named = settings.get("properties") or {}
    return [
        Field(each.name, str(named.get(each.name, each.remote)), each.typed)
        for each in FIELDS
        if each.noun == noun
    ]


def wanted(settings: Mapping[str, Any], noun: str) -> list[str]:
    return [
        *(field.remote for field in fields(settings, noun)),
        *(NAME_PARTS if noun == "contact" else ()),
    ]


@dataclass(frozen=True, slots=True)
class Mapped:
    """
    ``sources`` says by fact where it was read, and by ``<fact>!`` what was there but could not be
    read.
    """

    facts: Mapping[str, Any]
    sources: Mapping[str, str]


def mapped(remote: HubSpotObject, settings: Mapping[str, Any]) -> Mapped:
    """The facts of one object: typed, absent where HubSpot has none or something that is none."""
    facts: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for field in fields(settings, remote.type):
        given = remote.properties.get(field.remote, "")
        where = f"HubSpot {remote.type} {remote.id}, {field.remote}"
        if not given:
            continue
        try:
            facts[field.name] = field.typed(given)
            sources[field.name] = where
        except (ValueError, OverflowError) as error:
            sources[f"{field.name}!"] = f"{where}: {error}"
    if name := full_name(remote):
        facts["contact.name"], sources["contact.name"] = (
            name,
            f"HubSpot contact {remote.id}, firstname and lastname",
        )
    return Mapped(facts, sources)


def full_name(remote: HubSpotObject) -> str:
    parts: Sequence[str] = (
        [remote.properties.get(part, "") for part in NAME_PARTS] if remote.type == "contact" else ()
    )
    return " ".join(part for part in parts if part)[:120]
