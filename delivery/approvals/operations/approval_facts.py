"""Facts for the gates of approvals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from delivery.approvals import gates
from delivery.approvals.asked import able_staff, approver_rows
from delivery.approvals.details import RecordDetails, StandInDetails
from delivery.approvals.models import Approval, AskedPerson
from routing.people.actors import Actor
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
    asked_users: dict[int, set[int]] = defaultdict(set)
    asked_contacts: dict[int, set[int]] = defaultdict(set)
    asked = AskedPerson.objects.filter(approval__in=[row.pk for row in rows], left_at=None)
    for approval, user, contact in asked.values_list("approval_id", "user_id", "contact_id"):
        if user:
            asked_users[approval].add(user)
        else:
            asked_contacts[approval].add(contact)
    approvers: dict[int | None, set[int]] = defaultdict(set)
    members = approver_rows({row.item.client_id for row in rows})
    for client, contact in members.values_list("client_id", "contact_id"):
        approvers[client].add(contact)
    with_evidence = _clients_with_evidence(details)
    able = _able_users(details)
    return {
        row.pk: gates.ApprovalGateFacts(
            author_id=authors[row.pk],
            approvers=frozenset(approvers[row.item.client_id]),
            asked_users=frozenset(asked_users[row.pk]),
            asked_contacts=frozenset(asked_contacts[row.pk]),
            able_users=able,
            answered_users=frozenset(users[row.pk]),
            answered_contacts=frozenset(contacts[row.pk]),
            contact_id=by.contact_id,
            evidence=row.item.client_id in with_evidence,
        )
        for row in rows
    }


def _able_users(details: object) -> frozenset[int]:
    """Return the staff who may approve, if one of them is named a stand-in."""
    if not isinstance(details, StandInDetails) or not details.user:
        return frozenset()
    named = able_staff().filter(pk=details.user)
    return frozenset(named.values_list("pk", flat=True))


def _clients_with_evidence(details: object) -> set[int | None]:
    """Return the client that the evidence of a recorded decision belongs to, if there is any."""
    evidence = details.evidence if isinstance(details, RecordDetails) else None
    if not evidence:
        return set()
    return set(File.objects.kept().filter(pk=evidence).values_list("client_id", flat=True))
