"""Figures as screens show them: numbers, shares and durations for people."""

from __future__ import annotations

from datetime import timedelta

from django.utils.formats import number_format
from django.utils.translation import ngettext

from routing.figures.catalogue import Unit
from routing.kernel.durations import write_duration

DAY_S, MINUTE_S = 86_400, 60
TWO_DAYS_S = 2 * DAY_S


def shown(value: float | None, unit: str) -> str:
    """Return a value of a figure for a table, empty if there is none."""
    if value is None:
        return ""
    if unit == Unit.RATIO:
        return f"{number_format(value * 100, 1)} %"
    if unit == Unit.SECONDS:
        return elapsed(value)
    if unit == Unit.EACH:
        return number_format(value, 1)
    return number_format(value, 0, force_grouping=True)


def elapsed(seconds: float) -> str:
    """Return elapsed time, in days of 24 hours from two days on."""
    if seconds >= TWO_DAYS_S:
        days = seconds / DAY_S
        return ngettext("%(n)s day", "%(n)s days", 2) % {"n": number_format(days, 1)}
    if seconds < MINUTE_S:
        return f"{number_format(seconds, 1)} s"
    return write_duration(timedelta(minutes=round(seconds / MINUTE_S)))
