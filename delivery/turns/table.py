"""Whose turn it is with requests, briefs, deliverables and approvals."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from delivery.approvals.models import Approval
from delivery.briefs.models import Brief
from delivery.deliverables.models import Deliverable
from delivery.deliverables.stages import Audience
from delivery.requests.models import Request
from delivery.turns.parties import (
    AGENCY,
    APPROVERS,
    ASKED,
    BRIEF_APPROVERS,
    REQUESTER,
    REVIEWERS,
    SECOND_APPROVERS,
)
from routing.work.items import WorkItem
from routing.work.turns import ASSIGNEE, OWNER, PARTS, SYSTEM, turn

WITH_CLIENT = Q(waiting_on=WorkItem.WaitingOn.CLIENT)
IMPACT_STATED = Q(as_request__impact=Request.Impact.STATED)


def _has_open(kind: str) -> Q:
    """Return a condition for items with an open part of this kind."""
    return Q(Exists(WorkItem.objects.filter(parent=OuterRef("pk"), kind=kind, is_open=True)))


# -- Requests --------------------------------------------------------------------------------------

State = Request.State
turn(
    Request,
    State.CAPTURED,
    State.TRIAGED,
    party=APPROVERS,
    act=_("accept or decline the change"),
    by=("accept_impact", "decline_impact"),
    decision=True,
    when=IMPACT_STATED,
)
turn(
    Request,
    State.CAPTURED,
    party=OWNER,
    act=_("triage the request"),
    by=("triage", "ask", "reject", "mark_duplicate"),
)
turn(
    Request,
    State.NEEDS_INFORMATION,
    party=REQUESTER,
    act=_("answer a question"),
    by=("answer",),
    decision=True,
)
turn(
    Request,
    State.TRIAGED,
    party=OWNER,
    act=_("accept or reject the request"),
    by=("accept", "reject", "mark_duplicate"),
)
turn(
    Request,
    State.ACCEPTED,
    party=PARTS,
    act=_("finish the brief"),
    by=("begin", "cancel"),
    when=_has_open("brief"),
)
turn(
    Request,
    State.ACCEPTED,
    party=OWNER,
    act=_("start delivery"),
    by=("write_brief", "begin"),
)
turn(
    Request,
    State.IN_DELIVERY,
    party=PARTS,
    act=_("finish the deliverables"),
    by=("deliver",),
)
turn(
    Request,
    State.DELIVERED,
    party=SYSTEM,
    act=_("prove the outcomes"),
    by=("close",),
)

# -- Briefs ----------------------------------------------------------------------------------------

turn(
    Brief,
    Brief.State.DRAFT,
    party=OWNER,
    act=_("write the brief"),
    by=("submit",),
)
turn(
    Brief,
    Brief.State.IN_REVIEW,
    party=SECOND_APPROVERS,
    act=_("give the second approval to the brief"),
    by=("approve", "request_changes"),
    decision=True,
    when=Q(as_brief__first_approver__isnull=False),
)
turn(
    Brief,
    Brief.State.IN_REVIEW,
    party=BRIEF_APPROVERS,
    act=_("approve the brief"),
    by=("approve", "approve_first", "request_changes"),
    decision=True,
)
turn(
    Brief,
    Brief.State.CHANGES_REQUESTED,
    party=OWNER,
    act=_("change the brief"),
    by=("submit",),
)

# -- Deliverables ----------------------------------------------------------------------------------

Making = Deliverable.State
turn(
    Deliverable,
    Making.PLANNED,
    party=ASSIGNEE,
    act=_("start production"),
    by=("start",),
)
turn(
    Deliverable,
    Making.IN_PRODUCTION,
    party=ASSIGNEE,
    act=_("submit a version for QA"),
    by=("submit",),
)
turn(
    Deliverable,
    Making.IN_QA,
    party=REVIEWERS,
    act=_("sign off version %(version)s"),
    by=("sign_off", "pass_qa", "send_back", "return_for_rework"),
    decision=True,
)
turn(
    Deliverable,
    Making.REWORK,
    party=ASSIGNEE,
    act=_("rework version %(version)s"),
    by=("submit",),
)
turn(
    Deliverable,
    Making.IN_INTERNAL_REVIEW,
    party=PARTS,
    act=_("answer the approval of version %(version)s"),
    by=("ask_client", "approve", "return_for_rework", "stall"),
    when=_has_open("approval"),
)
# No approval is open: the agency approved it, or an approval was rejected, expired or withdrawn.
turn(
    Deliverable,
    Making.IN_INTERNAL_REVIEW,
    party=OWNER,
    act=_("ask the client about version %(version)s"),
    by=("ask_client", "ask_agency", "send_back"),
    decision=True,
)
turn(
    Deliverable,
    Making.IN_CLIENT_REVIEW,
    party=PARTS,
    act=_("answer the approval of version %(version)s"),
    by=("approve", "return_for_rework", "stall"),
    when=WITH_CLIENT & _has_open("approval"),
)
turn(
    Deliverable,
    Making.IN_CLIENT_REVIEW,
    party=OWNER,
    act=_("ask the client again about version %(version)s"),
    by=("ask_client", "ask_agency", "send_back"),
    decision=True,
)
turn(
    Deliverable,
    Making.APPROVED,
    party=OWNER,
    act=_("publish version %(version)s or hand it over"),
    by=("publish", "hand_out", "reopen"),
    decision=True,
)
turn(
    Deliverable,
    Making.PUBLISHING,
    party=SYSTEM,
    act=_("publish version %(version)s"),
    by=("go_live", "fail_publishing"),
)
turn(
    Deliverable,
    Making.PUBLISH_FAILED,
    party=OWNER,
    act=_("publish version %(version)s again or withdraw it"),
    by=("publish", "reopen", "go_live"),
    decision=True,
)

# -- Approvals -------------------------------------------------------------------------------------

ANSWERS = ("approve", "request_changes", "reject")
turn(
    Approval,
    Approval.State.PENDING,
    party=ASKED,
    act=_("approve version %(version)s"),
    by=ANSWERS,
    decision=True,
    when=Q(as_approval__audience=Audience.CLIENT),
)
turn(
    Approval,
    Approval.State.PENDING,
    party=AGENCY,
    act=_("approve version %(version)s"),
    by=ANSWERS,
    decision=True,
)
