"""HubSpot's properties as facts: our names, typed values, and where each was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from integrations.adapters.hubspot.client import HubSpotObject
from integrations.base.typed import Typed, amount, currency, day, number, text, whole
from routing.kernel.clean_text import one_line
from routing.kernel.facts import UNREAD


@dataclass(frozen=True, slots=True)
class Field:
    """
    One fact and the HubSpot property it is read from.

    The connection's setting ``properties`` can name another property.
    """

    name: str  # of the fact
    remote: str  # the property
    typed: Typed = text

    @property
    def object_type(self) -> str:
        return self.name.partition(".")[0]


# HubSpot ships most of these: https://developers.hubspot.com/docs/api/crm/properties. It does not
# ship those that begin with agency_: an agency creates them, or maps properties it has.
FIELDS = (
    Field("deal.name", "dealname"),
    Field("deal.amount", "amount", amount),
    Field("deal.currency", "deal_currency_code", currency),
    Field("deal.stage", "dealstage"),
    # HubSpot's number of a person, which the reader replaces by their e-mail address.
    Field("deal.owner", "hubspot_owner_id"),
    Field("deal.hours", "agency_hours", number),
    Field("deal.rounds", "agency_rounds", whole),
    Field("deal.starts", "agency_start_date", day),
    Field("deal.ends", "agency_end_date", day),
    Field("deal.service", "agency_service"),
    Field("company.name", "name"),
    Field("company.domain", "domain"),
    Field("company.territory", "country"),
    Field("company.size", "numberofemployees", whole),
    Field("company.lifecycle", "lifecyclestage"),
    Field("contact.email", "email"),
    Field("contact.lifecycle", "lifecyclestage"),
)
MOST_SHOWN = 80  # characters of a value that could not be read
OWNER, LIFECYCLE = "deal.owner", "contact.lifecycle"
FULL_NAME, NAME_PARTS = "contact.name", ("firstname", "lastname")


def fields(settings: Mapping[str, Any], object_type: str) -> list[Field]:
    """Return the properties of an object type, with the names that this connection uses."""
    named = settings.get("properties") or {}
    return [
        Field(each.name, str(named.get(each.name, each.remote)), each.typed)
        for each in FIELDS
        if each.object_type == object_type
    ]


def wanted(settings: Mapping[str, Any], object_type: str) -> list[str]:
    names = [field.remote for field in fields(settings, object_type)]
    if object_type == "contact":
        names += NAME_PARTS
    return names


@dataclass(frozen=True, slots=True)
class Mapped:
    """
    The facts of one object.

    ``sources`` says for each fact where it was read. Under ``<fact>!`` it says which value could
    not be read, and why.
    """

    facts: Mapping[str, Any]
    sources: Mapping[str, str]


def mapped(
    remote: HubSpotObject, settings: Mapping[str, Any], zone: ZoneInfo | None = None
) -> Mapped:
    """
    Return the typed facts of one object, without those that are empty or unreadable.

    :param zone: of the agency. HubSpot sends some dates as instants in UTC.
    """
    facts: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for field in fields(settings, remote.type):
        given = remote.properties.get(field.remote, "")
        where = f"HubSpot {remote.type} {remote.id}, {field.remote}"
        if not given:
            continue
        try:
            typed = partial(day, zone=zone) if field.typed is day else field.typed
            facts[field.name] = typed(given)
            sources[field.name] = where
        except (ValueError, OverflowError) as error:
            sources[f"{field.name}{UNREAD}"] = f"{where}: {error}: {given[:MOST_SHOWN]}"
    if name := full_name(remote):
        facts[FULL_NAME] = name
        sources[FULL_NAME] = f"HubSpot contact {remote.id}, firstname and lastname"
    return Mapped(facts, sources)


def full_name(remote: HubSpotObject) -> str:
    if remote.type != "contact":
        return ""
    parts = [remote.properties.get(part, "") for part in NAME_PARTS]
    return one_line(" ".join(parts))[:120]
