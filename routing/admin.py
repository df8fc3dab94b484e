"""
The desk: the pages of our own models. Pages that other packages register are removed again.
"""

from django.conf import settings
from django.contrib import admin

from routing.audit import admin as audit
from routing.cover import admin as cover
from routing.desk.admin import audit as audit_list
from routing.desk.admin import exports, views
from routing.flows.admin import (
    actions,
    flows,
    proposals,
    publish_approvals,
    recurrences,
    reviews,
    rules,
    value_streams,
    versions,
)
from routing.messages import admin as messages
from routing.people.admin import clients, contacts, destinations, security, staff, teams
from routing.runs.admin import (
    events,
    exception_routing,
    exceptions,
    held_events,
    proofs,
    quarantine,
    runs,
    time_ledger,
    version_routes,
)
from routing.sla.admin import calendars, clocks, policies
from routing.work import admin as work
from routing.work import admin_forms as work_forms

__all__ = [
    "actions",
    "audit",
    "audit_list",
    "calendars",
    "clients",
    "clocks",
    "contacts",
    "cover",
    "destinations",
    "events",
    "exception_routing",
    "exceptions",
    "exports",
    "flows",
    "held_events",
    "messages",
    "policies",
    "proofs",
    "proposals",
    "publish_approvals",
    "quarantine",
    "recurrences",
    "reviews",
    "rules",
    "runs",
    "security",
    "staff",
    "teams",
    "time_ledger",
    "value_streams",
    "version_routes",
    "versions",
    "views",
    "work",
    "work_forms",
]

# Groups and the schedule of beat are defined in code, and addresses and second factors are for
# their owners to change.
for _model in list(admin.site._registry):  # noqa: SLF001  # Django has no public list
    if _model._meta.app_label not in settings.OUR_APPS:
        admin.site.unregister(_model)
