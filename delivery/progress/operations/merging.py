"""The requests of a run that turned out to be about the same object as another."""

from __future__ import annotations

from datetime import datetime

from delivery.requests.details import DuplicateDetails
from delivery.requests.models import Request
from delivery.requests.operations import requests
from routing.people.actors import Actor
from routing.runs.models import Run
from routing.runs.registry import duplicate_ender
from routing.work.door import carry


@duplicate_ender
def end_requests(other: Run, survivor: Run, why: str, at: datetime) -> bool:
    """
    Mark the open requests of a run as duplicates. Return False if one was accepted already.
    """
    mine = list(Request.objects.filter(item__run=other, item__is_open=True).order_by("item_id"))
    if any(row.state not in Request.before_acceptance for row in mine):
        return False
    original = Request.objects.filter(item__run=survivor).order_by("pk").first()
    if not mine or original is None:
        return True  # they end with their run
    results = carry(
        requests.mark_duplicate,
        [row.pk for row in mine],
        by=Actor.system(),
        at=at,
        reason=why,
        details=DuplicateDetails(original.pk),
    )
    return all(result.done for result in results)
