"""Whose turn it is with requests, briefs, deliverables and approvals."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from delivery.approvals.models import Approval
from delivery.briefs.models import Brief
from delivery.campaigns.models import Campaign
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
from routing.kernel.reasons import Reason
from routing.runs.outcomes import Outcome, next_look
from routing.work.items import WorkItem
from routing.work.turns import (
    ASSIGNEE,
    OWNER,
    PARTS,
    SYSTEM,
    has_open,
    next_attempt,
    turn,
    turn_values,
)

WITH_CLIENT = Q(waiting_on=WorkItem.WaitingOn.CLIENT)
# Subqueries and no joins, so that the conditions of all turns can stand in one statement.
IMPACT_STATED = Q(Exists(Request.objects.filter(item=OuterRef("pk"), impact=Request.Impact.STATED)))


FIRST_APPROVED = Q(Exists(Brief.objects.filter(item=OuterRef("pk"), first_approver__isnull=False)))
OF_CLIENT = Q(Exists(Approval.objects.filter(item=OuterRef("pk"), audience=Audience.CLIENT)))
WITH_AGENCY = Q(waiting_on=WorkItem.WaitingOn.AGENCY)


# -- Requests --------------------------------------------------------------------------------------

State = Request.State
turn(
    Request,
    State.CAPTURED,
    State.TRIAGED,
    party=APPROVERS,
    act=_("accept or decline the change"),
    waits=_("Waits for %(who)s to accept or decline the change since %(since)s"),
    by=("accept_impact", "decline_impact"),
    decision=True,
    when=IMPACT_STATED & WITH_CLIENT,
    begins=("state_impact", "wait_again"),
)
turn(
    Request,
    State.CAPTURED,
    party=OWNER,
    act=_("triage the request"),
    waits=_("Waits for %(who)s to triage the request since %(since)s"),
    by=("triage", "ask", "reject", "mark_duplicate"),
    begins=("accept_impact", "decline_impact", "stall"),
)
turn(
    Request,
    State.NEEDS_INFORMATION,
    party=REQUESTER,
    act=_("answer a question"),
    waits=_("Waits for %(who)s to answer a question since %(since)s"),
    by=("answer", "stall"),
    decision=True,
    when=WITH_CLIENT,
    begins=("ask", "remind", "wait_again"),
)
# The client did not answer, and the reminders are used up.
turn(
    Request,
    State.NEEDS_INFORMATION,
    party=OWNER,
    act=_("decide about the unanswered question"),
    waits=_("Waits for %(who)s to decide about the unanswered question since %(since)s"),
    by=("remind", "answer", "reject", "cancel"),
    decision=True,
    begins=("stall",),
    instead_of=(Reason.NO_ANSWER,),
)
turn(
    Request,
    State.TRIAGED,
    party=OWNER,
    act=_("accept or reject the request"),
    waits=_("Waits for %(who)s to accept or reject the request since %(since)s"),
    by=("accept", "reject", "mark_duplicate"),
    decision=True,
    begins=("accept_impact", "decline_impact", "stall"),
)
turn(
    Request,
    State.ACCEPTED,
    party=PARTS,
    act=_("finish the brief"),
    waits=_("Waits for %(parts)s to be finished since %(since)s"),
    by=("begin", "cancel"),
    when=has_open("brief"),
    parts=("brief",),
)
turn(
    Request,
    State.ACCEPTED,
    party=OWNER,
    act=_("start delivery"),
    waits=_("Waits for %(who)s to start delivery since %(since)s"),
    by=("write_brief", "begin"),
    parts=("brief",),
)
turn(
    Request,
    State.IN_DELIVERY,
    party=PARTS,
    act=_("finish the deliverables"),
    waits=_("Waits for %(parts)s to be finished since %(since)s"),
    by=("deliver",),
    parts=("brief", "deliverable"),
)
turn(
    Request,
    State.DELIVERED,
    party=SYSTEM,
    act=_("prove the outcomes"),
    waits=_("Throughline has been proving the outcomes since %(since)s"),
    by=("close",),
)

next_attempt(
    Request,
    lambda item: next_look(Outcome.objects.filter(Q(item=item) | Q(item__parent=item))),
)

# -- Briefs ----------------------------------------------------------------------------------------

turn(
    Brief,
    Brief.State.DRAFT,
    party=OWNER,
    act=_("write the brief"),
    waits=_("Waits for %(who)s to write the brief since %(since)s"),
    by=("submit",),
)
turn(
    Brief,
    Brief.State.IN_REVIEW,
    party=SECOND_APPROVERS,
    act=_("give the second approval of the brief"),
    waits=_("Waits for %(who)s to give the second approval of the brief since %(since)s"),
    by=("approve", "request_changes"),
    decision=True,
    when=FIRST_APPROVED,
    begins=("approve_first",),
)
turn(
    Brief,
    Brief.State.IN_REVIEW,
    party=BRIEF_APPROVERS,
    act=_("approve the brief"),
    waits=_("Waits for %(who)s to approve the brief since %(since)s"),
    by=("approve", "approve_first", "request_changes"),
    decision=True,
)
turn(
    Brief,
    Brief.State.CHANGES_REQUESTED,
    party=OWNER,
    act=_("change the brief"),
    waits=_("Waits for %(who)s to change the brief since %(since)s"),
    by=("submit",),
)

# -- Deliverables ----------------------------------------------------------------------------------

Making = Deliverable.State
turn(
    Deliverable,
    Making.PLANNED,
    party=ASSIGNEE,
    act=_("start production"),
    waits=_("Waits for %(who)s to start production since %(since)s"),
    by=("start",),
)
turn(
    Deliverable,
    Making.IN_PRODUCTION,
    party=ASSIGNEE,
    act=_("submit a version for QA"),
    waits=_("Waits for %(who)s to submit a version for QA since %(since)s"),
    by=("submit",),
)
turn(
    Deliverable,
    Making.IN_QA,
    party=REVIEWERS,
    act=_("sign off version %(version)s"),
    waits=_("Waits for %(who)s to sign off version %(version)s since %(since)s"),
    by=("sign_off", "pass_qa", "send_back", "return_for_rework"),
    decision=True,
)
turn(
    Deliverable,
    Making.REWORK,
    party=ASSIGNEE,
    act=_("rework version %(version)s"),
    waits=_("Waits for %(who)s to rework version %(version)s since %(since)s"),
    by=("submit",),
)
turn(
    Deliverable,
    Making.IN_INTERNAL_REVIEW,
    party=PARTS,
    act=_("answer the approval of version %(version)s"),
    waits=_("Waits for %(parts)s, the approval of version %(version)s, since %(since)s"),
    by=("ask_client", "approve", "return_for_rework", "stall"),
    when=has_open("approval"),
    parts=("approval",),
)
# No approval is open: the agency approved it, or an approval was rejected, expired or withdrawn.
turn(
    Deliverable,
    Making.IN_INTERNAL_REVIEW,
    party=OWNER,
    act=_("ask the client about version %(version)s"),
    waits=_("Waits for %(who)s to ask the client about version %(version)s since %(since)s"),
    by=("ask_client", "ask_agency", "send_back"),
    decision=True,
    parts=("approval",),
    begins=("stall",),
    instead_of=(Reason.NO_ANSWER, Reason.REJECTED),
)
turn(
    Deliverable,
    Making.IN_CLIENT_REVIEW,
    party=PARTS,
    act=_("answer the approval of version %(version)s"),
    waits=_("Waits for %(parts)s, the approval of version %(version)s, since %(since)s"),
    by=("approve", "return_for_rework", "stall"),
    # Also while nobody of the client can answer it: the approval itself then waits for the owner.
    when=has_open("approval"),
    parts=("approval",),
    begins=("ask_client", "wait_again"),
)
turn(
    Deliverable,
    Making.IN_CLIENT_REVIEW,
    party=OWNER,
    act=_("ask the client again about version %(version)s"),
    waits=_("Waits for %(who)s to ask the client again about version %(version)s since %(since)s"),
    by=("ask_client", "ask_agency", "send_back"),
    decision=True,
    parts=("approval",),
    begins=("stall",),
    instead_of=(Reason.NO_ANSWER, Reason.REJECTED),
)
turn(
    Deliverable,
    Making.APPROVED,
    party=OWNER,
    act=_("publish version %(version)s or hand it over"),
    waits=_("Waits for %(who)s to publish version %(version)s or hand it over since %(since)s"),
    by=("publish", "launch_by_hand", "hand_out", "reopen"),
    decision=True,
)
turn(
    Deliverable,
    Making.PUBLISHING,
    party=SYSTEM,
    act=_("publish version %(version)s"),
    waits=_("Throughline has been publishing version %(version)s since %(since)s"),
    by=("go_live", "fail_publishing"),
)
turn(
    Deliverable,
    Making.PUBLISH_FAILED,
    party=OWNER,
    act=_("publish version %(version)s again or withdraw it"),
    waits=_(
        "Waits for %(who)s to publish version %(version)s again or withdraw it since %(since)s"
    ),
    by=("publish", "reopen", "go_live"),
    decision=True,
    instead_of=(Reason.FAILED_DELIVERY,),
)

turn_values(Deliverable, version="version__number")

# -- Campaigns -------------------------------------------------------------------------------------

NO_LAUNCH_DATE = Q(Exists(Campaign.objects.filter(item=OuterRef("pk"), launch_date=None)))
turn(
    Campaign,
    Campaign.State.PLANNING,
    party=OWNER,
    act=_("set the launch date"),
    waits=_("Waits for %(who)s to set the launch date since %(since)s"),
    by=("move_launch",),
    when=NO_LAUNCH_DATE,
)
turn(
    Campaign,
    Campaign.State.PLANNING,
    party=SYSTEM,
    act=_("follow the parts until one is live"),
    waits=_("Waits for its parts to go live since %(since)s. Each part says whom it waits for"),
    by=("launch", "go_live"),
    begins=("move_launch", "adopt_launch"),
)
turn(
    Campaign,
    Campaign.State.LAUNCHING,
    party=SYSTEM,
    act=_("follow the parts until all are live"),
    waits=_("Waits for all parts to be live since %(since)s. Each part says whom it waits for"),
    by=("go_live",),
)
turn(
    Campaign,
    Campaign.State.LIVE,
    party=SYSTEM,
    act=_("prove the parts"),
    waits=_("Throughline has been proving the parts since %(since)s"),
    by=("prove", "close"),
)

# -- Approvals -------------------------------------------------------------------------------------

ANSWERS = ("approve", "request_changes", "reject")
# Too few people of the client are left to answer.
turn(
    Approval,
    Approval.State.PENDING,
    party=OWNER,
    act=_("find an approver of version %(version)s"),
    waits=_("Waits for %(who)s to find an approver of version %(version)s since %(since)s"),
    by=("name_stand_in", "record", "withdraw", "wait_again"),
    decision=True,
    when=OF_CLIENT & WITH_AGENCY,
    begins=("stall",),
    instead_of=(Reason.APPROVERS_MISSING,),
)
turn(
    Approval,
    Approval.State.PENDING,
    party=ASKED,
    act=_("approve version %(version)s"),
    waits=_("Waits for %(who)s to approve version %(version)s since %(since)s"),
    by=ANSWERS,
    decision=True,
    when=OF_CLIENT,
    begins=("wait_again",),
)
turn(
    Approval,
    Approval.State.PENDING,
    party=AGENCY,
    act=_("approve version %(version)s"),
    waits=_("Waits for %(who)s to approve version %(version)s since %(since)s"),
    by=ANSWERS,
    decision=True,
)
turn_values(Approval, version="version__number")
