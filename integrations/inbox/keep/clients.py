"""New clients, from companies that nobody here knew."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from django.conf import settings
from django.utils.translation import gettext as _

from integrations.base.adapter import ExternalPerson, SubjectFacts
from integrations.base.connections import Connection
from integrations.inbox.keep.writer import RecordWriter
from integrations.inbox.matching import COMPANY, SubjectLinks, domains_of
from routing.models import Agency, Client, ClientDomain
from routing.people.saving import tell
from routing.runs.registry import Problem


def make_client(
    writer: RecordWriter, known: SubjectFacts, people: Sequence[ExternalPerson]
) -> Client:
    """
    A new client for a company, or for a company's domain.

    :raises Problem: ``missing_context`` without either; ``duplicate`` if a client has the name, but
        not the domain
    """
    domains = domains_of(known, people)
    name = (known.organisation.name if known.organisation else "") or (
        domains[0] if len(domains) == 1 else ""
    )
    if not name:
        message = _(
            "No company and no contact with a company e-mail address was found. Add the company in "
            "the external system, then retry."
        )
        raise Problem(
            "missing_context",
            message,
            {"connection": writer.connection.slug, "people": len(people), "domains": len(domains)},
        )
    name = name[:120]
    if same := list(Client.objects.filter(name__iexact=name).values_list("pk", flat=True)):
        message = _(
            "A client named %(name)s already exists, but nothing confirms that it is the same. "
            "If it is, add the domain to that client, then retry."
        )
        raise Problem("duplicate", message % {"name": name}, {"by": "name", "clients": same})
    team, owner, backup = _responsible(writer.connection)
    client = Client(code=free_code(name), name=name, team_id=team, owner_id=owner, backup_id=backup)
    writer.save(client)
    tell("routing.client.add", client.pk, by=writer.by, at=writer.at)
    if (
        len(domains) == 1
        # People of several domains may be partners and consultants: whose client they are is not
        # known.
    ):
        writer.save(ClientDomain(client=client, domain=domains[0]))
    return client


def _responsible(connection: Connection) -> tuple[int, int, int]:
    """Team, owner and backup of new clients: the connection's, else the agency's."""
    own = (connection.default_team_id, connection.default_owner_id, connection.default_backup_id)
    if own[0] is not None and own[1] is not None and own[2] is not None:
        return own[0], own[1], own[2]
    agency = Agency.objects.first()
    if agency is None:
        message = _(
            "New clients have no owner. Set team, owner and backup on the connection or the "
            "agency, then retry."
        )
        raise Problem("failed_connector", message, {"connection": connection.slug})
    return agency.team_id, agency.owner_id, agency.backup_id


def free_code(name: str) -> str:
    """
    A code that nobody has, from the letters of the name: ACM, then ACME, then ACM2, ACM3 and so on.
    Under ``lock``.
    """
    taken = {*Client.objects.values_list("code", flat=True), settings.AGENCY_PREFIX}
    return next(code for code in _codes(name) if code not in taken)


def _codes(name: str) -> Iterator[str]:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().upper()
    letters = re.sub(r"[^A-Z0-9]", "", plain).lstrip("0123456789")
    stem = letters if len(letters) > 1 else f"{letters or 'C'}X"
    yield from (stem[:length] for length in range(min(len(stem), 3), 7))
    for count in range(2, 100_000):
        yield f"{stem[: min(3, 6 - len(str(count)))]}{count}"


def keep_company(
    writer: RecordWriter, client: Client, known: SubjectFacts, links: SubjectLinks
) -> None:
    if known.organisation and links.company is None:
        writer.link(COMPANY, known.organisation.remote_id, client=client)
