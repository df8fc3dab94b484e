"""
Read a deal, its company and its contacts from HubSpot.

A webhook says only that something changed, so the object is fetched.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from integrations.adapters.hubspot.client import HubSpotClient, HubSpotObject
from integrations.adapters.hubspot.mapping import LIFECYCLE, OWNER, full_name, mapped, wanted
from integrations.base.adapter import ExternalPerson, Organisation, Permanent, SubjectFacts
from routing.kernel.facts import UNREAD, Subject
from routing.runs.registry import Problem
from routing.sla.calendars import agency_zone

if TYPE_CHECKING:
    from integrations.base.connections import Connection

T = TypeVar("T")
ASSOCIATED = {"deal": ("company", "contact"), "contact": ("company",), "company": ()}


class HubSpotReader:
    def __init__(self, connection: Connection) -> None:
        self.connection, self.settings = connection, connection.valid_settings

    def read(self, subject: Subject) -> SubjectFacts:
        """
        Read one deal, contact or company with its associated objects, in one to three calls.

        :raises Problem: ``duplicate``, if several companies are associated and none is primary
        """
        with HubSpotClient(self.connection) as client:
            main = client.read(
                subject.type,
                subject.id,
                wanted(self.settings, subject.type),
                ASSOCIATED[subject.type],
            )
            company = main if main.type == "company" else self._company(client, main)
            contacts = [main] if main.type == "contact" else self._read(client, main, "contact")
            known = self._known(main, company, contacts)
            return _with_owner(known, client)

    def _company(self, client: HubSpotClient, main: HubSpotObject) -> HubSpotObject | None:
        companies = self._read(client, main, "company")
        if len(companies) > 1:
            raise Problem(
                "duplicate",
                f"HubSpot has {len(companies)} companies for this {main.type} and none is primary. "
                f"Mark one as primary, then retry.",
                {"companies": [company.id for company in companies]},
            )
        return companies[0] if companies else None

    def _read(
        self, client: HubSpotClient, main: HubSpotObject, object_type: str
    ) -> list[HubSpotObject]:
        return client.read_many(
            object_type, main.associated.get(object_type, ()), wanted(self.settings, object_type)
        )

    def _known(
        self, main: HubSpotObject, company: HubSpotObject | None, contacts: list[HubSpotObject]
    ) -> SubjectFacts:
        zone = agency_zone()
        found = [mapped(remote, self.settings, zone) for remote in _distinct([main, company])]
        facts: dict[str, Any] = {}
        sources: dict[str, str] = {}
        for each in found:
            facts |= _without_people(each.facts)
            sources |= _without_people(each.sources)
        for contact in contacts:
            # A stage names nobody. The first contact that has one is the one the deal is about.
            stage = mapped(contact, self.settings)
            if LIFECYCLE in stage.facts:
                facts[LIFECYCLE] = stage.facts[LIFECYCLE]
                sources[LIFECYCLE] = stage.sources[LIFECYCLE]
                break
        return SubjectFacts(
            facts=facts,
            sources=sources,
            organisation=self._organisation(company) if company else None,
            people=tuple(self._person(contact) for contact in contacts),
            deal=("deal", main.id) if main.type == "deal" else None,
        )

    def _organisation(self, company: HubSpotObject) -> Organisation:
        facts = mapped(company, self.settings).facts
        return Organisation(
            company.id, facts.get("company.name", ""), facts.get("company.domain", "")
        )

    def _person(self, contact: HubSpotObject) -> ExternalPerson:
        return ExternalPerson(
            contact.id,
            full_name(contact),
            mapped(contact, self.settings).facts.get("contact.email", ""),
        )


def value_of(name: str, subject: Subject, connection: Connection) -> str:
    """
    Return the value of one property of an object, empty if it has none.

    :raises NotFound: if the object was deleted or never existed
    """
    with HubSpotClient(connection) as client:
        return client.read(subject.type, subject.id, [name], ()).properties.get(name, "")


def _with_owner(known: SubjectFacts, client: HubSpotClient) -> SubjectFacts:
    """
    Return the facts with the address of the owner in the CRM in place of HubSpot's number.

    An owner who cannot be read is named among the sources, and keeps nothing from going on.
    """
    key = known.facts.get(OWNER)
    if not key:
        return known
    facts, sources = dict(known.facts), dict(known.sources)
    del facts[OWNER]
    where = sources.pop(OWNER)
    try:
        address = client.owner_address(str(key))
    except Permanent as error:
        sources[f"{OWNER}{UNREAD}"] = f"{where}: {error}"
        return replace(known, facts=facts, sources=sources)
    if address:
        facts[OWNER], sources[OWNER] = address, where
    else:
        sources[f"{OWNER}{UNREAD}"] = f"{where}: the owner {key} has no e-mail address in HubSpot"
    return replace(known, facts=facts, sources=sources)


def _without_people(values: Mapping[str, T]) -> dict[str, T]:
    """Leave out what is about a person: which people may be stored is decided later."""
    return {name: value for name, value in values.items() if not name.startswith("contact.")}


def _distinct(remotes: Iterable[HubSpotObject | None]) -> list[HubSpotObject]:
    return list({(remote.type, remote.id): remote for remote in remotes if remote}.values())
