"""Filters of the audit list: by person, kind, and days."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib.admin import SimpleListFilter
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.desk.filters import MOST_DIGITS, LinkListFilter, WithDefault
from routing.people.staff import User
from routing.work.door import all_operations

PRESETS = {"today": 1, "week": 7, "month": 30, "year": 365}  # days up to now
_DAYS = re.compile(r"(\d{4}-\d\d-\d\d)(?:\.\.(\d{4}-\d\d-\d\d))?", re.ASCII)


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


class OfPerson(LinkListFilter):
    """Filter by the person who acted, by number or e-mail address."""

    title = gettext_lazy("person")
    parameter_name = "person"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        staff = User.objects.people().filter(is_staff=True).order_by("full_name")
        return [(str(pk), name) for pk, name in staff.values_list("pk", "full_name")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value() or ""
        if not value:
            return queryset
        if value.isascii() and value.isdecimal() and len(value) <= MOST_DIGITS:
            return queryset.filter(actor=int(value))
        return queryset.filter(actor__email__iexact=value)


class OfKind(LinkListFilter):
    """Filter by the kind of an event, or by the noun with which kinds begin."""

    title = gettext_lazy("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        steps = {step.kind: step for step in all_operations() if not step.system}
        found = [
            (kind, f"{step.model._meta.verbose_name}: {step.label}") for kind, step in steps.items()
        ]
        return sorted(found, key=lambda choice: choice[1].lower())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value() or ""
        if not value:
            return queryset
        return queryset.filter(Q(kind=value) | Q(kind__startswith=f"{value}."))


class OnDays(SimpleListFilter):
    """Filter by a day, by days such as 2026-11-01..2026-11-30, or by the last ones."""

    title = gettext_lazy("date")
    parameter_name = "on"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        shown = [
            ("today", _("Today")),
            ("week", _("Last 7 days")),
            ("month", _("Last 30 days")),
            ("year", _("Last 365 days")),
        ]
        value = request.GET.get(self.parameter_name, "")
        return [*shown, (value, value)] if value and value not in PRESETS else shown

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """:raises IncorrectLookupParameters: if the days cannot be read"""
        value = self.value()
        if not value:
            return queryset
        first, last = days_called(value)
        return queryset.filter(at__gte=_midnight(first), at__lt=_midnight(last + timedelta(days=1)))


def days_called(text: str) -> tuple[date, date]:
    """
    Return the first and the last day, in the reader's zone.

    :raises IncorrectLookupParameters: if the text names none
    """
    today = timezone.localdate()
    if text in PRESETS:
        return today - timedelta(days=PRESETS[text] - 1), today
    found = _DAYS.fullmatch(text)
    if found is None:
        raise IncorrectLookupParameters(text)
    try:
        first = date.fromisoformat(found[1])
        last = date.fromisoformat(found[2] or found[1])
        _midnight(last + timedelta(days=1))  # the last day of the calendar has none behind it
    except (ValueError, OverflowError) as error:
        raise IncorrectLookupParameters(error) from None
    return first, last


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


__all__ = ["OfActors", "OfKind", "OfPerson", "OnDays", "days_called"]
