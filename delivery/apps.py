from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

# Importing these modules registers operations, reactions and trace sections. It follows the models,
# and the order is that in which reactions to the same operation run.
REGISTERING = (
    "delivery.engagements.ending",
    "delivery.progress.retainers",
    "delivery.requests.operations.requests",
    "delivery.requests.operations.first_response",
    "delivery.requests.operations.unanswered",
    "delivery.requests.operations.unreachable",
    "delivery.briefs.operations.briefs",
    "delivery.briefs.operations.first_briefs",
    "delivery.plans.operations",
    "delivery.briefs.operations.templates",
    "delivery.checks.brief_operations",
    "delivery.approvals.operations.deliverables",
    "delivery.deliverables.operations.versions",
    "delivery.deliverables.operations.editing",
    "delivery.approvals.operations.approvals",
    "delivery.approvals.operations.asking",
    "delivery.approvals.migrating",
    "delivery.progress.operations.opening",
    "delivery.progress.operations.questions_of_flows",
    "delivery.progress.operations.planning",
    "delivery.approvals.operations.reviewing",
    "delivery.progress.operations.receipts",
    "delivery.deliverables.channels",
    "delivery.progress.operations.launching",
    "delivery.progress.operations.taking_down",
    "delivery.progress.operations.invoices",
    "delivery.progress.operations.proving",
    "delivery.progress.operations.rolling",
    "delivery.progress.operations.ending",
    "delivery.progress.foresight",
    "delivery.progress.operations.submissions",
    "delivery.progress.operations.recording",
    "delivery.progress.operations.adopting",
    "delivery.progress.operations.merging",
    "delivery.progress.operations.impacts",
    "delivery.progress.operations.changes",
    "delivery.campaigns.operations.campaigns",
    "delivery.campaigns.operations.making",
    "delivery.campaigns.operations.following",
    "delivery.progress.operations.work_events",
    "delivery.flows.defaults",
    "delivery.flows.starters",
    "delivery.checks.checklist",
    "delivery.progress.trace_sections",
    "delivery.turns.table",
    "delivery.turns.messages",
    "delivery.progress.questions",
    "delivery.progress.persons",
    "delivery.reports.operations.making",
    "delivery.reports.evidence",
    "delivery.portal.drafts",
    "delivery.requests.figures",
    "delivery.deliverables.figures",
    "delivery.checks.figures",
    "delivery.approvals.figures",
    "delivery.campaigns.figures",
)


class DeliveryConfig(AppConfig):
    name = "delivery"
    verbose_name = _("Delivery")

    def ready(self) -> None:
        for module in REGISTERING:
            import_module(module)
