"""Those who were asked for an approval, frozen when they were asked, and who of them is left."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from delivery.approvals.models import Answer, Approval, AskedPerson
from delivery.deliverables.stages import Audience, Quorum
from routing.people.clearance import clearance_for, uncleared
from routing.people.clients import Membership
from routing.people.staff import TeamMembership, User
from routing.work.items import WorkItem

APPROVE = "delivery.approve_approval"
# A person of the agency or of the client, by the id of a user or of a contact.
Person = tuple[str, int]


def user_key(pk: int) -> Person:
    return ("user", pk)


def contact_key(pk: int) -> Person:
    return ("contact", pk)


def user_ids(people: Collection[Person]) -> frozenset[int]:
    return frozenset(pk for kind, pk in people if kind == "user")


def contact_ids(people: Collection[Person]) -> frozenset[int]:
    return frozenset(pk for kind, pk in people if kind == "contact")


@dataclass
class AskedState:
    """
    ``counted`` are those whose answers “all” waits for, ``able`` all who may still answer, ``yes``
    those who have approved and ``answered`` everybody who answered. ``unfilled`` are the places of
    those who dropped out and for whom nobody stands in, by the id of the asked person.
    """

    counted: set[Person] = field(default_factory=set)
    able: set[Person] = field(default_factory=set)
    yes: set[Person] = field(default_factory=set)
    answered: set[Person] = field(default_factory=set)
    unfilled: set[int] = field(default_factory=set)

    def is_enough(self, row: Approval, also: Person | None = None) -> bool:
        """
        Return whether the approvals are enough.

        :param also: somebody who approves now
        """
        yes = self.yes | ({also} if also else set())
        if row.quorum == Quorum.SOME:
            return len(yes) >= row.need
        if row.quorum == Quorum.ALL:
            return bool(yes) and self.counted <= yes
        return bool(yes)

    def can_be_enough(self, row: Approval) -> bool:
        """
        Return whether those who are left could still give enough approvals.

        Once somebody has dropped out, only those with access count: nobody waits for an answer of
        others, which would have to be recorded.
        """
        left = self.counted if self.unfilled else self.able
        possible = self.yes | (left - self.answered)
        wanted = row.need if row.quorum == Quorum.SOME else 1
        return len(possible) >= wanted


def asked_states(rows: Collection[Approval]) -> Mapping[int, AskedState]:
    """Return who was asked and who has answered, by approval, in two queries."""
    ids = [row.pk for row in rows]
    asked = AskedPerson.objects.filter(approval__in=ids)
    answers = Answer.objects.filter(approval__in=ids)
    return states_from(
        asked.only("approval_id", "user_id", "contact_id", "counts", "left_at", "stands_in_for_id"),
        answers.only("approval_id", "user_id", "contact_id", "word"),
    )


def states_from(
    asked: Iterable[AskedPerson], answers: Iterable[Answer]
) -> Mapping[int, AskedState]:
    """Return who was asked and who has answered, by approval, from all rows of some approvals."""
    found: dict[int, AskedState] = defaultdict(AskedState)
    asked = list(asked)
    filled = {each.stands_in_for_id for each in asked}
    for each in asked:
        state, person = found[each.approval_id], _person(each.user_id, each.contact_id)
        if each.left_at is None:
            state.able.add(person)
            if each.counts:
                state.counted.add(person)
        elif each.pk not in filled:
            state.unfilled.add(each.pk)
    for answer in answers:
        person = _person(answer.user_id, answer.contact_id)
        found[answer.approval_id].answered.add(person)
        if answer.word == Answer.Word.APPROVE:
            found[answer.approval_id].yes.add(person)
    return found


def _person(user: int | None, contact: int | None) -> Person:
    return user_key(user) if user else contact_key(contact or 0)


def able_staff() -> QuerySet[User]:
    """Return the active people of the agency who may approve versions."""
    return User.objects.staff().who_may(APPROVE)


def approver_rows(clients: Collection[int | None]) -> QuerySet[Membership]:
    """Return the memberships of the approvers of these clients."""
    return Membership.objects.filter(
        client__in=[pk for pk in clients if pk],
        role=Membership.Role.APPROVER,
        contact__erased_at=None,
    )


def everybody_asked(rows: Sequence[Approval]) -> list[AskedPerson]:
    """Return unsaved rows for everybody who is asked by these new approvals."""
    contacts: dict[int, list[tuple[int, bool]]] = defaultdict(list)
    clients = {row.item.client_id for row in rows if row.audience == Audience.CLIENT}
    members = approver_rows(clients).values_list(
        "client_id", "contact_id", "contact__user__is_active"
    )
    for client, contact, has_access in members.order_by("pk"):
        contacts[client].append((contact, bool(has_access)))
    internal = [row for row in rows if row.audience == Audience.INTERNAL]
    clearance = clearance_for(row.item.client_id for row in internal)
    staff = list(able_staff().order_by("pk").values_list("pk", flat=True)) if internal else []
    teams = members_of(row.team_id for row in internal)
    made: list[AskedPerson] = []
    for row in rows:
        at = row.item.created_at
        if row.audience == Audience.CLIENT:
            made += [
                AskedPerson(approval=row, contact_id=contact, counts=has_access, at=at)
                for contact, has_access in contacts[row.item.client_id or 0]
            ]
        else:
            # Nobody approves a version of their own, or of a client that they are not cleared for.
            able = [
                user
                for user in staff
                if user != row.version.author_id and clearance.admits(user, row.item.client_id)
            ]
            made += [
                AskedPerson(approval=row, user_id=user, at=at)
                for user in of_team(able, teams.get(row.team_id or 0))
            ]
    return made


def members_of(teams: Iterable[int | None]) -> Mapping[int, Collection[int]]:
    """Return the people of each of these teams."""
    found: dict[int, set[int]] = defaultdict(set)
    if wanted := {team for team in teams if team}:
        rows = TeamMembership.objects.filter(team__in=wanted)
        for team, user in rows.values_list("team_id", "user_id"):
            found[team].add(user)
    return found


def of_team(able: Sequence[int], team: Collection[int] | None) -> Sequence[int]:
    """
    Return those of a team who can answer.

    If nobody of it can, everybody is asked, because a question to nobody would stop the work.

    :param able: those who can answer, of any team
    :param team: its people, or None if the stage names no team
    """
    if team is None:
        return able
    return [user for user in able if user in team] or able


def gone() -> QuerySet[AskedPerson]:
    """Return those who were asked by an open approval, and who cannot answer any more."""
    approves = Membership.objects.filter(
        contact=OuterRef("contact"),
        client=OuterRef("approval__item__client"),
        role=Membership.Role.APPROVER,
    )
    # Without access, an approver can still decide elsewhere, and the agency records it. Somebody
    # who was asked in the portal and lost the access was told otherwise.
    contact_gone = Q(contact__isnull=False) & (
        ~Q(Exists(approves))
        | Q(contact__erased_at__isnull=False)
        | Q(counts=True) & (Q(contact__user=None) | Q(contact__user__is_active=False))
    )
    # Somebody who owns the approval sees it, also without clearance.
    named = Q(approval__item__owner=F("user")) | Q(approval__item__backup=F("user"))
    hidden = uncleared("user", "approval__item__client") & ~named
    user_gone = Q(user__isnull=False) & (~Q(user__in=able_staff().values("pk")) | hidden)
    answered = Answer.objects.filter(approval=OuterRef("approval")).filter(
        Q(user=OuterRef("user")) | Q(contact=OuterRef("contact"))
    )
    return AskedPerson.objects.filter(
        contact_gone | user_gone,
        ~Q(Exists(answered)),
        left_at=None,
        approval__state=Approval.State.PENDING,
    )


def back() -> QuerySet[AskedPerson]:
    """
    Return people of clients who dropped out of an open approval that waits for the agency, and who
    can answer again.
    """
    approves = Membership.objects.filter(
        contact=OuterRef("contact"),
        client=OuterRef("approval__item__client"),
        role=Membership.Role.APPROVER,
    )
    return AskedPerson.objects.filter(
        Exists(approves),
        contact__erased_at=None,
        contact__user__is_active=True,
        left_at__isnull=False,
        approval__state=Approval.State.PENDING,
        approval__audience=Audience.CLIENT,
        approval__item__waiting_on=WorkItem.WaitingOn.AGENCY,
    )


def waiting_for_me(user: int | None, contact: int | None) -> Q:
    """Return the condition on an approval's item: the person was asked and has not answered."""
    if not user and not contact:
        return Q(pk__in=[])
    mine = Q(contact=contact) if contact else Q(user=user)
    asked = AskedPerson.objects.filter(mine, approval__item=OuterRef("pk"), left_at=None)
    answered = Answer.objects.filter(mine, approval__item=OuterRef("pk"))
    return Q(Exists(asked)) & ~Q(Exists(answered))


def users_asked(items: Collection[int]) -> Mapping[int, list[int]]:
    """Return the users who were asked by the approvals of these items and have not answered."""
    answered = Answer.objects.filter(approval=OuterRef("approval")).filter(
        Q(user=OuterRef("user")) | Q(contact=OuterRef("contact"))
    )
    rows = AskedPerson.objects.filter(
        ~Q(Exists(answered)), approval__item__in=items, left_at=None
    ).filter(Q(user__is_active=True) | Q(contact__user__is_active=True))
    found: dict[int, list[int]] = defaultdict(list)
    people = rows.annotate(item=F("approval__item"), account=F("contact__user"))
    for item, user, account in people.order_by("pk").values_list("item", "user_id", "account"):
        found[item].append(user or account)
    return found
