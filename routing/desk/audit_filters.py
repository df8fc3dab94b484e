"""Filters of the audit list: by whom, and by kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.desk.filters import WithDefault
from routing.desk.several import ChosenValue, SeveralValues
from routing.people.staff import User
from routing.work.door import all_operations


class OfActors(WithDefault):
    """Acts of people, or everything, with what the product did by itself."""

    title = gettext_lazy("by whom")
    parameter_name = "acts"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return (("people", _("People")), ("all", _("People and the product")))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "all":
            return queryset
        return queryset.filter(actor__kind=User.Kind.PERSON)


class OfAct(SeveralValues):
    """Filter by the kind of an event, or by the noun with which kinds begin."""

    title = gettext_lazy("kind")
    parameter_name = "kind"
    typed = True

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        steps = {step.kind: step for step in all_operations() if not step.system}
        found = [
            (kind, f"{step.model._meta.verbose_name}: {step.label}") for kind, step in steps.items()
        ]
        return sorted(found, key=lambda choice: choice[1].lower())

    def read(self, given: Sequence[str]) -> list[ChosenValue]:
        labels = {str(kind): str(label) for kind, label in self.lookup_choices}
        nouns = {kind.rpartition(".")[0] for kind in labels}
        known = labels | {noun: noun for noun in nouns}
        return [ChosenValue(each, each, known[each]) for each in given if each in known]

    def condition(self, values: Sequence[Any]) -> Q:
        wanted = Q(kind__in=values)
        for value in values:
            wanted |= Q(kind__startswith=f"{value}.")
        return wanted
