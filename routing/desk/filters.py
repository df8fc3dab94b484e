"""Filters of lists of work items, or of rows that have a work item."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from routing.desk.base import actor
from routing.desk.links import LinkListFilter
from routing.desk.several import AtItem, SeveralValues
from routing.work.items import WorkItem, WorkItemQuerySet
from routing.work.kinds import models_by_kind
from routing.work.turns import WaitingSide, parties_of, turns_of_mine, waits_for


def at_item(model: type[Any], condition: dict[str, Any]) -> Q:
    """Return a condition on the work item for a queryset of ``model``."""
    prefix = "" if model is WorkItem else "item__"
    return Q(**{prefix + name: value for name, value in condition.items()})


class WithDefault(LinkListFilter):
    """A filter with its first choice as the default. Every choice has a link."""

    has_default = True

    def choices(self, changelist: Any) -> Iterator[Any]:
        for number, (value, label) in enumerate(self.lookup_choices):
            chosen = self.value() == value or (number == 0 and self.value() is None)
            yield {
                "selected": chosen,
                "query_string": changelist.get_query_string({self.parameter_name: value}),
                "display": label,
            }


class Whose(WithDefault):
    title = _("person")
    parameter_name = "whose"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return (("mine", _("Mine")), ("team", _("My teams'")), ("all", _("Everyone's")))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        by, model = actor(request), queryset.model
        if self.value() == "all":
            return queryset
        if self.value() == "team":
            return queryset.filter(at_item(model, {"team__in": sorted(by.team_ids)}))
        mine = Q()
        for place in ("owner", "backup", "doer"):
            mine |= at_item(model, {place: by.user_id})
        return queryset.filter(mine)


class AnybodysFirst(Whose):
    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        mine, team, everybody = super().lookups(request, model_admin)
        return (everybody, mine, team)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset if self.value() is None else super().queryset(request, queryset)


class Openness(WithDefault):
    title = _("status")
    parameter_name = "open"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return (
            ("open", _("Open")),
            ("late", _("Overdue")),
            ("held", _("On hold")),
            ("ended", _("Ended")),
            ("all", _("All")),
        )

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        conditions: dict[str | None, dict[str, Any]] = {
            "late": {"is_open": True, "next_due_at__lt": timezone.now()},
            "held": {"is_open": True, "held_at__isnull": False},
            "ended": {"is_open": False},
            "all": {},
        }
        return queryset.filter(
            at_item(queryset.model, conditions.get(self.value(), {"is_open": True}))
        )


class OfState(AtItem):
    """Filter by the state of work of every kind."""

    title = _("state")
    parameter_name = "state"
    other_names = ("state__exact",)
    column = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        found: dict[str, Any] = {}
        for model in models_by_kind().values():
            choices: Any = getattr(model, "State", None)
            for value, label in choices.choices if choices else ():
                found.setdefault(value, label)
        return sorted(found.items(), key=lambda choice: str(choice[1]))


class OfKind(AtItem):
    """Filter by the kind of work."""

    title = _("kind")
    parameter_name = "kind"
    other_names = ("kind__exact",)
    column = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        kinds = models_by_kind().items()
        return [(kind, capfirst(str(model._meta.verbose_name))) for kind, model in kinds]


class OfItem(AtItem):
    """Filter by a choice field of the work item."""

    @property
    def column(self) -> str:  # type: ignore[override]
        return str(self.parameter_name)

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        field: Any = WorkItem._meta.get_field(self.column)
        return [(str(value), label) for value, label in field.flatchoices]


class WaitsFor(AtItem):
    """Filter by whose turn it is."""

    title = _("waits for")
    parameter_name = "waits"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        mine = (("decision", _("My decision")), ("me", _("Me")))
        return (*mine, *WaitingSide.choices)

    def condition(self, values: Sequence[Any]) -> Q:
        by, every, wanted = actor(self.request), WorkItemQuerySet(WorkItem), Q()
        key = "pk" if self.model is WorkItem else "item"
        for value in values:
            if value in {"decision", "me"}:
                at, decisions = timezone.now(), value == "decision"
                found = turns_of_mine(every, by, at, decisions=decisions)
            else:
                found = waits_for(every, *parties_of(value))
            wanted |= Q(**{f"{key}__in": found.order_by().values("pk")})
        return wanted


class WaitingOn(OfItem):
    title = _("waiting on")
    parameter_name = "waiting_on"
    other_names = ("waiting_on__exact",)


class Urgency(OfItem):
    title = _("priority")
    parameter_name = "priority"
    other_names = ("priority__exact",)


# Filters of all work by what only packages above know, such as tags of requests.
_work_filters: list[type[SeveralValues]] = []


def filter_work_by(*kinds: type[SeveralValues]) -> None:
    """Add filters to the list of all work."""
    _work_filters.extend(kind for kind in kinds if kind not in _work_filters)


def work_filters() -> tuple[type[SeveralValues], ...]:
    return tuple(_work_filters)
