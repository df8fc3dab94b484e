"""Promises kept, at the desk: the numbers, and the filters of the clocks they lead to."""

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
from routing.sla.compliance import ENDS, LABELS, ComplianceRow, promises
from routing.sla.explain_due import length

DAYS = (7, 30, 90, 365)
USUAL_DAYS = 30


class HowItEnded(SimpleListFilter):
    title = _("target")
    parameter_name = "kept"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return list(LABELS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(ENDS[self.value() or ""]) if self.value() in ENDS else queryset


class StartedWithin(SimpleListFilter):
    title = _("started")
    parameter_name = "days"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [(str(days), _last(days)) for days in DAYS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        days = self.value() or ""
        return (
            queryset.filter(started_at__gte=_since(int(days)))
            if days in map(str, DAYS)
            else queryset
        )


def table(request: HttpRequest, clocks: str) -> dict[str, Any]:
    """
    Return the content of the page for the period given in the address.

    :param clocks: where the list of clocks lies
    """
    asked = request.GET.get("days", "")
    days = int(asked) if asked in map(str, DAYS) else USUAL_DAYS
    return {
        "ends": LABELS.values(),
        "rows": [_row(each, days, clocks) for each in promises(actor(request), since=_since(days))],
        "choices": [(f"?days={each}", _last(each), each == days) for each in DAYS],
        "said": _last(days),
    }


def _row(promise: ComplianceRow, days: int, clocks: str) -> dict[str, Any]:
    at = {"policy__id__exact": promise.policy_id, "purpose": promise.purpose, "days": days}
    return {
        "policy": promise.policy,
        "purpose": promise.purpose.replace("_", " ").capitalize(),
        "target": length(promise.target),
        "kept": promise.kept,
        "usual": length(promise.usual) if promise.usual is not None else "",
        "cells": [
            (LABELS[end], number, f"{clocks}?{urlencode(at | {'kept': end})}")
            for end, number in promise.counts.items()
        ],
    }


def _last(days: int) -> str:
    return ngettext("Last day", "Last %(days)s days", days) % {"days": days}


def _since(days: int) -> datetime:
    return timezone.now() - timedelta(days=days)
