"""Those who may have to act on requests, briefs, deliverables and approvals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from delivery.approvals.asked import users_asked, waiting_for_me
from delivery.approvals.models import Answer, Approval, AskedPerson
from delivery.briefs.gates import ABOVE_BUDGET
from delivery.briefs.models import Brief
from delivery.briefs.operations.briefs import edit
from delivery.checks.operations import awaiting_signature
from delivery.deliverables.models import Deliverable
from delivery.deliverables.stages import Audience, Quorum
from delivery.requests.models import Request
from delivery.requests.reach import ASKING
from routing.kernel.events import Event
from routing.people.actors import Actor
from routing.people.clearance import clearance_for, clearance_of_items
from routing.people.clients import Membership
from routing.people.staff import User
from routing.work.creation import created
from routing.work.items import WorkItem
from routing.work.turns import Party, People, WaitingSide, nobodys_turn, owns

SIGN_OFF = "delivery.sign_off_deliverable"
APPROVE_BRIEF = "delivery.approve_brief"


def holders(permission: str) -> list[int]:
    """Return the ids of active staff with a permission, by name."""
    staff = User.objects.staff().who_may(permission)
    return list(staff.order_by("full_name", "pk").values_list("pk", flat=True))


# -- QA -------------------------------------------------------------------------------------------


def _reviewers(items: Sequence[WorkItem]) -> People:
    """Return the cleared reviewers who may sign off, without the author of the version."""
    authors = _version_authors(items)
    every = holders(SIGN_OFF) if items else []
    clearance = clearance_of_items(items)
    return {
        item.pk: _without(clearance.among(every, item.client_id), {authors.get(item.pk)})
        for item in items
    }


def _without(people: Sequence[int], those: Collection[int | None]) -> list[int]:
    return [person for person in people if person not in those]


def _version_authors(items: Sequence[WorkItem]) -> Mapping[int, int]:
    """Return the author of the newest version of each deliverable, by work item id."""
    loaded = Deliverable._meta.get_field("item").remote_field
    if len(items) == 1 and loaded.is_cached(items[0]):  # a page has loaded the whole row
        version = items[0].as_deliverable.version
        return {items[0].pk: version.author_id} if version else {}
    rows = Deliverable.objects.filter(item__in=items)
    return dict(rows.values_list("item_id", "version__author_id"))


def _signs(by: Actor, at: datetime) -> Q:
    if not by.may(SIGN_OFF):
        return Q(pk__in=[])
    return Q(pk__in=awaiting_signature(Deliverable.objects.all(), by=by).order_by().values("item"))


# -- The agency's approvers -----------------------------------------------------------------------


def _agency(items: Sequence[WorkItem]) -> People:
    """
    Return the owner of each internal approval, who is never the author of the version.

    If several answers are needed, or the owner was not asked, it is everybody who was asked.
    """
    asked = users_asked([item.pk for item in items])
    several = Approval.objects.filter(item__in=items).exclude(quorum=Quorum.ANY)
    needs_all = set(several.values_list("item_id", flat=True))
    found: dict[int, Sequence[int]] = {}
    for item in items:
        users = asked.get(item.pk, [])
        alone = item.owner_id in users and item.pk not in needs_all
        found[item.pk] = [item.owner_id] if alone and item.owner_id else users
    return found


def _approves(by: Actor, at: datetime) -> Q:
    """Return internal approvals that ask the actor, as their owner or as one of several."""
    owner_asked = AskedPerson.objects.filter(
        approval__item=OuterRef("pk"), user=OuterRef("owner"), left_at=None
    )
    mine = owns(by, at) | ~Q(as_approval__quorum=Quorum.ANY) | ~Q(Exists(owner_asked))
    return mine & waiting_for_me(by.user_id, None)


# -- Approvers of briefs --------------------------------------------------------------------------


def _writers(briefs: Sequence[Brief]) -> set[tuple[int, int]]:
    """Return the work item and the user of everybody who wrote or submitted one of the briefs."""
    edits = Event.objects.filter(item__in=[row.item_id for row in briefs], kind=edit.kind)
    found = set(edits.values_list("item_id", "actor_id"))
    return found | {(row.item_id, row.submitted_by_id) for row in briefs if row.submitted_by_id}


def _brief_approvers(items: Sequence[WorkItem]) -> People:
    """
    Return the owner of each brief, or the backup if the owner wrote it.

    If both wrote it, return everybody else who may approve briefs.
    """
    wrote = _writers(list(Brief.objects.filter(item__in=items)))
    found: dict[int, list[int]] = {}
    for item in items:
        pair = [pk for pk in (item.owner_id, item.backup_id) if pk and (item.pk, pk) not in wrote]
        found[item.pk] = pair[:1]
    if not all(found.values()):
        every = holders(APPROVE_BRIEF)
        clearance = clearance_of_items(items)
        for item in [each for each in items if not found[each.pk]]:
            able = clearance.among(every, item.client_id)
            found[item.pk] = [pk for pk in able if (item.pk, pk) not in wrote]
    return found


def _second_approvers(items: Sequence[WorkItem]) -> People:
    """Return everybody who may exceed the budget and neither wrote nor first approved the brief."""
    briefs = list(Brief.objects.filter(item__in=items).select_related("item"))
    wrote, every = _writers(briefs), holders(ABOVE_BUDGET) if briefs else []
    clearance = clearance_for(row.item.client_id for row in briefs)
    found = {}
    for row in briefs:
        able = clearance.among(every, row.item.client_id)
        others = [pk for pk in able if pk != row.first_approver_id]
        found[row.item_id] = [pk for pk in others if (row.item_id, pk) not in wrote]
    return found


def _not_written_by(by: Actor) -> Q:
    submitted = Brief.objects.filter(item=OuterRef("pk"), submitted_by=by.user_id)
    edited = Event.objects.filter(item=OuterRef("pk"), kind=edit.kind, actor=by.user_id)
    return ~Q(Exists(submitted)) & ~Q(Exists(edited))


def _approves_brief(by: Actor, at: datetime) -> Q:
    """Return briefs that name the actor, or that both people whom they name have written."""
    if not by.may(APPROVE_BRIEF):
        return Q(pk__in=[])
    named = Q(owner=by.user_id) | Q(backup=by.user_id)
    return (named | Q(pk__in=_written_by_both())) & _not_written_by(by)


def _written_by_both() -> QuerySet[WorkItem]:
    """Return the work items of briefs in review that both the owner and the backup have written."""
    found = Brief.objects.filter(state=Brief.State.IN_REVIEW)
    for person in ("item__owner", "item__backup"):
        edited = Event.objects.filter(item=OuterRef("item"), kind=edit.kind, actor=OuterRef(person))
        found = found.filter(Q(submitted_by=F(person)) | Q(Exists(edited)))
    return WorkItem.objects.filter(pk__in=found.values("item")).order_by()


def _gives_second_approval(by: Actor, at: datetime) -> Q:
    if not by.may(ABOVE_BUDGET):
        return Q(pk__in=[])
    firsts = Brief.objects.filter(state=Brief.State.IN_REVIEW, first_approver__isnull=False)
    open_to_me = firsts.exclude(first_approver=by.user_id).values("item")
    return Q(pk__in=open_to_me) & _not_written_by(by)


# -- The client -----------------------------------------------------------------------------------


def _contacts(items: Sequence[WorkItem], roles: Collection[str]) -> People:
    """Return the users of contacts with portal access and one of the roles, by item."""
    rows = Membership.objects.filter(
        client__in={item.client_id for item in items},
        role__in=roles,
        contact__erased_at=None,
        contact__user__is_active=True,
    )
    by_client: dict[int, list[int]] = defaultdict(list)
    for client, user in rows.values_list("client_id", "contact__user_id").order_by("pk"):
        by_client[client].append(user)
    return {item.pk: by_client[item.client_id] for item in items if item.client_id}


def _requesters(items: Sequence[WorkItem]) -> People:
    """Return the contact who asked, or everybody of the client who may answer."""
    asked = dict(Request.objects.filter(item__in=items).values_list("item_id", "contact__user_id"))
    able = _contacts(items, ASKING)
    return {item.pk: _one_or_all(asked.get(item.pk), able.get(item.pk, ())) for item in items}


def _one_or_all(asked: int | None, able: Sequence[int]) -> Sequence[int]:
    """Return the one who asked, if they can answer, or else everybody who can."""
    return [asked] if asked is not None and asked in able else able


def _clients(by: Actor, *roles: str) -> Q:
    return Q(client__in=by.clients_as(*roles))


def _answers(by: Actor, at: datetime) -> Q:
    """Return the approvals that ask the contact, and that they have not answered."""
    return _clients(by, Membership.Role.APPROVER) & waiting_for_me(None, by.contact_id)


# -- Those who are only notified ------------------------------------------------------------------


def _authors(items: Sequence[WorkItem]) -> People:
    """Return the people who submitted the briefs."""
    rows = Brief.objects.filter(item__in=items, submitted_by__isnull=False)
    return {pk: [user] for pk, user in rows.values_list("item_id", "submitted_by_id")}


def _answered(items: Sequence[WorkItem]) -> People:
    """Return everybody who has answered an approval, also of the client."""
    return _accounts(Answer.objects.filter(approval__item__in=items).order_by("pk"))


def _accounts(rows: QuerySet[Answer] | QuerySet[AskedPerson]) -> People:
    """Return the users of the staff and the contacts in these rows, by the approval's item."""
    found: dict[int, list[int]] = defaultdict(list)
    for item, user, account in rows.values_list("approval__item_id", "user_id", "contact__user_id"):
        if user or account:
            found[item].append(user or account)
    return found


def _asked_for_it(items: Sequence[WorkItem]) -> People:
    """Return the people of the agency who asked for the approvals."""
    rows = Event.objects.filter(
        item__in=items, kind=created(Approval).kind, actor__kind=User.Kind.PERSON
    )
    return {item: [user] for item, user in rows.values_list("item_id", "actor_id")}


def _just_asked(items: Sequence[WorkItem]) -> People:
    """Return those who were asked by the last step of the approvals."""
    return _accounts(
        AskedPerson.objects.filter(
            approval__item__in=items, at=F("approval__item__changed_at"), left_at=None
        )
    )


def _requesters_of_questions(items: Sequence[WorkItem]) -> People:
    """Return the contact whose request a question to the client is about."""
    rows = Approval.objects.filter(item__in=items, audience=Audience.CLIENT).exclude(
        version__deliverable__request__contact__user=None
    )
    users = rows.filter(version__deliverable__request__contact__user__is_active=True)
    return {
        item: [user]
        for item, user in users.values_list(
            "item_id", "version__deliverable__request__contact__user_id"
        )
    }


def _contacts_of_work(items: Sequence[WorkItem]) -> People:
    """Return the contact who asked for the work, or everybody of the client who may answer."""
    about: dict[int, int | None] = {}
    for path in ("item", "deliverables__item", "deliverables__versions__approvals__item"):
        rows = Request.objects.filter(**{f"{path}__in": items})
        about.update(rows.values_list(path, "contact__user_id"))
    able = _contacts(items, ASKING)
    # Briefs and exceptions are not shown to clients.
    shown = [item.pk for item in items if item.pk in about]
    return {pk: _one_or_all(about[pk], able.get(pk, ())) for pk in shown}


REVIEWERS = Party(
    "reviewers", _("QA reviewers"), _reviewers, _signs, _("the QA reviewers"), WaitingSide.REVIEWERS
)
AGENCY = Party(
    "agency",
    _("The agency's approvers"),
    _agency,
    _approves,
    _("the agency's approvers"),
    WaitingSide.AGENCY,
    column="owner",
)
BRIEF_APPROVERS = Party(
    "brief_approvers",
    _("An approver of the brief"),
    _brief_approvers,
    _approves_brief,
    _("the approvers of briefs"),
    WaitingSide.AGENCY,
)
SECOND_APPROVERS = Party(
    "second_approvers",
    _("A second approver of the brief"),
    _second_approvers,
    _gives_second_approval,
    _("those who may exceed the budget"),
    WaitingSide.AGENCY,
)
REQUESTER = Party(
    "requester",
    _("The client's requester"),
    _requesters,
    lambda by, at: _clients(by, *ASKING),
    _("the client's requesters"),
    WaitingSide.CLIENT,
    outside=True,
)
APPROVERS = Party(
    "approvers",
    _("The client's approvers"),
    lambda items: _contacts(items, [Membership.Role.APPROVER]),
    lambda by, at: _clients(by, Membership.Role.APPROVER),
    _("the client's approvers"),
    WaitingSide.CLIENT,
    outside=True,
)
ASKED = Party(
    "asked",
    _("The client's approvers"),
    lambda items: users_asked([item.pk for item in items]),
    _answers,
    _("the client's approvers"),
    WaitingSide.CLIENT,
    outside=True,
)
AUTHOR = Party("author", _("The author of the brief"), _authors, nobodys_turn)
ANSWERED = Party("answered", _("Everybody who answered"), _answered, nobodys_turn)
ASKER = Party("asker", _("Whoever asked for the approval"), _asked_for_it, nobodys_turn)
QUESTION_REQUESTER = Party(
    "requester",
    _("The client's requester"),
    _requesters_of_questions,
    nobodys_turn,
    outside=True,
)
CONTACTS = Party(
    "contacts", _("The client's contacts"), _contacts_of_work, nobodys_turn, outside=True
)
STAND_IN = Party("asked", _("The stand-in"), _just_asked, nobodys_turn)
CLIENTS_STAND_IN = Party("asked", _("The stand-in"), _just_asked, nobodys_turn, outside=True)
