"""Facts for the gates of approvals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from delivery.approvals import gates
from delivery.approvals.asked import able_staff, approver_rows
from delivery.approvals.details import RecordDetails, StandInDetails
from delivery.approvals.models import Approval, AskedPerson
from routing.people.actors import Actor
from routing.work.files import File


@dataclass
class ApprovalPeople:
    """The author of an approval's version, and ids of those who can answer and who have."""

    author_id: int
    asked_users: set[int] = field(default_factory=set)
    asked_contacts: set[int] = field(default_factory=set)
    answered_users: set[int] = field(default_factory=set)
    answered_contacts: set[int] = field(default_factory=set)


def approval_facts(
    rows: Sequence[Approval], by: Actor, at: datetime, details: object
) -> Mapping[int, gates.ApprovalGateFacts]:
    """Load the facts for the gates of approvals, in a few queries for any number of them."""
    return facts_about(rows, by, details, _people_of(rows))


def facts_about(
    rows: Sequence[Approval], by: Actor, details: object, people: Mapping[int, ApprovalPeople]
) -> Mapping[int, gates.ApprovalGateFacts]:
    """Return the facts of ``approval_facts`` from the people of each approval."""
    approvers: dict[int | None, set[int]] = defaultdict(set)
    members = approver_rows({row.item.client_id for row in rows})
    for client, contact in members.values_list("client_id", "contact_id"):
        approvers[client].add(contact)
    with_evidence = _clients_with_evidence(details)
    able = _able_users(details)
    return {
        row.pk: gates.ApprovalGateFacts(
            author_id=people[row.pk].author_id,
            approvers=frozenset(approvers[row.item.client_id]),
            asked_users=frozenset(people[row.pk].asked_users),
            asked_contacts=frozenset(people[row.pk].asked_contacts),
            able_users=able,
            answered_users=frozenset(people[row.pk].answered_users),
            answered_contacts=frozenset(people[row.pk].answered_contacts),
            contact_id=by.contact_id,
            evidence=row.item.client_id in with_evidence,
        )
        for row in rows
    }


def _people_of(rows: Sequence[Approval]) -> Mapping[int, ApprovalPeople]:
    found: dict[int, ApprovalPeople] = {}
    # One row for each answer, or one row with empty answers.
    answers = Approval.objects.filter(pk__in=[row.pk for row in rows]).values_list(
        "pk", "version__author_id", "answers__user_id", "answers__contact_id"
    )
    for approval, author, user, contact in answers:
        people = found.setdefault(approval, ApprovalPeople(author))
        if user:
            people.answered_users.add(user)
        if contact:
            people.answered_contacts.add(contact)
    asked = AskedPerson.objects.filter(approval__in=[row.pk for row in rows], left_at=None)
    for approval, user, contact in asked.values_list("approval_id", "user_id", "contact_id"):
        if user:
            found[approval].asked_users.add(user)
        else:
            found[approval].asked_contacts.add(contact)
    return found


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
