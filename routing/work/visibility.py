"""Visibility of work for an actor. Every list, page, search and operation starts here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import models
from django.db.models import Exists, OuterRef, Q

from routing.people.actors import Actor
from routing.people.clients import Client, Contact, Membership
from routing.people.merges import ClientMerge
from routing.work.files import WORK_OF_FILE, File, FileQuerySet
from routing.work.items import WorkItem, WorkItemQuerySet
from routing.work.kinds import models_by_kind

# SQL for the ids of visible work items, with its parameters; None for all.
Seen = tuple[str, Sequence[Any]] | None
NOTHING: Seen = ("SELECT 0 WHERE false", ())


def visible_work(actor: Actor) -> Q | None:
    """
    Return a condition on WorkItem, or None if the actor may see everything.

    For an actor who may see nothing, the condition matches no row.
    """
    if actor.may("routing.see_all_work"):
        return None
    if actor.client_roles:
        return shown_to_clients() & Q(client__in=sorted(actor.clients_as()))
    mine = on_it(actor)
    if actor.may("routing.see_unrestricted_work"):
        return (
            mine
            | Q(client=None)
            | Q(client__restricted=False)
            | Q(client__team__in=sorted(actor.team_ids))
            | Q(client__owner=actor.user_id)
            | Q(client__backup=actor.user_id)
        )
    if actor.may("routing.see_team_work"):
        return mine | Q(team__in=sorted(actor.team_ids))
    return Q(pk__in=[])


def on_it(actor: Actor) -> Q:
    """Return a condition on WorkItem for work that is the actor's own."""
    return Q(owner=actor.user_id) | Q(backup=actor.user_id) | Q(doer=actor.user_id)


def clients_hidden_from(actor: Actor) -> models.QuerySet[Client] | None:
    """
    Return the clients of whose work the actor sees only their own; they see that of all others.

    None if what the actor sees is not a matter of clients, as ``visible_work`` has it.
    """
    if actor.client_roles or not actor.may("routing.see_unrestricted_work"):
        return None
    theirs = Q(owner=actor.user_id) | Q(backup=actor.user_id) | Q(team__in=sorted(actor.team_ids))
    return Client.objects.filter(restricted=True).exclude(theirs)


@lru_cache(maxsize=512)
def seen_by(actor: Actor) -> Seen:
    """Return the condition as SQL for the statements of the door."""
    # Cached, because Django builds the same SQL in every step. An actor's value includes all of
    # their rights, so other rights make another key.
    condition = visible_work(actor)
    if condition is None:
        return None
    try:
        return WorkItem.objects.filter(condition).order_by().values("pk").query.sql_with_params()
    except EmptyResultSet:  # Django's answer to a condition that matches no row
        return NOTHING


def shown_to_clients() -> Q:
    """Return a condition on WorkItem for work that clients may see, whichever client it is."""
    every = {kind: noun for kind, noun in models_by_kind().items() if noun.open_to_clients}
    condition = Q(kind__in=[kind for kind, noun in every.items() if noun.open_to_clients is True])
    for kind, noun in every.items():
        if isinstance(noun.open_to_clients, Q):
            some = noun._base_manager.filter(noun.open_to_clients, item=OuterRef("pk"))
            condition |= Q(kind=kind) & Q(Exists(some))
    return condition


def work_seen_by(actor: Actor) -> WorkItemQuerySet:
    condition = visible_work(actor)
    every = WorkItemQuerySet(WorkItem)
    return every if condition is None else every.filter(condition)


def clients_seen_by(actor: Actor) -> models.QuerySet[Client]:
    """
    Return the clients that the actor may see.

    Restricted clients of another team are visible only to people who may see all work. A contact
    sees their own clients.
    """
    if actor.client_roles:
        return Client.objects.filter(pk__in=sorted(actor.clients_as()))
    if not actor.may("routing.view_client"):
        return Client.objects.none()
    if actor.may("routing.see_all_work"):
        return Client.objects.all()
    mine = Q(owner=actor.user_id) | Q(backup=actor.user_id) | Q(team__in=sorted(actor.team_ids))
    return Client.objects.filter(mine | Q(restricted=False))


def clients_for_new_work(actor: Actor) -> models.QuerySet[Client]:
    """Return the clients that the actor may see, without those that are aliases of others."""
    return clients_seen_by(actor).exclude(merges__in=ClientMerge.objects.current())


def contacts_seen_by(actor: Actor) -> models.QuerySet[Contact]:
    """
    Return the contacts of visible clients, and contacts without a client.

    A contact sees only themselves.
    """
    if actor.client_roles:
        return Contact.objects.filter(user=actor.user_id)
    if not actor.may("routing.view_contact"):
        return Contact.objects.none()
    if actor.may("routing.see_all_work"):
        return Contact.objects.all()
    return Contact.objects.filter(
        Exists(_memberships(clients_seen_by(actor))) | ~Exists(_memberships(Client.objects.all()))
    )


def files_seen_by(actor: Actor) -> FileQuerySet:
    """
    Return the files of work that the actor may see, and their own uploads that no work has yet.

    The client of a file opens nothing: it may have work that this actor does not see.
    """
    every = FileQuerySet(File)
    if not actor.may("routing.view_file"):
        return every.none()
    if actor.may("routing.see_all_work"):
        return every
    seen = work_seen_by(actor).order_by().values("pk")
    belongs, shown = Q(), Q()
    for model, column, work in file_places():
        rows = model._base_manager.filter(**{column: OuterRef("pk")})
        belongs |= Q(Exists(rows))
        shown |= Q(Exists(rows.filter(**{f"{work}__in": seen})))
    return every.filter(shown | Q(uploader=actor.user_id) & ~belongs)


@lru_cache(maxsize=1)
def file_places() -> Sequence[tuple[type[models.Model], str, str]]:
    """
    Return each model that refers to files, with its column and the lookup of its work.

    The lookup is empty where a model does not declare it, which a system check refuses.
    """
    found = []
    for relation in File._meta.get_fields(include_hidden=True):
        if isinstance(relation, models.ManyToOneRel):
            model: Any = relation.related_model
            place = (model, relation.field.name, getattr(model, WORK_OF_FILE, ""))
            found.append(place)
    return tuple(found)


# What a person may see of clients, contacts and work, by the name of the relation to them.
RELATIONS: Mapping[str, Callable[[Actor], models.QuerySet[Any]]] = {
    "client": clients_seen_by,
    "alias": clients_seen_by,
    "into": clients_seen_by,
    "contact": contacts_seen_by,
    "item": work_seen_by,
}


def record_is_seen(model: type[models.Model], record: Any, actor: Actor) -> bool:
    """
    Return whether the client, the contact and the work of a row are ones that the actor sees.

    :param record: a history record of a row of ``model``, which may be gone
    """
    if model is Client:
        return clients_seen_by(actor).filter(pk=record.id).exists()
    if model is WorkItem:
        return work_seen_by(actor).filter(pk=record.id).exists()
    for name, seen in RELATIONS.items():
        key = getattr(record, f"{name}_id", None)
        if key is not None and not seen(actor).filter(pk=key).exists():
            return False
    return True


def _memberships(clients: models.QuerySet[Client]) -> models.QuerySet[Membership]:
    return Membership.objects.filter(contact=OuterRef("pk"), client__in=clients)
