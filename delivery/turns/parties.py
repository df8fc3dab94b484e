"""Those who may have to act on requests, briefs, deliverables and approvals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from delivery.approvals.models import Answer, Approval
from delivery.briefs.gates import ABOVE_BUDGET
from delivery.briefs.models import Brief
from delivery.checks.operations import awaiting_signature
from delivery.deliverables.models import Deliverable
from delivery.deliverables.stages import Audience
from delivery.requests.models import Request
from delivery.requests.reach import ASKING
from routing.kernel.events import Event
from routing.people.actors import Actor
from routing.people.clients import Membership
from routing.people.staff import User
from routing.work.creation import created
from routing.work.items import WorkItem
from routing.work.turns import Party, People, nobodys_turn

SIGN_OFF = "delivery.sign_off_deliverable"
APPROVE_BRIEF = "delivery.approve_brief"


def holders(permission: str) -> list[int]:
    """Return the ids of active staff with a permission, by name."""
    app, codename = permission.split(".")
    staff = User.objects.staff().filter(
        groups__permissions__codename=codename,
        groups__permissions__content_type__app_label=app,
    )
    return list(staff.order_by("full_name", "pk").values_list("pk", flat=True).distinct())


# -- QA -------------------------------------------------------------------------------------------


def _reviewers(items: Sequence[WorkItem]) -> People:
    """Return the reviewers who may sign off, without the author of the version."""
    authors = dict(
        Deliverable.objects.filter(item__in=items).values_list("item_id", "version__author_id")
    )
    every = holders(SIGN_OFF) if items else []
    return {item.pk: [pk for pk in every if pk != authors.get(item.pk)] for item in items}


def _signs(by: Actor) -> Q:
    if not by.may(SIGN_OFF):
        return Q(pk__in=[])
    mine = awaiting_signature(Deliverable.objects.filter(item=OuterRef("pk")), by=by)
    return Q(Exists(mine))


# -- The agency's approvers -----------------------------------------------------------------------


def _agency(items: Sequence[WorkItem]) -> People:
    """Return the owner of each internal approval, who is never the author of the version."""
    return {item.pk: [item.owner_id] for item in items if item.owner_id}


def _approves(by: Actor) -> Q:
    """Return approvals that name the actor as owner, and that they have not answered."""
    answered = Answer.objects.filter(approval__item=OuterRef("pk"), user=by.user_id)
    return Q(owner=by.user_id) & ~Q(Exists(answered))


def _brief_approvers(items: Sequence[WorkItem]) -> People:
    """Return the owner of each brief, or the backup if the owner wrote it."""
    authors = dict(Brief.objects.filter(item__in=items).values_list("item_id", "submitted_by_id"))
    found = {}
    for item in items:
        owner_wrote_it = authors.get(item.pk) == item.owner_id
        found[item.pk] = [item.backup_id if owner_wrote_it else item.owner_id]
    return {pk: [user for user in people if user] for pk, people in found.items()}


def _approves_brief(by: Actor) -> Q:
    if not by.may(APPROVE_BRIEF):
        return Q(pk__in=[])
    written = Brief.objects.filter(item=OuterRef("pk"), submitted_by=by.user_id)
    return (Q(owner=by.user_id) | Q(backup=by.user_id)) & ~Q(Exists(written))


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
    found = {}
    for item in items:
        users = able.get(item.pk, ())
        found[item.pk] = [asked[item.pk]] if asked.get(item.pk) in users else list(users)
    return found


def _clients(by: Actor, *roles: str) -> Q:
    return Q(client__in=by.clients_as(*roles))


def _answers(by: Actor) -> Q:
    """Return the approvals of the contact's clients that they have not answered."""
    answered = Answer.objects.filter(approval__item=OuterRef("pk"), contact=by.contact_id)
    return _clients(by, Membership.Role.APPROVER) & ~Q(Exists(answered))


# -- Those who are only notified ------------------------------------------------------------------


def _authors(items: Sequence[WorkItem]) -> People:
    """Return the people who submitted the briefs."""
    rows = Brief.objects.filter(item__in=items, submitted_by__isnull=False)
    return {pk: [user] for pk, user in rows.values_list("item_id", "submitted_by_id")}


def _answered(items: Sequence[WorkItem]) -> People:
    """Return everybody who has answered an approval, also of the client."""
    rows = Answer.objects.filter(approval__item__in=items).order_by("pk")
    found: dict[int, list[int]] = defaultdict(list)
    for item, user, contact in rows.values_list("approval__item_id", "user_id", "contact__user_id"):
        if user or contact:
            found[item].append(user or contact)
    return found


def _asked_for_it(items: Sequence[WorkItem]) -> People:
    """Return the people of the agency who asked for the approvals."""
    rows = Event.objects.filter(
        item__in=items, kind=created(Approval).kind, actor__kind=User.Kind.PERSON
    )
    return {item: [user] for item, user in rows.values_list("item_id", "actor_id")}


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
    found: dict[int, Sequence[int]] = {}
    # Briefs and exceptions are not shown to clients.
    for item in items:
        if item.pk in about:
            users, asked = able.get(item.pk, ()), about[item.pk]
            found[item.pk] = [asked] if asked is not None and asked in users else users
    return found


def _second_approvers(items: Sequence[WorkItem]) -> People:
    """Return those who may give the second approval to a brief above its budget."""
    rows = Brief.objects.filter(item__in=items)
    columns = rows.values_list("item_id", "submitted_by_id", "first_approver_id")
    out = {pk: {author, first} for pk, author, first in columns}
    every = holders(ABOVE_BUDGET) if items else []
    return {pk: [user for user in every if user not in without] for pk, without in out.items()}


def _approves_second(by: Actor) -> Q:
    if not (by.may(ABOVE_BUDGET) and by.may(APPROVE_BRIEF)):
        return Q(pk__in=[])
    involved = Brief.objects.filter(item=OuterRef("pk")).filter(
        Q(submitted_by=by.user_id) | Q(first_approver=by.user_id)
    )
    return ~Q(Exists(involved))


REVIEWERS = Party("reviewers", _("QA reviewers"), _reviewers, _signs)
AGENCY = Party("agency", _("The agency's approvers"), _agency, _approves)
BRIEF_APPROVERS = Party(
    "brief_approvers", _("An approver of the brief"), _brief_approvers, _approves_brief
)
SECOND_APPROVERS = Party(
    "second_approvers",
    _("A second approver of the brief"),
    _second_approvers,
    _approves_second,
)
REQUESTER = Party(
    "requester",
    _("The client's requester"),
    _requesters,
    lambda by: _clients(by, *ASKING),
    outside=True,
)
APPROVERS = Party(
    "approvers",
    _("The client's approvers"),
    lambda items: _contacts(items, [Membership.Role.APPROVER]),
    lambda by: _clients(by, Membership.Role.APPROVER),
    outside=True,
)
ASKED = Party(
    "asked",
    _("The client's approvers"),
    lambda items: _contacts(items, [Membership.Role.APPROVER]),
    _answers,
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
