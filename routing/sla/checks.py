"""System checks of calendars. ``migrate`` and ``check --database default`` run them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.core.checks import CheckMessage, Tags, register
from django.db import connections

from routing.sla.calendars import Calendar


@register(Tags.database)
def calendars_have_a_region(
    app_configs: Sequence[AppConfig] | None = None, databases: Sequence[str] | None = None, **_: Any
) -> list[CheckMessage]:
    """Name the calendars from before regions were asked for. They go on counting as they did."""
    found: list[CheckMessage] = []
    for alias in databases or ():
        if not _is_migrated(alias):
            continue
        found += [
            checks.Warning(
                f"Calendar “{calendar.name}” has the public holidays of {calendar.holiday_country} "
                f"without a region, so regional holidays count as working days.",
                hint="Choose a region, or “National days only”, on the page of the calendar.",
                id="throughline.W025",
            )
            for calendar in Calendar.objects.using(alias).exclude(holiday_country="")
            if calendar.misses_regional_days
        ]
    return found


def _is_migrated(alias: str) -> bool:
    introspection, table = connections[alias].introspection, Calendar._meta.db_table
    with connections[alias].cursor() as cursor:
        if table not in introspection.table_names(cursor):
            return False
        columns = {column.name for column in introspection.get_table_description(cursor, table)}
    return "holiday_national_only" in columns
