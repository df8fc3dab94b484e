"""
Act 5: what is approved goes out once, whatever gets lost on the way, and is proven by looking; the
CRM hears of it.
"""

from __future__ import annotations

from delivery.approvals.operations import deliverables
from delivery.models import Deliverable
from demo.walkthrough.people import by
from demo.walkthrough.walk import WORKER, Walk, fresh, now, where
from integrations.base.adapter import CallFailed
from integrations.models import Attempt, Outbound
from integrations.publishing.publish import object_of
from routing.models import Outcome, Run, RunEvent

State, Lost = Deliverable.State, Attempt.Outcome.UNKNOWN


def handed_over(walk: Walk, row: Deliverable) -> None:
    """A file is proven by the client's own word."""
    owner = row.item.owner or walk.cast.lead
    walk.transcript.done(
        deliverables.hand_out([row.pk], by=by(owner), at=now()),
        f"{owner} hands {row.item.ref} over",
    )
    outcome = Outcome.objects.get(item=row.item_id)
    walk.transcript.check(
        outcome.state == Outcome.State.PROVEN,
        f"that the client has it is proven by {outcome.evidence.get('approval')}",
        outcome.state,
    )


def published(walk: Walk, row: Deliverable, *, lost: bool) -> Deliverable:
    """
    The page is there, once, and was seen by anybody's eyes.

    :param lost: an answer was made to get lost
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
        "it is delivered, and read back as it was sent",
        sent.last_error,
    )
    row = fresh(row)
    transcript.check(row.state == State.LIVE, f"{row.item.ref} is live", row.state)
    transcript.note(f"Attempts it took: {sent.attempts}.", row.live_url)
    if lost:
        said = list(sent.tries.order_by("number").values_list("outcome", flat=True))
        transcript.check(
            Lost in said,
            f"an answer got lost, so it looked before it wrote again: {', '.join(said)}",
            said,
        )
    there = walk.site.posts(object_of(row))
    transcript.check(
        len(there) == 1,
        f"counted at the other end, there is one such post: {', '.join(each.id for each in there)}",
        len(there),
    )
    proven(walk, row)
    return row


def proven(walk: Walk, row: Deliverable) -> None:
    outcomes = Outcome.objects.filter(item=row.item_id, kind=Outcome.Kind.LIVE)
    found = walk.transcript.wait(
        "it was looked at as anybody may, and its outcome is proven",
        outcomes.filter(state=Outcome.State.PROVEN).first,
        60,
        f"Last look: {outcomes.values_list('evidence', flat=True).first()}. {WORKER}",
    )
    walk.transcript.check(
        found.evidence.get("url") == fresh(row).live_url,
        f"the proof names what was seen: {found.evidence.get('url')}",
    )


def complete(walk: Walk) -> None:
    job = walk.job
    runs = Run.objects.filter(pk=job.run.pk, state=Run.State.COMPLETE)
    walk.transcript.wait(
        f"run {job.run.item.ref} is complete", runs.first, 60, f"It is {fresh(job.run).state}."
    )
    walk.transcript.note("Nothing is missing any more.", where(job.run.item))


def crm_knows(walk: Walk, page: Deliverable) -> None:
    """
    The deal says what became of it, read in the CRM; and our own change coming back starts nothing.
    """
    transcript, job = walk.transcript, walk.job
    try:
        if not walk.deals.said(job.deal):
            transcript.note("This connection writes nothing into deals.")
            return
        wanted = {"state": Run.State.COMPLETE.value, "url": page.live_url}
        transcript.wait(
            f"deal {job.deal} says in the CRM that it is complete, and where",
            lambda: wanted.items() <= walk.deals.said(job.deal).items(),
            60,
            WORKER,
        )
    except CallFailed as error:
        transcript.check(False, "the CRM lets its deals be read", error)
    if not walk.deals.is_own:
        return
    runs = Run.objects.filter(source=job.run.source).count()
    answers = walk.deals.post(times=1)
    transcript.check(answers == [200], "the CRM tells us of our own change", answers)
    heard = RunEvent.objects.filter(
        event__source=job.run.source, event__subject_id=job.deal, part=RunEvent.Part.ECHO
    )
    transcript.wait("it is known as our own echo", lambda: heard.count() or None, 60, WORKER)
    transcript.check(Run.objects.filter(source=job.run.source).count() == runs, "it starts nothing")
