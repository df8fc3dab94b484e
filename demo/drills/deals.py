"""Deals of a drill: made in its simulated CRM, told to the product, and found there as runs."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from statistics import quantiles
from time import monotonic, sleep
from typing import Any

from delivery.models import Request
from demo.drills.registry import DrillField
from demo.sandbox.sender import Sender
from demo.walkthrough.walk import WORKER, WalkthroughJob
from integrations.models import Outbound
from routing.models import Run, RunStep

SOON_S = 5.0  # by when a sender has to be answered: HubSpot waits no longer
LONGEST_PAUSE_S = 5.0  # between two attempts of a sender, like HubSpot's first
OK = 200
TOLD = (Run.State.ROUTED, Run.State.IN_DELIVERY)


def make(field: DrillField, name: str) -> WalkthroughJob:
    """Make a whole deal in the CRM. Its events wait to be posted."""
    walk = field.walk
    job = WalkthroughJob(f"{name} {walk.token}")
    walk.jobs.append(job)
    job.deal = walk.deals.make(job.name, f"{walk.token}{len(walk.jobs)}", ends=True)
    return job


def sender(field: DrillField) -> Sender:
    connection = field.walk.deals.connection
    return Sender(connection.hook_url, connection.signing_secrets.first())


def waiting(field: DrillField) -> list[dict[str, Any]]:
    """Take the events that wait to be posted."""
    events = field.walk.deals.events
    assert events is not None  # a drill simulates its CRM
    found: list[dict[str, Any]] = [
        {"eventId": place, "attemptNumber": 0, **each} for place, each in enumerate(events)
    ]
    events.clear()
    return found


def post_until_kept(field: DrillField) -> list[int]:
    """Post the waiting events again until they are stored. Return the statuses."""
    events, posted = waiting(field), sender(field)
    answers = again_until_kept(lambda: posted.post(events))
    posted.close()
    return answers


def again_until_kept(post: Callable[[], int], within_s: float = 90) -> list[int]:
    """Post again, ever more rarely, until it is stored, as HubSpot does. Return the statuses."""
    until, answers = monotonic() + within_s, [post()]
    while answers[-1] != OK and monotonic() < until:
        sleep(min(LONGEST_PAUSE_S, 0.5 * len(answers)))
        answers.append(post())
    return answers


def at_once(
    posts: int, function: Callable[[int], int], threads: int = 10
) -> tuple[list[int], float]:
    """Call a function many times in threads. Return its answers, and the 95th percentile in s."""
    took = []

    def timed(place: int) -> int:
        began = monotonic()
        answer = function(place)
        took.append(monotonic() - began)
        return answer

    with ThreadPoolExecutor(threads) as pool:
        answers = list(pool.map(timed, range(posts)))
    return answers, quantiles(took, n=20)[-1]


def runs_of(field: DrillField, job: WalkthroughJob) -> Any:
    slug = field.walk.deals.connection.slug
    return Run.objects.filter(source=slug, subject_id=job.deal)


def decided(field: DrillField, job: WalkthroughJob, within_s: float = 90) -> Run:
    """Wait until the deal is a run in delivery, and return it."""
    routed = runs_of(field, job).filter(state=Run.State.IN_DELIVERY).select_related("item")
    job.run = field.walk.transcript.wait(
        f"deal {job.deal} is a run in delivery", routed.first, within_s, WORKER
    )
    return job.run


def told(field: DrillField, job: WalkthroughJob, within_s: float = 90) -> None:
    """Wait until the deal in the CRM has the state of its run, and its messages are confirmed."""
    left = Outbound.objects.filter(run=job.run, state__in=Outbound.workable)
    field.walk.transcript.wait(
        f"deal {job.deal} in the CRM has the state of its run",
        lambda: not left.exists() and field.walk.deals.written(job.deal)["state"] in TOLD,
        within_s,
        WORKER,
    )


def comes_through(field: DrillField, job: WalkthroughJob, within_s: float = 120) -> None:
    """Wait until the deal is decided and told, and count that both happened once."""
    decided(field, job, within_s)
    told(field, job, within_s)
    one_effect(field, job)


def one_effect(field: DrillField, job: WalkthroughJob) -> None:
    """Count the runs and requests of a deal, of which there is one each."""
    runs = runs_of(field, job).count()
    field.count("runs", runs, holds=runs == 1)
    requests = Request.objects.filter(item__run=job.run).count()
    field.count("requests", requests, holds=requests == 1)
    stuck = RunStep.objects.filter(run=job.run, state=RunStep.State.DUE).count()
    field.count("steps_left", stuck, holds=stuck == 0)


def messages(field: DrillField, job: WalkthroughJob) -> list[Outbound]:
    """Return the messages about a run to the CRM, oldest first."""
    rows = Outbound.objects.filter(connection=field.walk.deals.connection, run=job.run)
    return list(rows.order_by("pk"))


def outcomes(row: Outbound) -> list[str]:
    """Return how each attempt of a message ended, in order."""
    return list(row.tries.order_by("number").values_list("outcome", flat=True))
