from importlib import import_module

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _

# Importing these modules registers operations, reactions, trace sections and system checks. They
# need the models, so they are imported in ``ready``.
REGISTERING = (
    "routing.cover.operations.leaving",
    "routing.work.operations.items",
    "routing.people.operations",
    "routing.flows.operations",
    "routing.flows.turns",
    "routing.flows.review_turns",
    "routing.flows.review_gate",
    "routing.runs.operations.process",
    "routing.runs.occurrences",
    "routing.flows.recurrence_faults",
    "routing.runs.operations.enrich",
    "routing.runs.operations.route_runs",
    "routing.runs.operations.exceptions",
    "routing.runs.operations.runs",
    "routing.runs.operations.act",
    "routing.runs.operations.notices",
    "routing.runs.operations.starting",
    "routing.runs.operations.migrating",
    "routing.sla.operations.calendars",
    "routing.sla.operations.clocks",
    "routing.cover.operations.agency",
    "routing.cover.operations.absences",
    "routing.runs.operations.quarantine",
    "routing.work.operations.files",
    "routing.work.operations.notes",
    "routing.runs.operations.outcomes",
    "routing.runs.operations.proofs",
    "routing.runs.operations.own_failures",
    "routing.runs.operations.run_events",
    "routing.runs.work_facts",
    "routing.runs.operations.switching",
    "routing.runs.operations.claiming",
    "routing.runs.operations.silence",
    "routing.runs.operations.unclaimed_cases",
    "routing.runs.operations.cover_cases",
    "routing.cover.operations.portal_access",
    "routing.cover.operations.client_merges",
    "routing.work.checks",
    "routing.desk.checks",
    "routing.desk.operations.views",
    "routing.audit.checks",
    "routing.audit.operations.security_alarms",
    "routing.people.checks",
    "routing.sla.checks",
    "routing.runs.trace_sections",
    "routing.runs.held_words",
    "routing.runs.lint.rules",
    "routing.runs.lint.triggers",
    "routing.runs.turns",
    "routing.runs.messages",
    "routing.runs.checklist",
    "routing.audit.checklist",
    "routing.runs.questions.started",
    "routing.runs.questions.known",
    "routing.runs.questions.rule",
    "routing.runs.questions.owner",
    "routing.runs.questions.waiting",
    "routing.runs.questions.due",
    "routing.runs.questions.outcome",
    "routing.runs.questions.by_hand",
    "routing.figures.of_runs",
    "routing.figures.of_states",
    "routing.figures.of_sla",
    "routing.figures.of_exceptions",
    "routing.figures.of_work",
    "routing.figures.of_people",
    "routing.figures.of_steps",
    "routing.desk.dashboards.standard",
)


class RoutingConfig(AppConfig):
    name = "routing"
    verbose_name = _("Routing")

    def ready(self) -> None:
        from routing.audit.ledgers import after_migrate
        from routing.kernel.arrays import register as register_arrays

        for module in REGISTERING:
            import_module(module)
        register_arrays()
        post_migrate.connect(after_migrate, dispatch_uid="routing.after_migrate")
