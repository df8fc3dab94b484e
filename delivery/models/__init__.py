from delivery.models.approvals import Answer, Approval, ApprovalStage
from delivery.models.briefs import Brief
from delivery.models.checks import Check, CheckResult
from delivery.models.deliverables import Deliverable
from delivery.models.engagements import Engagement
from delivery.models.requests import Request
from delivery.models.versions import Version, VersionFile

__all__ = [
    "Answer",
    "Approval",
    "ApprovalStage",
    "Brief",
    "Check",
    "CheckResult",
    "Deliverable",
    "Engagement",
    "Request",
    "Version",
    "VersionFile",
]
