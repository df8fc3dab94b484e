"""
Leads of the demo whose work was done: two runs are complete, and the proof of a third has decayed.

People took every step, as for other pieces. The looks at the pages are recorded as a probe records
them, and the third page is then changed on the site, so that later looks see it, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from delivery.deliverables.models import Deliverable
from delivery.requests.models import Request
from delivery.requests.operations import requests
from delivery.requests.operations.first_response import record_call
from demo.agency.leads import SOURCE
from demo.agency.making import PieceRefused, make_job
from demo.agency.outside import outside
from demo.agency.pieces import APPROVED, DemoJob, DemoPiece
from integrations.proof.compare import VERSION
from routing.people.actors import Actor
from routing.people.clients import Client
from routing.people.staff import User
from routing.runs.operations import outcomes
from routing.runs.outcomes import Outcome

LOOKED_AFTER = timedelta(hours=1)
CHANGED_AFTER = timedelta(days=3)
_STEPS = (*APPROVED, "go_live")
RIDGE = (
    "<h2>Along the ridge before breakfast</h2><p>The walk begins at the north hut at five and is "
    "back before eight. Bring a lamp and something warm.</p>"
)
BREW = (
    "<h2>Three minutes, not four</h2><p>Grind it coarser than you think, pour in two steps and "
    "wait. The second pour is the one that counts.</p>"
)
NIGHT = (
    "<h2>Sleep from city to sea</h2><p>The night train leaves at ten on Mondays and arrives at "
    "seven. Breakfast is served from six.</p>"
)


def _job(client: str, title: str, place: str, text: str) -> DemoJob:
    piece = DemoPiece(title, _STEPS, (text,), amount=0, hours=6, due_d=2, after_h=2)
    return DemoJob(client, title, "One page, in plain words.", place, 0, (piece,))


COMPLETE = (
    _job("ACM", "Ridge walk page", "Acme journal", RIDGE),
    _job("FJD", "Brew guide page", "Fjord stories", BREW),
)
DECAYED = _job("SAK", "Night train page", "Kyoto line site", NIGHT)


def prove_runs(clients: Mapping[str, Client], at: datetime) -> None:
    """Do the work of three leads, from triage to the proof of their pages."""
    for job in (*COMPLETE, DECAYED):
        row = _work(job, clients[job.client], at)
        seen_at = min((row.live_at or at) + LOOKED_AFTER, at)
        outcome = Outcome.objects.get(item=row.item_id)
        outcomes.prove(outcome.pk, _seen(row), by=Actor.system(), at=seen_at, version=VERSION)
        if job is DECAYED:
            _decay(outcome, row, min(seen_at + CHANGED_AFTER, at))


def _work(job: DemoJob, client: Client, at: datetime) -> Deliverable:
    request = Request.objects.select_related("item").get(
        item__title=job.title, item__client=client, item__run__source=SOURCE, item__is_open=True
    )
    by = Actor.of(User.objects.get(pk=request.item.owner_id or 0))
    moment = request.item.created_at
    called = moment + timedelta(hours=1)
    record_call(request.item_id, body="Called them about the date.", by=by, at=called)
    steps = ((requests.triage, "", 2), (requests.accept, "It is in the budget.", 4))
    for step, why, hours in steps:
        [result] = step([request.pk], by=by, at=moment + timedelta(hours=hours), reason=why)
        if not result.done:
            raise PieceRefused(f"{request}: {step.verb} was refused")
    make_job(job, client, Request.objects.select_related("item").get(pk=request.pk), at)
    return Deliverable.objects.select_related("item").get(request=request.pk)


def _seen(row: Deliverable) -> dict[str, object]:
    return {"url": row.live_url, "status": 200, "differences": []}


def _decay(outcome: Outcome, row: Deliverable, at: datetime) -> None:
    outside().edit(row.item_id, "on Mondays", "on Sundays")
    said = "The page no longer says “leaves at ten on Mondays”."
    evidence = {**_seen(row), "differences": [said]}
    outcomes.decay(outcome.pk, evidence, by=Actor.system(), at=at)
