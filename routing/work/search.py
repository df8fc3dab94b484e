"""
Search in all work that a person may see: by reference, title, client and written text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from routing.people.actors import Actor
from routing.people.clients import Client
from routing.work.items import WorkItem, WorkItemQuerySet, WorkNoun, soonest
from routing.work.kinds import models_by_kind
from routing.work.search_terms import all_of, words_in
from routing.work.visibility import clients_seen_by, work_seen_by

FIELDS = ("ref", "title", "client__code", "client__name")
SHOWN = 10  # of each kind


@dataclass(frozen=True, slots=True)
class SearchGroup:
    """
    Found work of one kind, earliest due time first. ``more`` is true if there is more.
    """

    model: type[WorkNoun]
    items: Sequence[WorkItem]
    more: bool


@dataclass(frozen=True, slots=True)
class SearchResults:
    groups: Sequence[SearchGroup] = ()
    clients: Sequence[Client] = ()


def with_ref(text: str, by: Actor) -> WorkItem | None:
    """Return the work item with this reference, if the actor may see it."""
    ref = text.strip().upper()
    if "\0" in ref:  # PostgreSQL refuses it in text
        return None
    return work_seen_by(by).filter(ref=ref).first()


def find(text: str, by: Actor) -> SearchResults:
    """
    Find work that contains every word: all in its listed columns, or all in its written text.
    """
    words = words_in(text)
    if not words:
        return SearchResults()
    seen = work_seen_by(by).order_by(soonest(), "id")
    kinds = {
        kind: model
        for kind, model in models_by_kind().items()
        if by.may(f"{model._meta.app_label}.view_{model._meta.model_name}")
    }
    listed = all_of(words, FIELDS)
    parts = [seen.filter(listed, kind=kind) for kind in kinds]
    parts += [
        _written(seen, kind, model, words) for kind, model in kinds.items() if model.searchable
    ]
    # One more than is shown, to know whether there is more without counting.
    limited = [part[: SHOWN + 1] for part in parts]
    items = {item.pk: item for item in _together(limited)}
    groups = []
    for kind, model in kinds.items():
        mine = sorted((item for item in items.values() if item.kind == kind), key=_due)
        if mine:
            groups.append(SearchGroup(model, mine[:SHOWN], len(mine) > SHOWN))
    clients = clients_seen_by(by).filter(all_of(words, ("code", "name")))
    return SearchResults(groups, list(clients[:SHOWN]))


def _written(
    seen: WorkItemQuerySet, kind: str, model: Any, words: Sequence[str]
) -> WorkItemQuerySet:
    return seen.filter(
        kind=kind, pk__in=model._base_manager.filter(all_of(words, model.searchable)).values("item")
    )


def _together(parts: Sequence[WorkItemQuerySet]) -> Sequence[WorkItem]:
    if not parts:
        return []
    # A UNION of queries, since an OR over several tables could use no index.
    ids, *others = (part.values("pk") for part in parts)
    if others:
        ids = ids.union(*others, all=True)
    found = WorkItem.objects.filter(pk__in=[row["pk"] for row in ids])
    return list(found.select_related("client", "owner"))


def _due(item: WorkItem) -> tuple[bool, float, int]:
    return (
        item.next_due_at is None,
        item.next_due_at.timestamp() if item.next_due_at else 0.0,
        item.pk,
    )
