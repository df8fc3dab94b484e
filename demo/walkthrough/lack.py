"""
Act 2: a fact is missing.

The exception has an owner and a timebox. The timebox runs out, a person fills in the fact, and the
same run continues.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from delivery.models import Brief, Request
from demo.walkthrough.crm import day
from demo.walkthrough.people import by
from demo.walkthrough.walk import WORKER, Walk, WalkthroughJob, fresh, now, where
from routing.cover.operations.portal_access import CannotInvite, has_access, invite, keep_membership
from routing.kernel.reasons import Reason
from routing.models import Clock, Contact, Escalation, ExceptionCase, Membership, Notification, Run
from routing.runs.operations.exceptions import claim
from routing.runs.operations.runs import fill_in
from routing.runs.recompute import recompute_decision

SOON = timedelta(minutes=1)  # a walkthrough does not wait for a longer target


def lack(walk: Walk) -> None:
    transcript, job = walk.transcript, walk.job
    open_now = ExceptionCase.objects.filter(
        run=job.run, state__in=ExceptionCase.open_states
    ).select_related("item__owner", "item__backup")
    case = transcript.wait("the run stops because facts are missing", open_now.first, 60, WORKER)
    fields = [each["name"] for each in case.evidence.get("fields", ())]
    transcript.check(
        (case.reason, case.step) == (Reason.MISSING_FIELDS, "validate"),
        f"it names the missing facts: {', '.join(fields)}",
        case.reason,
    )
    transcript.check(
        case.item.owner_id and case.item.backup_id,
        f"{case.item.ref} is {case.item.owner}'s, backed up by {case.item.backup}",
    )
    transcript.note(
        f"{case.item.owner} has until {case.item.next_due_at:%H:%M:%S} UTC.", where(case.item)
    )
    _watch_the_clock(walk, case)
    transcript.done(
        claim([case.pk], by=by(walk.cast.lead), at=now()), f"{walk.cast.lead} claims it"
    )
    values = {"deal.ends": day(60)} if "deal.ends" in fields else {}
    transcript.check(set(fields) == set(values), "only the end date is missing", fields)
    transcript.done(
        fill_in(job.run.pk, values, by=by(walk.cast.lead), at=now(), reason="Asked by telephone."),
        f"{walk.cast.lead} fills in the missing facts, which resolves it",
    )


def _watch_the_clock(walk: Walk, case: ExceptionCase) -> None:
    transcript, clock = walk.transcript, Clock.objects.filter(item=case.item_id).first()
    if clock is None or clock.target > SOON:
        transcript.note(
            "The timebox is longer than a walkthrough. Only the walkthrough's own flow has SLA "
            "targets of seconds."
        )
        return
    levels = Escalation.objects.filter(clock=clock)
    found = transcript.wait(
        "the timebox is nearly or fully used, and beat escalates it",
        lambda: levels.order_by("-level").first(),
        60,
        WORKER,
    )
    notifications = Notification.objects.filter(item=case.item_id, words__in=["warning", "breach"])
    sent = notifications.select_related("recipient").first()
    recipient = sent.recipient if sent else "nobody"
    words = "overdue" if found.level else "due soon"
    transcript.check(sent, f"{recipient} was notified: {words}")


def decided(walk: Walk) -> None:
    """Check that the run is decided and has its request and brief."""
    transcript, job = walk.transcript, walk.job
    routed = Run.objects.filter(pk=job.run.pk, state=Run.State.IN_DELIVERY)
    job.run = transcript.wait(
        "the run is decided and in delivery",
        routed.select_related("item__client", "item__owner").first,
        60,
        WORKER,
    )
    decision = job.run.decisions.get()
    transcript.check(
        decision.answer and "rulings" in decision.answer,
        f"rule “{decision.rule_name}” chose {decision.owner}, backup {decision.backup}",
    )
    transcript.check(
        recompute_decision(decision).same,
        "recomputed from its own record, the decision is identical, byte for byte",
    )
    requests = list(
        Request.objects.filter(item__run=job.run).select_related("item__owner", "contact")
    )
    transcript.check(
        len(requests) == 1 and Brief.objects.filter(item__run=job.run).count() == 1,
        "it has one request and one brief",
        len(requests),
    )
    job.request = requests[0]
    owns = Notification.objects.filter(
        item=job.request.item_id, words=Notification.Words.OWNS
    ).count()
    transcript.check(
        owns == 1,
        f"{job.request.item.owner} was notified once that {job.request.item.ref} is theirs",
        owns,
    )
    transcript.note(
        f"Request {job.request.item.ref}: “{job.request.item.title}”.", where(job.request.item)
    )
    job.contact = _approver(walk, job)


def _approver(walk: Walk, job: WalkthroughJob) -> Contact:
    """Let the deal's contact approve for the client and sign in."""
    request = fresh(job.request)
    walk.transcript.check(request.contact_id, "the CRM's contact is known as the client's")
    contact = Contact.objects.get(pk=request.contact_id or 0)
    contact = Contact.objects.get(requests=request)
    membership = Membership.objects.get(contact=contact, client=job.run.item.client)
    if membership.role != Membership.Role.APPROVER:
        membership.role = Membership.Role.APPROVER
        keep_membership(membership, by=by(walk.cast.lead), at=now(), reason="Named by the client.")
    if not has_access(contact):
        with suppress(CannotInvite):  # another walkthrough was quicker
            invite(contact.pk, by=by(walk.cast.lead), at=now(), write=False)
    contact = fresh(contact)
    walk.transcript.check(has_access(contact), f"{contact.full_name} may sign in")
    walk.transcript.note(f"{contact.full_name} may approve for {job.run.item.client}.")
    return contact
