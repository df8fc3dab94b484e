"""Facts for the gates of deliverables, in a few queries for any number of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

from django.urls import reverse

from delivery.approvals.asked import (
    AskedState,
    able_staff,
    asked_states,
    members_of,
    of_team,
)
from delivery.approvals.models import Approval
from delivery.approvals.stages import approvals_of_newest, progress, stages_of
from delivery.checks import operations as checks
from delivery.deliverables import gates
from delivery.deliverables.acceptance import PlacedContent, faults_of
from delivery.deliverables.addresses import slug_fault
from delivery.deliverables.channels import is_by_hand
from delivery.deliverables.models import Deliverable
from delivery.deliverables.stages import Quorum, Stage
from delivery.deliverables.versions import Version
from routing.people.actors import Actor
from routing.people.clearance import clearance_for
from routing.people.clients import Membership
from routing.people.destinations import Destination


def judged(
    rows: Sequence[Deliverable], by: Actor, at: datetime, details: object
) -> Mapping[int, gates.DeliverableGateFacts]:
    """Load the results of the checks, and whether the actor made the newest version."""
    newest = [row.version_id for row in rows if row.version_id]
    authors = dict(Version.objects.filter(pk__in=newest).values_list("pk", "author_id"))
    found = checks.judged_checks(rows)
    facts = {}
    for row in rows:
        facts[row.pk] = gates.DeliverableGateFacts(
            unsigned=tuple(each.check.name for each in found[row.pk] if each.unsigned),
            failed=tuple(each.check.name for each in found[row.pk] if each.failed),
            judged_by_author=authors.get(row.version_id or 0) == by.user_id,
        )
    return facts


def asked(
    rows: Sequence[Deliverable], by: Actor, at: datetime, details: object
) -> Mapping[int, gates.DeliverableGateFacts]:
    """Load the open approval of each deliverable, or else its next stage and who can answer."""
    return asked_after(rows, approvals_of_newest(rows), asked_states)


def asked_after(
    rows: Sequence[Deliverable],
    approvals: Sequence[Approval],
    states_of: Callable[[Collection[Approval]], Mapping[int, AskedState]],
) -> Mapping[int, gates.DeliverableGateFacts]:
    """
    Return the facts of ``asked`` from approvals that are loaded.

    :param approvals: at least those of the newest versions
    :param states_of: returns who was asked by some of these approvals, and who has answered
    """
    done = progress(rows, approvals)
    newest = {row.version_id for row in rows}
    pending = [
        each
        for each in approvals
        if each.version_id in newest and each.state == Approval.State.PENDING
    ]
    stuck = stuck_versions(pending, states_of(pending)) if pending else set()
    # An approval that too few people are left to give can be asked again.
    free = [row for row in rows if not done[row.pk][1] or row.version_id in stuck]
    stages = stages_of(free)
    approvers, reachable = _approvers({row.item.client_id for row in free})
    found = {row.pk: gates.DeliverableGateFacts(open_question=done[row.pk][1]) for row in rows}
    for row in free:
        through, ahead = done[row.pk][0], stages[row.pk]
        ahead_of_it = ahead[through] if through < len(ahead) else None
        found[row.pk] = gates.DeliverableGateFacts(
            next_audience=ahead_of_it.audience if ahead_of_it else "",
            needed=_needed(ahead_of_it),
            colleagues=_colleagues(row, ahead_of_it) if _needed(ahead_of_it) else 0,
            approvers=approvers[row.item.client_id],
            reachable=reachable[row.item.client_id],
            clients_page=reverse("admin:routing_contact_changelist"),
        )
    return found


def stuck_versions(
    pending: Sequence[Approval], states: Mapping[int, AskedState]
) -> Collection[int]:
    """Return the versions whose open approval too few people are left to give."""
    return {row.version_id for row in pending if not states[row.pk].can_be_enough(row)}


def _needed(stage: Stage | None) -> int:
    return stage.need if stage and stage.quorum == Quorum.SOME else 0


def _colleagues(row: Deliverable, stage: Stage | None) -> int:
    """Count the people of the agency, or of the stage's team, who may approve the version."""
    author = Version.objects.filter(pk=row.version_id or 0).values("author_id")
    able = able_staff().exclude(pk__in=author)
    cleared = clearance_for([row.item.client_id]).people(row.item.client_id)
    if cleared is not None:
        able = able.filter(pk__in=cleared)
    team_id = stage.team_id if stage else None
    team = members_of([team_id]).get(team_id) if team_id else None
    return len(of_team(list(able.values_list("pk", flat=True)), team))


def _approvers(clients: Collection[int | None]) -> tuple[Counter[int | None], Counter[int | None]]:
    """Count the approvers of each client, and those of them with access to the portal."""
    may: Counter[int | None] = Counter()
    reachable: Counter[int | None] = Counter()
    if clients:
        found = Membership.objects.filter(
            client__in=clients, role=Membership.Role.APPROVER, contact__erased_at=None
        )
        for client, has_access in found.values_list("client_id", "contact__user__is_active"):
            may[client] += 1
            reachable[client] += bool(has_access)
    return may, reachable


def to_submit(
    rows: Sequence[Deliverable], by: Actor, at: datetime, details: object
) -> Mapping[int, gates.DeliverableGateFacts]:
    """Load what the destination of each deliverable in production would not take as it is."""
    making = [
        row.pk
        for row in rows
        if row.state in Deliverable.making and row.destination_id and row.version_id
    ]
    if not making:
        return {}
    facts = {row.pk: gates.DeliverableGateFacts() for row in rows}
    loaded = Deliverable.objects.filter(pk__in=making).select_related("destination", "version")
    for row in loaded.prefetch_related("version__files__file"):
        version, place = row.version, row.destination
        if version is None or place is None:  # changed meanwhile
            continue
        facts[row.pk] = gates.DeliverableGateFacts(
            content_faults=tuple(faults_of(PlacedContent(version.manifest, place))),
            slug_fault=slug_fault(row, version.slug),
        )
    return facts


def placed(
    rows: Sequence[Deliverable], by: Actor, at: datetime, details: object
) -> Mapping[int, gates.DeliverableGateFacts]:
    """Load the destinations that are active, and what is against the slugs."""
    wanted = [row.destination_id for row in rows if row.destination_id]
    active = Destination.objects.filter(pk__in=wanted, is_active=True)
    known = {pk: (name, kind) for pk, name, kind in active.values_list("pk", "name", "kind")}
    faults = slug_faults(rows)
    found = {}
    for row in rows:
        name, kind = known.get(row.destination_id or 0, ("", ""))
        found[row.pk] = gates.DeliverableGateFacts(
            destination=name, by_hand=is_by_hand(kind), slug_fault=faults.get(row.pk, "")
        )
    return found


def slug_faults(rows: Sequence[Deliverable]) -> Mapping[int, str]:
    """Return what is against the slug of each newest version that is published somewhere."""
    placed_rows = [row.pk for row in rows if row.destination_id and row.version_id]
    if not placed_rows:
        return {}
    found = Deliverable.objects.filter(pk__in=placed_rows).select_related("destination", "version")
    return {row.pk: slug_fault(row, row.version.slug) for row in found if row.version}
