from delivery.approvals.admin import approvals, stages, step_forms
from delivery.briefs.admin import brief_forms, briefs, template_forms
from delivery.campaigns.admin import campaign_forms, campaigns
from delivery.checks.admin import accept_forms, checks
from delivery.checks.admin import version_checks as checks_of_versions
from delivery.deliverables.admin import deliverables, edit_forms, launch_forms, uploads
from delivery.engagements import admin as engagements
from delivery.plans import admin as plans
from delivery.progress import admin as progress
from delivery.reports.admin import reports, run_report
from delivery.requests import admin as requests

__all__ = [
    "accept_forms",
    "approvals",
    "brief_forms",
    "briefs",
    "campaign_forms",
    "campaigns",
    "checks",
    "checks_of_versions",
    "deliverables",
    "edit_forms",
    "engagements",
    "launch_forms",
    "plans",
    "progress",
    "reports",
    "requests",
    "run_report",
    "stages",
    "step_forms",
    "template_forms",
    "uploads",
]
