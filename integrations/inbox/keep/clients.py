"""Create clients for companies that match none."""

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
from routing.kernel.clean_text import one_line
from routing.kernel.domains import readable_domain
from routing.models import Agency, Client, ClientDomain
from routing.people.saving import tell
from routing.runs.registry import Problem


def make_client(
    writer: RecordWriter, known: SubjectFacts, people: Sequence[ExternalPerson]
) -> Client:
    """
    Create a client for a company, or for the domain of its people.

    :raises Problem: ``missing_context`` without a company and a single domain; ``duplicate`` if a
        client has the name, but not the domain
    """
    domains = domains_of(known, people)
    name = one_line(known.organisation.name) if known.organisation else ""
    if not name and len(domains) == 1:
        name = readable_domain(domains[0])
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
    # With several domains, some people may be partners or consultants, so it is not known which
    # domain is the client's.
    if len(domains) == 1:
        writer.save(ClientDomain(client=client, domain=domains[0]))
    return client


def _responsible(connection: Connection) -> tuple[int, int, int]:
    """Return team, owner and backup of new clients: the connection's, or else the agency's."""
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
    Return a free code from the letters of the name: ACM, then ACME, then ACM2, ACM3 and so on.

    Call it under ``lock``, or two clients could choose the same.
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
