"""Facts for the gates of approvals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from delivery.approvals import gates
from delivery.approvals.asked import (
    AskedState,
    able_staff,
    approver_rows,
    asked_states,
    contact_ids,
    user_ids,
)
from delivery.approvals.details import RecordDetails, StandInDetails
from delivery.approvals.models import Approval
from routing.people.actors import Actor
from routing.people.clearance import Clearance, clearance_for
from routing.work.visibility import files_seen_by


def approval_facts(
    rows: Sequence[Approval], by: Actor, at: datetime, details: object
) -> Mapping[int, gates.ApprovalGateFacts]:
    """Load the facts for the gates of approvals, in a few queries for any number of them."""
    states = asked_states(rows)
    authors = dict(
        Approval.objects.filter(pk__in=[row.pk for row in rows]).values_list(
            "pk", "version__author_id"
        )
    )
    return facts_about(rows, by, details, authors, states)


def facts_about(
    rows: Sequence[Approval],
    by: Actor,
    details: object,
    authors: Mapping[int, int],
    states: Mapping[int, AskedState],
) -> Mapping[int, gates.ApprovalGateFacts]:
    """
    Return the facts of ``approval_facts``.

    :param authors: the author of the version, by approval
    :param states: who was asked and who has answered, by approval
    """
    approvers: dict[int | None, set[int]] = defaultdict(set)
    members = approver_rows({row.item.client_id for row in rows})
    for client, contact in members.values_list("client_id", "contact_id"):
        approvers[client].add(contact)
    with_evidence = _clients_with_evidence(details, by)
    able = _able_users(details)
    clearance = clearance_for(row.item.client_id for row in rows) if able else Clearance()
    return {
        row.pk: gates.ApprovalGateFacts(
            author_id=authors[row.pk],
            approvers=frozenset(approvers[row.item.client_id]),
            asked_users=user_ids(states[row.pk].able),
            asked_contacts=contact_ids(states[row.pk].able),
            able_users=frozenset(clearance.among(able, row.item.client_id)),
            answered_users=user_ids(states[row.pk].answered),
            answered_contacts=contact_ids(states[row.pk].answered),
            misses_someone=bool(states[row.pk].unfilled) or not states[row.pk].can_be_enough(row),
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


def _clients_with_evidence(details: object, by: Actor) -> set[int | None]:
    """Return the client that the evidence of a recorded decision belongs to, if there is any."""
    evidence = details.evidence if isinstance(details, RecordDetails) else None
    if not evidence:
        return set()
    return set(files_seen_by(by).kept().filter(pk=evidence).values_list("client_id", flat=True))
