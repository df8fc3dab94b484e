"""A request and its run end together, whichever is ended first, and take the open briefs with them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from delivery.models.briefs import Brief
from delivery.models.deliverables import Deliverable
from delivery.models.requests import Request
from delivery.operations import briefs, deliverables, requests
from routing.actions import react
from routing.actors import Actor
from routing.door import carry
from routing.models.runs import Run
from routing.operations import runs


@react("delivery.request.cancel", "delivery.request.withdraw", "delivery.request.reject", "delivery.request.mark_duplicate")
def end_with_request(ended: Sequence[Request], by: Actor, at: datetime) -> None:
    open_briefs = Brief.objects.filter(request__in=[request.pk for request in ended], state__in=Brief.open_states)
    ids = list(open_briefs.values_list("pk", flat=True))
    if ids:
        briefs.cancel(ids, by=Actor.system(), at=at, reason="Its request ended.")
    open_work = Deliverable.objects.filter(request__in=[request.pk for request in ended], state__in=Deliverable.open_states)
    ids = list(open_work.exclude(state=Deliverable.State.PUBLISHING).order_by("item_id").values_list("pk", flat=True))
    if ids:
        carry(deliverables.cancel, ids, by=Actor.system(), at=at, reason="Its request ended.")
    about = Run.objects.filter(pk__in=[request.item.run_id for request in ended if request.item.run_id], item__is_open=True)
    ids = list(about.values_list("pk", flat=True))
    if ids:
        runs.cancel(ids, by=Actor.system(), at=at, reason="Its request ended.")


@react("routing.run.cancel", "routing.run.close_unproven")
def end_with_run(ended: Sequence[Run], by: Actor, at: datetime) -> None:
    """Work that is delivered already stays as it is: that its run closed takes nothing back."""
    about = Request.objects.filter(item__run__in=[run.pk for run in ended], item__is_open=True).exclude(state=Request.State.DELIVERED)
    ids = list(about.values_list("pk", flat=True))
    if ids:
        requests.cancel(ids, by=Actor.system(), at=at, reason="Its run ended.")
