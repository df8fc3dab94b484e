"""Act 1: a deal starts one run, however often the CRM reports it."""

from __future__ import annotations

from django.conf import settings

from demo.walkthrough.transcript import StepFailed
from demo.walkthrough.walk import WORKER, Walk, WalkthroughJob, fresh, where
from integrations.base.adapter import CallFailed
from integrations.models import Inbound
from routing.models import Run, RunEvent

DEAL = "deal"
SIX = 6  # one creation and five property changes


def arrive(walk: Walk, name: str, *, ends: bool, owner: str = "") -> None:
    """
    Create a deal, or take one that was made by hand, as a new job.

    :param owner: the e-mail address of the owner of a new deal in a simulated CRM
    """
    transcript, job = walk.transcript, WalkthroughJob(name)
    walk.jobs.append(job)
    job.deal = walk.made.pop(0) if walk.made else _made(walk, name, ends=ends, owner=owner)
    if walk.deals.is_own:
        _posted_twice(walk, job)
    slug = walk.deals.connection.slug
    about = Run.objects.filter(source=slug, subject_type=DEAL, subject_id=job.deal)
    job.run = transcript.wait(
        f"deal {job.deal} is a run",
        lambda: about.select_related("item", "flow").order_by("-pk").first(),
        60,
        f"{WORKER} Does the CRM post to {walk.deals.connection.hook_url}? Is a flow published that "
        f"its new deals start?",
    )
    transcript.note(
        f"{job.run.item.ref} belongs to flow “{job.run.flow.name}”, whose policy owner is "
        f"{job.run.flow.owner}.",
        where(job.run.item),
    )
    if walk.deals.is_own:
        _six_events_are_one_run(walk, job)


def _made(walk: Walk, name: str, *, ends: bool, owner: str) -> str:
    deals = walk.deals
    try:
        made = deals.make(name, walk.token, ends=ends, owner=owner)
    except CallFailed as error:
        raise StepFailed(
            f"The CRM did not accept the deal: {error} Create one there by hand, with a company, "
            f"a contact with an e-mail address, an amount and a currency, and without an end "
            f"date. Then run: manage.py walkthrough --crm SLUG --deal ITS-ID"
        ) from None
    lacking = "" if ends else ", and no end date"
    walk.transcript.note(
        f"A person creates deal {made}, “{name}”, in the CRM and changes it five times{lacking}."
    )
    return made


def _posted_twice(walk: Walk, job: WalkthroughJob) -> None:
    # There are more than six if the CRM also reports our own changes to an earlier deal.
    count = len(walk.deals.events or ())
    answers = walk.deals.post(times=2)
    walk.transcript.check(
        count >= SIX and answers == [200, 200],
        f"its {count} events, out of order, are posted twice and stored",
        answers,
    )
    walk.transcript.note(
        f"They were sent to {walk.deals.connection.hook_url}.",
        f"{settings.SITE_URL}/admin/integrations/inbound/",
    )


def _six_events_are_one_run(walk: Walk, job: WalkthroughJob) -> None:
    transcript = walk.transcript
    heard = RunEvent.objects.filter(event__source=job.run.source, event__subject_id=job.deal)
    transcript.wait("each of its events found its run", lambda: heard.count() >= SIX, 60, WORKER)
    runs = Run.objects.filter(source=job.run.source, subject_type=DEAL, subject_id=job.deal).count()
    started = heard.filter(part=RunEvent.Part.STARTED).count()
    transcript.check(
        (runs, started) == (1, 1),
        f"they are one run, {fresh(job.run).item.ref}, started by one of them",
        (runs, started),
    )
    bodies = Inbound.objects.filter(connection=walk.deals.connection).order_by("-pk")[:4]
    transcript.check(
        any(each.repeated for each in bodies),
        "the repeated events were detected and changed nothing",
    )
