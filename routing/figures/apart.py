"""Work that counts apart, such as that of a demo, found by the ids of what it belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model, Q

from routing.runs.models import Run
from routing.sla.clocks import Clock
from routing.sla.compliance import clocks_apart, under, work_apart
from routing.work.items import WorkItem

# Tables that grow with the work. What is beyond them, such as clients and flows, is read first.
LARGE: frozenset[type[Model]] = frozenset({WorkItem, Run})


@dataclass(frozen=True, slots=True)
class Apart:
    """Conditions for work items and for clocks that count apart, without joins beyond the work."""

    # With the addresses of owners and the slugs of flows in the statement, each of a million rows
    # was joined to four tables, mostly to find that the agency has no demo.
    work: Q
    clocks: Q

    @classmethod
    def now(cls) -> Self:
        return cls(by_ids(work_apart(), WorkItem), by_ids(clocks_apart(), Clock))

    def of(self, model: type[Model], item: str, *others: str) -> Q:
        """
        Return a condition for rows of a model.

        :param item: lookup of their work item, empty for work items themselves
        :param others: lookups of other work items that may make a row count apart
        """
        found = self.clocks if model is Clock else under(item, self.work)
        for lookup in others:
            found |= under(lookup, self.work)
        return found


def by_ids(condition: Q, model: type[Model]) -> Q:
    """Return a condition with the ids of what its lookups lead to, in place of what they ask."""
    children: list[Any] = list(condition.children)  # of Django's own kinds: conditions and pairs
    found = [
        by_ids(each, model) if isinstance(each, Q) else _by_ids(each[0], each[1], model)
        for each in children
    ]
    return Q(*found, _connector=condition.connector, _negated=condition.negated)


def _by_ids(lookup: str, value: Any, model: type[Model]) -> tuple[str, Any]:
    parts = lookup.split("__")
    for place, name in enumerate(parts[:-1], 1):
        try:
            target = model._meta.get_field(name).related_model
        except FieldDoesNotExist:  # such as pk
            return lookup, value
        if not isinstance(target, type):
            return lookup, value
        if target not in LARGE:
            asked = {"__".join(parts[place:]): value}
            ids = target._base_manager.filter(**asked).order_by("pk").values_list("pk", flat=True)
            return f"{'__'.join(parts[:place])}__in", list(ids)
        model = target
    return lookup, value
