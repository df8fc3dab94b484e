"""Facts for the gates of approvals, and the people who may answer one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from django.contrib.auth.models import Permission

from delivery.approvals import gates
from delivery.approvals.details import RecordDetails
from delivery.approvals.models import Approval
from delivery.deliverables.stages import Audience
from routing.people.actors import Actor
from routing.people.clients import Membership
from routing.people.staff import User
from routing.work.files import File


def approval_facts(
    rows: Sequence[Approval], by: Actor, at: datetime, details: object
) -> Mapping[int, gates.ApprovalGateFacts]:
    """Load the facts for the gates of approvals, in a few queries for any number of them."""
    authors: dict[int, int] = {}
    users: dict[int, set[int]] = defaultdict(set)
    contacts: dict[int, set[int]] = defaultdict(set)
    # One row for each answer, or one row with empty answers.
    answers = Approval.objects.filter(pk__in=[row.pk for row in rows]).values_list(
        "pk", "version__author_id", "answers__user_id", "answers__contact_id"
    )
    for approval, author, user, contact in answers:
        authors[approval] = author
        if user:
            users[approval].add(user)
        if contact:
            contacts[approval].add(contact)
    approvers = _approvers({row.item.client_id for row in rows})
    with_evidence = _clients_with_evidence(details)
    return {
        row.pk: gates.ApprovalGateFacts(
            author_id=authors[row.pk],
            approvers=frozenset(approvers[row.item.client_id]),
            answered_users=frozenset(users[row.pk]),
            answered_contacts=frozenset(contacts[row.pk]),
            contact_id=by.contact_id,
            evidence=row.item.client_id in with_evidence,
        )
        for row in rows
    }


def _clients_with_evidence(details: object) -> set[int | None]:
    """Return the client that the evidence of a recorded decision belongs to, if there is any."""
    evidence = details.evidence if isinstance(details, RecordDetails) else None
    if not evidence:
        return set()
    return set(File.objects.kept().filter(pk=evidence).values_list("client_id", flat=True))


def _approvers(clients: Collection[int | None]) -> dict[int | None, list[int]]:
    """Return the ids of the contacts who may approve, by client."""
    found: dict[int | None, list[int]] = defaultdict(list)
    rows = Membership.objects.filter(
        client__in=clients, role=Membership.Role.APPROVER, contact__erased_at=None
    )
    for client, contact in rows.values_list("client_id", "contact_id"):
        found[client].append(contact)
    return found


def number_asked(row: Approval) -> int:
    """Return the number of people who may answer an approval."""
    if row.audience == Audience.CLIENT:
        return len(_approvers([row.item.client_id])[row.item.client_id])
    permission = Permission.objects.filter(codename="approve_approval")
    staff = User.objects.staff().filter(groups__permissions__in=permission)
    # Nobody approves a version of their own.
    return staff.exclude(pk=row.version.author_id).distinct().count()
