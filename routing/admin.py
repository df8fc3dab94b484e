"""
The desk: our own nouns, each on a page of its own. What other packages would show there is taken
off again.
"""

from django.conf import settings
from django.contrib import admin

from routing.audit import admin as audit
from routing.cover import admin as cover
from routing.flows.admin import flows, rules, versions
from routing.messages import admin as messages
from routing.people.admin import clients, contacts, destinations, staff, teams
from routing.runs.admin import events, exception_routing, exceptions, quarantine, runs
from routing.sla.admin import calendars, clocks, policies
from routing.work import admin as work
from routing.work import admin_forms as work_forms

__all__ = [
    "audit",
    "calendars",
    "clients",
    "clocks",
    "contacts",
    "cover",
    "destinations",
    "events",
    "exception_routing",
    "exceptions",
    "flows",
    "messages",
    "policies",
    "quarantine",
    "rules",
    "runs",
    "staff",
    "teams",
    "versions",
    "work",
    "work_forms",
]

# Groups mirror the roles in code, mail addresses and second factors belong to their owner, the
# table of beat to the code.
for _model in list(admin.site._registry):  # noqa: SLF001  # Django has no public list
    if _model._meta.app_label not in settings.OUR_APPS:
        admin.site.unregister(_model)
