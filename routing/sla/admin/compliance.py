"""SLA compliance at the desk: the numbers, and filters for the clocks behind them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from routing.desk.base import actor
from routing.kernel.durations import in_words
from routing.sla.compliance import (
    ENDS,
    LABELS,
    ComplianceRow,
    apart_labels,
    compliance,
    group,
    kind_in_words,
)
from routing.sla.explain_due import length
from routing.sla.policies import MOST_WORKTIME, Target
from routing.work.kinds import models_by_kind

DAYS = (7, 30, 90, 365)
USUAL_DAYS = 30


class HowItEnded(SimpleListFilter):
    title = _("target")
    parameter_name = "kept"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return list(LABELS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(ENDS[self.value() or ""]) if self.value() in ENDS else queryset


class KindOfWork(SimpleListFilter):
    title = _("kind of work")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [(kind, kind_in_words(kind)) for kind in models_by_kind()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not self.value():
            return queryset
        kind: QuerySet[Any] = queryset.filter(item__kind=self.value())
        return kind


class PromisedTime(SimpleListFilter):
    title = _("promised time")
    parameter_name = "promised"  # in seconds of working time

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        times = set(Target.objects.values_list("worktime", flat=True))
        asked = request.GET.get(self.parameter_name, "")
        if asked.isascii() and asked.isdigit() and int(asked) <= MOST_WORKTIME.total_seconds():
            times.add(timedelta(seconds=int(asked)))  # of an exception, or of an earlier policy
        return [(str(round(each.total_seconds())), in_words(each)) for each in sorted(times)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in {str(value) for value, _label in self.lookup_choices}:
            return queryset
        return queryset.filter(target=timedelta(seconds=int(self.value() or 0)))


class CountedApart(SimpleListFilter):
    title = _("counted")
    parameter_name = "apart"
    own = "own"  # the value of the agency's own work

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [(self.own, _("The agency's own work")), *apart_labels().items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not self.value():
            return queryset
        name = "" if self.value() == self.own else self.value()
        counted: QuerySet[Any] = queryset.annotate(apart=group()).filter(apart=name)
        return counted


class StartedWithin(SimpleListFilter):
    title = _("started")
    parameter_name = "days"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [(str(days), _last(days)) for days in DAYS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        days = self.value() or ""
        if days not in map(str, DAYS):
            return queryset
        return queryset.filter(started_at__gte=_since(int(days)))


def table(request: HttpRequest, clocks: str) -> dict[str, Any]:
    """
    Return the content of the page for the period given in the address.

    :param clocks: address of the list of clocks
    """
    asked = request.GET.get("days", "")
    days = int(asked) if asked in map(str, DAYS) else USUAL_DAYS
    rows = compliance(actor(request), since=_since(days))
    return {
        "ends": LABELS.values(),
        "rows": [_row(each, days, clocks) for each in rows],
        "choices": [(f"?days={each}", _last(each), each == days) for each in DAYS],
        "said": _last(days),
    }


def _row(row: ComplianceRow, days: int, clocks: str) -> dict[str, Any]:
    at = {
        "policy__id__exact": row.policy_id,
        "kind": row.kind,
        "purpose": row.purpose,
        "apart": row.apart or CountedApart.own,
        "promised": round(row.target.total_seconds()),
        "days": days,
    }
    return {
        "policy": row.policy,
        "kind": kind_in_words(row.kind),
        "apart": apart_labels().get(row.apart, ""),
        "purpose": row.purpose.replace("_", " ").capitalize(),
        "target": length(row.target),
        "met_percent": row.met_percent,
        "median": length(row.median) if row.median is not None else "",
        "cells": [
            (LABELS[end], number, f"{clocks}?{urlencode(at | {'kept': end})}")
            for end, number in row.counts.items()
        ],
    }


def _last(days: int) -> str:
    return ngettext("Last day", "Last %(days)s days", days) % {"days": days}


def _since(days: int) -> datetime:
    return timezone.now() - timedelta(days=days)
