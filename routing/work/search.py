"""
Search over all work that a person sees: by reference, title, client, and what was written down.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from routing.people.actors import Actor
from routing.people.clients import Client
from routing.work.items import WorkItem, WorkItemQuerySet, WorkNoun, soonest
from routing.work.kinds import nouns
from routing.work.search_terms import all_of, words_in
from routing.work.visibility import clients_seen_by, work_seen_by

FIELDS = ("ref", "title", "client__code", "client__name")
SHOWN = 10  # of each kind


@dataclass(frozen=True, slots=True)
class SearchGroup:
    """
    Found work of one kind, what is due first coming first; ``more`` says that there is more, not
    how much.
    """

    model: type[WorkNoun]
    items: Sequence[WorkItem]
    more: bool


@dataclass(frozen=True, slots=True)
class SearchResults:
    groups: Sequence[SearchGroup] = ()
    clients: Sequence[Client] = ()


def with_ref(text: str, by: Actor) -> WorkItem | None:
    """The one piece of work with this reference, if the actor sees it."""
    ref = text.strip().upper()
    return None if "\0" in ref else work_seen_by(by).filter(ref=ref).first()


def find(text: str, by: Actor) -> SearchResults:
    """
    Every word must be found: all in what a list shows of the work, or all in what was written down
    about it.
    """
    words = words_in(text)
    if not words:
        return SearchResults()
    seen = work_seen_by(by).order_by(soonest(), "id")
    kinds = {
        kind: model
        for kind, model in nouns().items()
        if by.may(f"{model._meta.app_label}.view_{model._meta.model_name}")
    }
    listed = all_of(words, FIELDS)
    parts = [seen.filter(listed, kind=kind) for kind in kinds]
    parts += [
        _written(seen, kind, model, words) for kind, model in kinds.items() if model.searchable
    ]
    items = {item.pk: item for item in _together([part[: SHOWN + 1] for part in parts])}
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
    ids = (
        parts[0].values("pk").union(*(part.values("pk") for part in parts[1:]), all=True)
        if len(parts) > 1
        else parts[0].values("pk")
    )
    return list(
        WorkItem.objects.filter(pk__in=[row["pk"] for row in ids]).select_related("client", "owner")
    )


def _due(item: WorkItem) -> tuple[bool, float, int]:
    return (
        item.next_due_at is None,
        item.next_due_at.timestamp() if item.next_due_at else 0.0,
        item.pk,
    )
