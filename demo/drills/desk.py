"""People who do the same at once."""

from __future__ import annotations

from django.db import connections

from delivery.models import Request
from delivery.requests.operations import requests
from demo.drills.deals import at_once, decided, make, post_until_kept
from demo.drills.registry import DrillField, drill
from demo.walkthrough.people import by
from demo.walkthrough.walk import now


@drill(32, about_s=20)
def two_at_once(field: DrillField) -> None:
    """Two people triage one request at the same moment: one succeeds, the other learns why not."""
    job = make(field, "Two at once")
    post_until_kept(field)
    decided(field, job)
    request = Request.objects.get(item__run=job.run)
    cast = field.walk.cast
    actors = [by(cast.account), by(cast.second)]

    def triage(place: int) -> int:
        try:
            [result] = requests.triage([request.pk], by=actors[place], at=now())
        finally:
            connections.close_all()
        return int(result.done)

    with field.fault():
        done, _p95 = at_once(2, triage, 2)
    field.count("triaged", sum(done), holds=sum(done) == 1)
    rows = request.history.filter(state=Request.State.TRIAGED).count()
    field.count("history_rows", rows, holds=rows == 1)
