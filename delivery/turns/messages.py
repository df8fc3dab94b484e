"""
Messages about requests, briefs, deliverables and approvals: who is notified of each verb.

E-mails to the client about the course of a request are declared where they are written. In here are
messages to approvers and contacts who use the portal.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from delivery.approvals.models import Approval
from delivery.approvals.operations import approvals, deliverables, turning
from delivery.briefs.models import Brief
from delivery.briefs.operations import briefs, templates
from delivery.briefs.operations.first_briefs import write_brief
from delivery.campaigns.models import Campaign
from delivery.campaigns.operations import campaigns, making
from delivery.checks.brief_operations import accept_check, fail_checks, run_checks
from delivery.deliverables.models import Deliverable
from delivery.deliverables.operations import editing, versions
from delivery.deliverables.stages import Audience
from delivery.progress.operations import impacts, receipts, taking_down
from delivery.progress.operations.changes import CHANGE_ASKED
from delivery.requests.models import Request
from delivery.requests.operations import requests
from delivery.turns.parties import (
    AGENCY,
    ANSWERED,
    APPROVERS,
    ASKED,
    ASKER,
    AUTHOR,
    BRIEF_APPROVERS,
    CLIENTS_STAND_IN,
    CONTACTS,
    QUESTION_REQUESTER,
    REVIEWERS,
    SECOND_APPROVERS,
    STAND_IN,
)
from routing.messages.models import ANY_OPEN, WITH_CLIENT, Notification
from routing.messages.telling import Chosen, tells, tells_nobody
from routing.people.actors import Actor
from routing.runs.messages import by_a_person
from routing.work.creation import created
from routing.work.items import WorkItem
from routing.work.last_change import FORMER_ASSIGNEE, NEW_ASSIGNEE
from routing.work.notes import Note
from routing.work.operations.notes import NOTED
from routing.work.turns import ASSIGNEE, BACKUP, MAKER, OWNER

Words = Notification.Words


# -- Requests --------------------------------------------------------------------------------------

State = Request.State
# The operations that open requests notify, once for all of a batch.
tells(created(Request), OWNER, words=Words.OWNS, lasts=ANY_OPEN, reaction=False)
tells(requests.answer, OWNER, words=Words.ANSWERED, lasts=State.CAPTURED)
tells(requests.reject, OWNER, words=Words.REJECTED, only=by_a_person)
tells(requests.mark_duplicate, OWNER, words=Words.DUPLICATE, only=by_a_person)
tells(requests.cancel, OWNER, BACKUP, words=Words.CANCELLED, only=by_a_person)
tells(requests.cancel, MAKER, words=Words.CANCELLED)
tells(requests.withdraw, OWNER, words=Words.WITHDRAWN)
tells(impacts.state_impact, APPROVERS, words=Words.IMPACT, lasts=WITH_CLIENT)
# Those who can answer a question again get its next reminder.
tells(
    requests.wait_again,
    APPROVERS,
    words=Words.IMPACT,
    lasts=WITH_CLIENT,
    only=lambda rows, by: [row for row in rows if row.state != State.NEEDS_INFORMATION],
)
tells(impacts.accept_impact, OWNER, words=Words.DECIDED)
tells(impacts.decline_impact, OWNER, words=Words.DECIDED)
tells_nobody(
    requests.triage, because=_("Who triages a request is its owner, or acts for them, and goes on.")
)
tells_nobody(requests.stall, because=_("The owner of the exception about the silence is notified."))
tells_nobody(requests.edit, because=_("It changes nobody's turn. The history shows it."))
tells_nobody(requests.begin, because=_("Whoever started production caused it."))
tells_nobody(requests.close, because=_("Nothing is left to do."))

# -- Briefs ----------------------------------------------------------------------------------------

Briefing = Brief.State


def in_state(state: str) -> Chosen:
    """Return what chooses the rows in a state, in which their message counts."""
    return lambda rows, by: [row for row in rows if row.state == state]


tells(briefs.submit, BRIEF_APPROVERS, words=Words.APPROVAL, turn=Brief.State.IN_REVIEW)
tells(briefs.approve_first, SECOND_APPROVERS, words=Words.APPROVAL, turn=Brief.State.IN_REVIEW)
tells(briefs.approve, AUTHOR, OWNER, words=Words.APPROVED)
tells(
    briefs.request_changes,
    OWNER,
    AUTHOR,
    words=Words.CHANGES,
    lasts=Brief.State.CHANGES_REQUESTED,
)
tells(briefs.cancel, OWNER, BACKUP, words=Words.CANCELLED, only=by_a_person)
# A flow opens the first brief with its request, of which the owner is notified.
tells(created(Brief), OWNER, words=Words.BRIEF, lasts=Brief.State.DRAFT, only=by_a_person)
tells_nobody(
    write_brief, briefs.supersede, because=_("The owner is notified of the brief that it begins.")
)
tells_nobody(briefs.edit, templates.use_template, because=_("Whoever writes it has the turn."))
# What ran the checks notifies, except whoever caused it: the page shows them what failed.
for each_state in (Briefing.DRAFT, Briefing.IN_REVIEW, Briefing.CHANGES_REQUESTED):
    tells(
        fail_checks,
        OWNER,
        words=Words.CHECKS,
        lasts=each_state,
        only=in_state(each_state),
        reaction=False,
    )
tells_nobody(run_checks, because=_("The owner is notified of checks that begin to fail."))
tells_nobody(accept_check, because=_("It changes nobody's turn. The page shows it."))
# Who makes what moves is told of it with each deliverable.
tells(templates.move_launch, OWNER, words=Words.PLAN)

# -- Deliverables ----------------------------------------------------------------------------------


def by_checks(rows: Sequence[Deliverable], by: Actor) -> Sequence[Deliverable]:
    """Return the deliverables that QA has returned, not an approver or the client."""
    if by.contact_id is not None:
        return ()
    answered = set(
        Approval.objects.filter(
            version__in=[row.version_id for row in rows if row.version_id],
            state=Approval.State.CHANGES_REQUESTED,
        ).values_list("version_id", flat=True)
    )
    return [row for row in rows if row.version_id not in answered]


Making = Deliverable.State
tells(deliverables.start, ASSIGNEE, words=Words.ASSIGNED, turn=Making.IN_PRODUCTION)
tells(deliverables.submit, REVIEWERS, words=Words.SIGN_OFF, turn=Making.IN_QA)
# The first stage asks the client, which the owner decides. The product passed it, so an owner who
# signed off or handed in hears of it as well.
tells(
    deliverables.pass_qa,
    OWNER,
    words=Words.ASK_CLIENT,
    turn=Making.IN_INTERNAL_REVIEW,
    also_actor=True,
)
tells(deliverables.send_back, ASSIGNEE, words=Words.REWORK, turn=Making.REWORK)
tells(
    deliverables.return_for_rework,
    ASSIGNEE,
    words=Words.REWORK,
    turn=Making.REWORK,
    only=by_checks,
)
tells(deliverables.return_for_rework, ASSIGNEE, words=Words.CHANGES, turn=Making.REWORK)
tells(deliverables.reopen, ASSIGNEE, words=Words.CHANGES, turn=Making.REWORK)
tells(CHANGE_ASKED, OWNER, MAKER, words=Words.CHANGES, reaction=False)
tells(deliverables.approve, OWNER, MAKER, words=Words.APPROVED)
tells(deliverables.fail_publishing, OWNER, words=Words.FAILED, turn=Making.PUBLISH_FAILED)
tells(deliverables.replan, MAKER, words=Words.PLAN)
tells(deliverables.archive, OWNER, words=Words.ARCHIVED, only=by_a_person)
tells(deliverables.cancel, OWNER, BACKUP, words=Words.CANCELLED, only=by_a_person)
# When a request ends, its owner is notified of the request, and each maker of their own part.
tells(deliverables.cancel, MAKER, words=Words.CANCELLED)
tells_nobody(created(Deliverable), because=_("The owner is notified that the brief is approved."))
tells_nobody(versions.upload, because=_("Whoever makes it has the turn until they submit it."))
tells_nobody(
    deliverables.run_checks,
    deliverables.sign_off,
    because=_("The results of all checks decide, and what follows from them notifies people."),
)
tells_nobody(
    deliverables.ask_agency,
    deliverables.ask_client,
    because=_("The approval notifies those who are asked."),
)
tells_nobody(
    deliverables.stall,
    turning.stall,
    because=_("The owner of the exception about the answer is notified."),
)
tells_nobody(
    deliverables.wait_again, because=_("Those who can answer the approval again are notified.")
)
tells_nobody(deliverables.renew, because=_("Whoever decided about the page knows about it."))
tells_nobody(
    deliverables.publish,
    because=_("The product publishes it. Its owner is notified if that fails."),
)
tells(editing.assign, NEW_ASSIGNEE, words=Words.ASSIGNED, lasts=ANY_OPEN)
tells(editing.assign, FORMER_ASSIGNEE, words=Words.NOT_ASSIGNED)
tells_nobody(editing.edit, because=_("It changes nobody's turn. The history shows it."))
tells(receipts.confirm_receipt, OWNER, words=Words.ANSWERED)
tells_nobody(taking_down.take_down, because=_("Whoever recorded it knows about it."))
tells_nobody(taking_down.set_end, because=_("The owner is reminded on that day."))
tells_nobody(receipts.record_receipt, because=_("Whoever recorded it knows about it."))

# -- Campaigns -------------------------------------------------------------------------------------

tells(created(Campaign), OWNER, words=Words.OWNS, lasts=ANY_OPEN)
tells(campaigns.move_launch, OWNER, words=Words.PLAN)
tells_nobody(
    campaigns.adopt_launch, because=_("The owner is notified that the plan of the brief changed.")
)
tells_nobody(
    campaigns.launch,
    campaigns.go_live,
    campaigns.prove,
    campaigns.close,
    because=_("It follows from the parts, and nothing is to be done about it."),
)
tells_nobody(campaigns.cancel, because=_("The owner is notified that the request was cancelled."))
tells_nobody(making.make_campaign, because=_("The owner is notified of the new campaign."))

# -- Approvals -------------------------------------------------------------------------------------


def to_client(rows: Sequence[Approval], by: Actor) -> Sequence[Approval]:
    return [row for row in rows if row.audience == Audience.CLIENT]


def inside(rows: Sequence[Approval], by: Actor) -> Sequence[Approval]:
    return [row for row in rows if row.audience == Audience.INTERNAL]


def work_of(row: Approval) -> WorkItem:
    """Return the work item of the deliverable, whose page shows the answers with their words."""
    return row.item.parent or row.item


Open = Approval.State.PENDING
# Also whoever asked: a person may ask the agency, and be the one who has to answer.
tells(created(Approval), AGENCY, words=Words.APPROVAL, turn=Open, also_actor=True)
tells(created(Approval), ASKED, words=Words.DECIDE, turn=Open)
tells(approvals.nudge, ASKED, words=Words.REMINDER, turn=Open)
tells(approvals.one_of_several, OWNER, words=Words.DECIDED, only=to_client)
tells(approvals.approve, OWNER, words=Words.DECIDED, only=to_client)
tells(approvals.approve, ANSWERED, ASKER, QUESTION_REQUESTER, words=Words.APPROVED)
tells(
    approvals.approve,
    OWNER,
    words=Words.ASK_CLIENT,
    turn=Making.IN_INTERNAL_REVIEW,
    about=work_of,
)
tells(approvals.request_changes, OWNER, words=Words.CHANGES, about=work_of)
tells(approvals.request_changes, ANSWERED, ASKER, QUESTION_REQUESTER, words=Words.CHANGES)
tells(approvals.reject, OWNER, words=Words.REJECTED, about=work_of)
tells(approvals.reject, ANSWERED, ASKER, QUESTION_REQUESTER, words=Words.REJECTED)
# The owner has an exception, which says that nobody answered.
tells(approvals.expire, ANSWERED, ASKER, QUESTION_REQUESTER, words=Words.EXPIRED)
tells(approvals.withdraw, ANSWERED, words=Words.CLOSED)
tells(
    approvals.name_stand_in, STAND_IN, words=Words.APPROVAL, lasts=Open, only=inside, reaction=False
)
tells(
    approvals.name_stand_in,
    CLIENTS_STAND_IN,
    words=Words.DECIDE,
    lasts=Open,
    only=to_client,
    reaction=False,
)
tells(turning.wait_again, CLIENTS_STAND_IN, words=Words.DECIDE, lasts=Open, reaction=False)
tells_nobody(
    approvals.drop_out,
    because=_("If too few are left, the owner of the exception about it is notified."),
)
tells_nobody(
    approvals.record_answer, because=_("It becomes the answer that was recorded, which notifies.")
)
tells_nobody(approvals.supersede, because=_("Those concerned work on the newer version already."))
tells_nobody(approvals.see, because=_("Opening a page is no answer."))


# -- Notes -----------------------------------------------------------------------------------------


def item_of_note(note: Any) -> WorkItem:
    item: WorkItem = note.item
    return item


def shared_by_agency(notes: Sequence[Note], by: Actor) -> Sequence[Note]:
    """Return the notes that the agency wrote for the client."""
    return [note for note in notes if note.is_shared and by.contact_id is None]


tells(NOTED, OWNER, BACKUP, MAKER, words=Words.NOTE, about=item_of_note)
tells(NOTED, CONTACTS, words=Words.NOTE, about=item_of_note, only=shared_by_agency)
