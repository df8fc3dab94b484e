"""Which work an actor may see. Every list, page, search and operation starts here."""

from __future__ import annotations

from django.db.models import Q

from routing.actors import Actor
from routing.models.work import WorkItem, WorkItemQuerySet


def visible_work(actor: Actor) -> Q | None:
    """A condition on WorkItem, or None when the actor sees everything; an actor who may see nothing matches no row."""
    if actor.may("routing.see_all_work"):
        return None
    mine = Q(owner=actor.user_id) | Q(backup=actor.user_id) | Q(doer=actor.user_id)
    if actor.may("routing.see_unrestricted_work"):
        return mine | Q(client=None) | Q(client__restricted=False) | Q(client__team__in=sorted(actor.team_ids))
    if actor.may("routing.see_team_work"):
        return mine | Q(team__in=sorted(actor.team_ids))
    return Q(pk__in=[])


def work_seen_by(actor: Actor) -> WorkItemQuerySet:
    condition = visible_work(actor)
    every = WorkItemQuerySet(WorkItem)
    return every if condition is None else every.filter(condition)
