from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

# Importing these modules registers operations, reactions and trace sections. They need the models,
# so they are imported in ready().
REGISTERING = (
    "integrations.inbox.enrich",
    "integrations.inbox.reading",
    "integrations.inbox.bulk_match",
    "integrations.inbox.moves",
    "integrations.inbox.event_kinds",
    "integrations.inbox.sources",
    "integrations.connections.operations",
    "integrations.connections.checklist",
    "integrations.inbox.forget",
    "integrations.inbox.unreadable",
    "integrations.inbox.shapes",
    "integrations.outbox.operations.replay",
    "integrations.outbox.failing",
    "integrations.outbox.operations.cancellation",
    "integrations.outbox.foresight",
    "integrations.outbox.crm",
    "integrations.outbox.crm_action",
    "integrations.connections.crm_fields",
    "integrations.outbox.notification_emails",
    "integrations.outbox.client_emails",
    "integrations.outbox.export_emails",
    "integrations.outbox.report_emails",
    "integrations.proof.invoice_lint",
    "integrations.publishing.publish",
    "integrations.publishing.drafts",
    "integrations.publishing.acceptance",
    "integrations.publishing.launches",
    "integrations.publishing.failures",
    "integrations.reconcile.carry_out",
    "integrations.reconcile.failures",
    "integrations.reconcile.turns",
    "integrations.outbox.trace_sections",
    "integrations.outbox.turns",
    "integrations.outbox.questions",
    "integrations.outbox.first_responses",
    "integrations.outbox.figures",
    "integrations.connections.dashboard",
    "integrations.incidents.operations.opening",
    "integrations.incidents.operations.leading",
    "integrations.incidents.turns",
    "integrations.incidents.charged_time",
)


class IntegrationsConfig(AppConfig):
    name = "integrations"
    verbose_name = _("Integrations")

    def ready(self) -> None:
        for module in REGISTERING:
            import_module(module)
