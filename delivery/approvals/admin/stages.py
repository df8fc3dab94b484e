"""Approval stages as rows on the page of a flow version."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from delivery.approvals.models import ApprovalStage
from routing.flows.admin.version_parts import PartOfVersion
from routing.flows.admin.versions import part_of_version


@part_of_version
class StagesOfVersion(PartOfVersion):
    model = ApprovalStage
    fields = ("position", "audience", "quorum", "need", "team", "answer_days")
    verbose_name = _("approval stage")
    verbose_name_plural = _(
        "Approvers of a version, in this order. Default: the agency, then the client."
    )
