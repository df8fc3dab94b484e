"""
Act 5: the approved page is published once, even if an answer is lost, and then proven.

The deal in the CRM is updated.
"""

from __future__ import annotations

from delivery.approvals.operations import deliverables
from delivery.deliverables.details import ConfirmReceiptDetails, LaunchByHandDetails
from delivery.models import Deliverable
from delivery.progress.operations import receipts
from delivery.progress.operations.launching import launch_by_hand
from demo.walkthrough.make import picture
from demo.walkthrough.people import by
from demo.walkthrough.walk import WORKER, Walk, fresh, now, where
from integrations.base.adapter import CallFailed
from integrations.models import Attempt, Outbound
from integrations.publishing.publish import object_of
from routing.models import Outcome, Run, RunEvent
from routing.people.actors import Actor

State, Lost = Deliverable.State, Attempt.Outcome.UNKNOWN


def handed_over(walk: Walk, row: Deliverable) -> None:
    """Hand over a file, which is proven by the client's receipt and not before."""
    owner = row.item.owner or walk.cast.lead
    walk.transcript.done(
        deliverables.hand_out([row.pk], by=by(owner), at=now()),
        f"{owner} hands {row.item.ref} over",
    )
    outcome = Outcome.objects.get(item=row.item_id)
    walk.transcript.check(
        outcome.state == Outcome.State.EXPECTED, "its receipt is expected", outcome.state
    )
    contact = walk.job.contact
    assert contact.user is not None  # invited before
    walk.transcript.done(
        receipts.confirm_receipt(
            [row.pk],
            by=Actor.of(contact.user),
            at=now(),
            details=ConfirmReceiptDetails(receipts.CONFIRMED),
        ),
        f"{contact.full_name}, for the client: I have the files",
    )
    outcome = Outcome.objects.get(item=row.item_id)
    walk.transcript.check(
        outcome.state == Outcome.State.PROVEN, "the receipt proves the handover", outcome.state
    )


def launched(walk: Walk, row: Deliverable) -> None:
    """Launch a part in a channel without a connection, which a screenshot proves."""
    owner = row.item.owner or walk.cast.lead
    details = LaunchByHandDetails("", picture(walk, owner).pk)
    walk.transcript.done(
        launch_by_hand([row.pk], by=by(owner), at=now(), details=details),
        f"{owner} launches {row.item.ref} by hand, with a screenshot",
    )
    outcome = Outcome.objects.get(item=row.item_id)
    walk.transcript.check(
        outcome.state == Outcome.State.PROVEN, "the screenshot proves the launch", outcome.state
    )


def published(walk: Walk, row: Deliverable, *, lost: bool) -> Deliverable:
    """
    Check that the page was published exactly once and is proven.

    :param lost: whether an answer was lost on purpose
    """
    transcript = walk.transcript
    mine = Outbound.objects.filter(item=row.item_id, verb="publish")
    rows = mine.exclude(state__in=Outbound.workable)
    sent = transcript.wait(
        "the page was sent to the site",
        rows.first,
        60,
        f"{WORKER} Does the destination publish on approval?",
    )
    transcript.check(
        sent.state == Outbound.State.DELIVERED,
        "it is delivered and was read back as sent",
        sent.last_error,
    )
    row = fresh(row)
    transcript.check(row.state == State.LIVE, f"{row.item.ref} is live", row.state)
    transcript.note(f"Attempts: {sent.attempts}.", row.live_url)
    if lost:
        found = list(sent.tries.order_by("number").values_list("outcome", flat=True))
        transcript.check(
            Lost in found,
            f"an answer was lost, so the next attempt looked first: {', '.join(found)}",
            found,
        )
    there = walk.site.posts(object_of(row))
    transcript.check(
        len(there) == 1,
        f"the site has one such post: {', '.join(each.id for each in there)}",
        len(there),
    )
    proven(walk, row)
    emails = Outbound.objects.filter(verb="mail.live", content__deliverable=row.pk).count()
    transcript.check(emails == 1, "one e-mail tells the client that it is live", emails)
    return row


def proven(walk: Walk, row: Deliverable) -> None:
    outcomes = Outcome.objects.filter(item=row.item_id, kind=Outcome.Kind.LIVE)
    found = walk.transcript.wait(
        "a probe read the public page, and the outcome is proven",
        outcomes.filter(state=Outcome.State.PROVEN).first,
        60,
        f"Last probe: {outcomes.values_list('evidence', flat=True).first()}. {WORKER}",
    )
    walk.transcript.check(
        found.evidence.get("url") == fresh(row).live_url,
        f"the evidence names the page: {found.evidence.get('url')}",
    )


def complete(walk: Walk) -> None:
    job = walk.job
    runs = Run.objects.filter(pk=job.run.pk, state=Run.State.COMPLETE)
    walk.transcript.wait(
        f"run {job.run.item.ref} is complete", runs.first, 60, f"It is {fresh(job.run).state}."
    )
    walk.transcript.note("The run is finished.", where(job.run.item))


def crm_knows(walk: Walk, page: Deliverable) -> None:
    """Check that the deal in the CRM was updated, and that our own update starts nothing."""
    transcript, job = walk.transcript, walk.job
    try:
        if not walk.deals.written(job.deal):
            transcript.note("This connection writes nothing into deals.")
            return
        wanted = {"state": Run.State.COMPLETE.value, "url": page.live_url}
        transcript.wait(
            f"deal {job.deal} in the CRM has the final state and the address",
            lambda: wanted.items() <= walk.deals.written(job.deal).items(),
            60,
            WORKER,
        )
    except CallFailed as error:
        transcript.check(False, "the CRM lets its deals be read", error)
    if not walk.deals.is_own:
        return
    runs = Run.objects.filter(source=job.run.source).count()
    answers = walk.deals.post(times=1)
    transcript.check(answers == [200], "the CRM reports our own change", answers)
    heard = RunEvent.objects.filter(
        event__source=job.run.source, event__subject_id=job.deal, part=RunEvent.Part.ECHO
    )
    transcript.wait("it is detected as an echo", lambda: heard.count() or None, 60, WORKER)
    transcript.check(Run.objects.filter(source=job.run.source).count() == runs, "it starts nothing")
