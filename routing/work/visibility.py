"""Visibility of work for an actor. Every list, page, search and operation starts here."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import models
from django.db.models import Exists, OuterRef, Q

from routing.people.actors import Actor
from routing.people.clients import Client, Contact, Membership
from routing.people.merges import ClientMerge
from routing.work.files import File, FileQuerySet
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
    mine = Q(owner=actor.user_id) | Q(backup=actor.user_id) | Q(doer=actor.user_id)
    if actor.may("routing.see_unrestricted_work"):
        return (
            mine
            | Q(client=None)
            | Q(client__restricted=False)
            | Q(client__team__in=sorted(actor.team_ids))
        )
    if actor.may("routing.see_team_work"):
        return mine | Q(team__in=sorted(actor.team_ids))
    return Q(pk__in=[])


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
    Return the files of clients that the actor may see or has work for, and their own files without
    a client.
    """
    every = FileQuerySet(File)
    if not actor.may("routing.view_file"):
        return every.none()
    if actor.may("routing.see_all_work"):
        return every
    named = Q(owner=actor.user_id) | Q(backup=actor.user_id) | Q(doer=actor.user_id)
    theirs = Exists(WorkItem.objects.filter(named, client=OuterRef("client")))
    return every.filter(
        Q(client=None, uploader=actor.user_id) | Q(client__in=clients_seen_by(actor)) | theirs
    )


def _memberships(clients: models.QuerySet[Client]) -> models.QuerySet[Membership]:
    return Membership.objects.filter(contact=OuterRef("pk"), client__in=clients)
