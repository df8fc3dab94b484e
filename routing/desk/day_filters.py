"""Filters of the work queue, for the links of the page Today."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime
from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.desk.base import actor
from routing.desk.days import Days, Due
from routing.desk.my_work import changed_by_others
from routing.work.display import exact


class WhenDue(SimpleListFilter):
    title = gettext_lazy("due")
    parameter_name = "due"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return Due.choices

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value() or ""
        if value not in Due.values:
            return queryset
        return queryset.filter(Days.around(timezone.now()).when(value))


class OnceChosen(ABC, SimpleListFilter):
    """
    A filter that is shown only while it is active. Links lead to it.
    """

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        value = request.GET.get(self.parameter_name or "", "")
        label = self.words(value) if value else ""
        return [(value, label)] if label else []

    @abstractmethod
    def words(self, value: str) -> str:
        """Return the choice in words, or an empty string for an invalid value."""


class ChangedSince(OnceChosen):
    """Filter for changes by other people after an instant."""

    title = gettext_lazy("changed by others")
    parameter_name = "changed"

    def words(self, value: str) -> str:
        at = instant(value)
        return _("since %(when)s") % {"when": exact(at)} if at else ""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        at = instant(self.value() or "")
        return changed_by_others(queryset, actor(request), at) if at else queryset


def instant(text: str) -> datetime | None:
    """Return the aware time that an ISO 8601 text gives, or None if it gives none."""
    try:
        at = parse_datetime(text)
    except ValueError:
        return None
    return at if at and timezone.is_aware(at) else None
