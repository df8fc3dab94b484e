"""Filters of lists of work items, or of rows that have a work item."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from django.contrib.admin import SimpleListFilter
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from routing.desk.base import actor
from routing.people.staff import User
from routing.work.items import WorkItem, WorkItemQuerySet
from routing.work.turns import WaitingSide, parties_of, turns_of_mine, waits_for
from routing.work.visibility import clients_seen_by

ME = "me"
MOST_DIGITS = 18  # any number of 18 digits fits into a bigint


def at_item(model: type[Any], condition: dict[str, Any]) -> Q:
    """Return a condition on the work item for a queryset of ``model``."""
    prefix = "" if model is WorkItem else "item__"
    return Q(**{prefix + name: value for name, value in condition.items()})


class LinkListFilter(SimpleListFilter):
    """A filter whose choices are plain links, so that there may be many."""

    template = "desk/choices.html"

    def choices(self, changelist: Any) -> Iterator[Any]:
        address, chosen = changelist.get_query_string(remove=[self.parameter_name]), self.value()
        joined = address if address == "?" else f"{address}&"
        yield {"selected": chosen is None, "query_string": address, "display": _("All")}
        for value, label in self.lookup_choices:
            yield {
                "selected": chosen == str(value),
                "query_string": f"{joined}{self.parameter_name}={_quoted(str(value))}",
                "display": label,
            }


def _quoted(value: str) -> str:
    # Most values are ids, which need no quotes: looking at each sign takes ten times as long.
    return value if value.isascii() and value.isalnum() else quote(value)


class WithDefault(LinkListFilter):
    """A filter with its first choice as the default. Every choice has a link."""

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


class OfClient(LinkListFilter):
    title = _("client")
    parameter_name = "client"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [
            (str(pk), name)
            for pk, name in clients_seen_by(actor(request)).values_list("pk", "name")
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value() or ""
        if not value.isdecimal():
            return queryset
        return queryset.filter(at_item(queryset.model, {"client": int(value)}))


class OfClientDirectly(OfClient):
    """Filter for rows that belong to a client without being work."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return queryset.filter(client=int(value)) if value and value.isdecimal() else queryset


class OfOwner(LinkListFilter):
    """Filter by the person who is accountable, without work that they only back up."""

    title = _("owner")
    parameter_name = "of"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        # A list of all people would cost a query on every page. Links from search and reports name
        # a person, who is then shown.
        choices: list[tuple[str, Any]] = [(ME, _("Me"))]
        chosen = request.GET.get(self.parameter_name, "")
        if chosen.isdecimal() and len(chosen) <= MOST_DIGITS:
            people = User.objects.filter(pk=int(chosen))
            choices += [(str(pk), name) for pk, name in people.values_list("pk", "full_name")]
        return choices

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value() or ""
        if value == ME:
            return queryset.filter(at_item(queryset.model, {"owner": actor(request).user_id}))
        if not value.isdecimal() or len(value) > MOST_DIGITS:
            return queryset
        return queryset.filter(at_item(queryset.model, {"owner": int(value)}))


class OfItem(LinkListFilter):
    """Filter by a choice field of the work item."""

    parameter_name: str

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        field: Any = WorkItem._meta.get_field(self.parameter_name)
        return [(str(value), label) for value, label in field.flatchoices]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        known = {value for value, _label in self.lookup_choices}
        if self.value() not in known:
            return queryset
        return queryset.filter(at_item(queryset.model, {self.parameter_name: self.value()}))


class WaitsFor(LinkListFilter):
    """Filter by whose turn it is."""

    title = _("waits for")
    parameter_name = "waits"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        mine = (("decision", _("My decision")), ("me", _("Me")))
        return (*mine, *WaitingSide.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value, by, every = self.value() or "", actor(request), WorkItemQuerySet(WorkItem)
        if value in {"decision", "me"}:
            at, decisions = timezone.now(), value == "decision"
            found = turns_of_mine(every, by, at, decisions=decisions)
        elif value in WaitingSide.values:
            found = waits_for(every, *parties_of(value))
        else:
            return queryset
        key = "pk" if queryset.model is WorkItem else "item"
        return queryset.filter(**{f"{key}__in": found.order_by().values("pk")})


class WaitingOn(OfItem):
    title = _("waiting on")
    parameter_name = "waiting_on"


class Urgency(OfItem):
    title = _("priority")
    parameter_name = "priority"
