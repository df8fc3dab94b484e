from delivery.approvals.models import Answer, Approval, ApprovalStage, AskedPerson
from delivery.briefs.models import Brief
from delivery.campaigns.models import Campaign
from delivery.checks.models import BriefCheckResult, Check, CheckResult
from delivery.checks.version_checks import VersionCheck
from delivery.deliverables.launches import HandLaunch
from delivery.deliverables.models import Deliverable
from delivery.deliverables.versions import Version, VersionFile
from delivery.engagements.models import Engagement
from delivery.plans.models import PlanTemplate, PlanTemplateVersion
from delivery.portal.models import FormDraft
from delivery.reports.models import Report, ReportRecipient, ReportSchedule
from delivery.requests.models import Request
from delivery.requests.rules import RequestRule

__all__ = [
    "Answer",
    "Approval",
    "ApprovalStage",
    "AskedPerson",
    "Brief",
    "BriefCheckResult",
    "Campaign",
    "Check",
    "CheckResult",
    "Deliverable",
    "Engagement",
    "FormDraft",
    "HandLaunch",
    "PlanTemplate",
    "PlanTemplateVersion",
    "Report",
    "ReportRecipient",
    "ReportSchedule",
    "Request",
    "RequestRule",
    "Version",
    "VersionCheck",
    "VersionFile",
]
