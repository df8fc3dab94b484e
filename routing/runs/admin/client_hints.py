"""Help for an exception about an unclear client: what is known, who it could be, a new client."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib.postgres.search import TrigramSimilarity
from django.db.models import Q
from django.utils.translation import gettext as _

from routing.cover.agency import Agency
from routing.desk.addresses import address, page_of
from routing.kernel.domains import domain_in, readable_domain
from routing.kernel.facts import UNREAD
from routing.kernel.slugs import spelled
from routing.people.actors import Actor
from routing.people.clients import Client
from routing.runs.exceptions import ExceptionCase
from routing.runs.fact_words import may_read, source_text, value_text
from routing.runs.snapshots import RunSnapshot
from routing.work.visibility import clients_for_new_work

ALIKE = 0.3  # PostgreSQL's own threshold for similar texts
MOST = 5
NAME, DOMAIN, EMAIL = "company.name", "company.domain", "contact.email"


@dataclass(frozen=True, slots=True)
class NearMatch:
    client: Client
    why: str
    url: str  # of the exception with this client chosen


def known_facts(snapshot: RunSnapshot, by: Actor) -> Sequence[tuple[str, str, str]]:
    """Return label, value and source of each field of the flow that was read or filled in."""
    facts, sources = snapshot.found.facts, snapshot.found.sources
    found = []
    specs = {spec.name: spec for spec in snapshot.plan.fields}
    for spec in specs.values():
        value = facts.get(spec.name)
        if not may_read(by, spec.name, specs):
            continue
        if value not in (None, ""):
            text = value_text(spec.name, value, specs, facts)
            found.append((spec.label, text, source_text(str(sources.get(spec.name, "")))))
        elif unread := sources.get(f"{spec.name}{UNREAD}"):
            found.append((spec.label, _("could not be read"), str(unread)))
    return found


def near_matches(case: ExceptionCase, snapshot: RunSnapshot, by: Actor) -> list[NearMatch]:
    """Return the visible clients that could be meant, the surest first, each with the reason."""
    facts = {name: str(snapshot.found.facts.get(name) or "") for name in (NAME, DOMAIN, EMAIL)}
    seen, found = clients_for_new_work(by), dict[int, NearMatch]()
    domains = {domain_in(facts[DOMAIN]), domain_in(facts[EMAIL])} - {""}
    tries = (
        (_("same e-mail address"), Q(contacts__email__iexact=facts[EMAIL]), facts[EMAIL]),
        (_("same domain"), Q(domains__domain__in=domains), domains),
        (_("same name"), Q(name__fold=facts[NAME]), facts[NAME]),
    )
    for why, condition, given in tries:
        if given:
            _add(found, case, seen.filter(condition).distinct()[:MOST], why)
    if facts[NAME]:
        alike = seen.annotate(alike=TrigramSimilarity("name", facts[NAME]))
        similar = alike.filter(alike__gte=ALIKE).order_by("-alike", "pk")
        _add(found, case, similar[:MOST], _("similar name"))
    return list(found.values())[:MOST]


def _add(found: dict[int, NearMatch], case: ExceptionCase, clients: Any, why: str) -> None:
    for client in clients:
        url = f"{page_of(case)}?client={client.pk}#fill-in"
        found.setdefault(client.pk, NearMatch(client, why, url))


def new_client_url(case: ExceptionCase, snapshot: RunSnapshot, by: Actor) -> str:
    """Return the address of a form for a new client with the known facts, or empty."""
    if not by.may("routing.add_client"):
        return ""
    name = str(snapshot.found.facts.get(NAME) or "")
    agency = Agency.objects.first()
    filled: dict[str, Any] = {"name": name[:120], "code": _free_code(name), "from_case": case.pk}
    if agency:
        filled |= {
            "team": agency.team_id,
            "owner": agency.owner_id,
            "backup": agency.backup_id,
        }
    if domain := str(snapshot.found.facts.get(DOMAIN) or ""):
        filled["domain"] = readable_domain(domain_in(domain))
    given = {key: value for key, value in filled.items() if value}
    return f"{address(Client, 'add')}?{urlencode(given)}"


def _free_code(name: str) -> str:
    """Propose a code for the references of a client, or none if the letters are taken."""
    letters = spelled(name, most=60).replace("-", "").upper().lstrip("0123456789")
    for code in (letters[:3], letters[:4], letters[:5], letters[:6]):
        if len(code) > 1 and not Client.objects.filter(code=code).exists():
            return code
    return ""
