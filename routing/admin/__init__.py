"""The desk: our own nouns, each on a page of its own. What other packages would show there is taken off again."""

from django.conf import settings
from django.contrib import admin

from routing.admin import (
    calendars,
    clients,
    clocks,
    contacts,
    cover,
    destinations,
    events,
    exception_map,
    exceptions,
    flows,
    notifications,
    parked,
    people,
    policies,
    rules,
    runs,
    seals,
    teams,
    versions,
    work,
    work_forms,
)

__all__ = [
    "calendars",
    "clients",
    "clocks",
    "contacts",
    "cover",
    "destinations",
    "events",
    "exception_map",
    "exceptions",
    "flows",
    "notifications",
    "parked",
    "people",
    "policies",
    "rules",
    "runs",
    "seals",
    "teams",
    "versions",
    "work",
    "work_forms",
]

# Groups mirror the roles in code, mail addresses and second factors belong to their owner, the table of beat to the code.
for _model in list(admin.site._registry):  # noqa: SLF001  # the only list of them
    if _model._meta.app_label not in settings.OUR_APPS:
        admin.site.unregister(_model)
