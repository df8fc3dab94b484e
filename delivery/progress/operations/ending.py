"""Reactions that end a request, its run, its briefs and its deliverables together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from delivery.approvals.operations import deliverables
from delivery.briefs.models import Brief
from delivery.briefs.operations import briefs
from delivery.deliverables.models import Deliverable
from delivery.requests.models import Request
from delivery.requests.operations import requests
from routing.people.actors import Actor
from routing.runs.models import Run
from routing.runs.operations import runs
from routing.work.door import carry
from routing.work.registry import react

REQUEST_ENDED = _("The request ended.")


@react(
    requests.cancel,
    requests.withdraw,
    requests.reject,
    requests.mark_duplicate,
)
def end_with_request(ended: Sequence[Request], by: Actor, at: datetime) -> None:
    """Cancel the open briefs, deliverables and runs of ended requests."""
    requests_ = [request.pk for request in ended]
    open_briefs = Brief.objects.filter(request__in=requests_, state__in=Brief.open_states)
    ids = list(open_briefs.values_list("pk", flat=True))
    if ids:
        briefs.cancel(ids, by=Actor.system(), at=at, reason=str(REQUEST_ENDED))
    open_work = Deliverable.objects.filter(request__in=requests_, state__in=Deliverable.open_states)
    # What is being published may be public by now. `end_unpublished` ends it if publishing fails.
    ids = list(
        open_work.exclude(state=Deliverable.State.PUBLISHING)
        .order_by("item_id")
        .values_list("pk", flat=True)
    )
    if ids:
        carry(deliverables.cancel, ids, by=Actor.system(), at=at, reason=str(REQUEST_ENDED))
    about = Run.objects.filter(
        pk__in=[request.item.run_id for request in ended if request.item.run_id], item__is_open=True
    )
    ids = list(about.values_list("pk", flat=True))
    if ids:
        runs.cancel(ids, by=Actor.system(), at=at, reason=str(REQUEST_ENDED))


@react(deliverables.fail_publishing)
def end_unpublished(failed: Sequence[Deliverable], by: Actor, at: datetime) -> None:
    """Cancel work that failed to be published after its request had ended."""
    over = Deliverable.objects.filter(
        pk__in=[row.pk for row in failed], request__item__is_open=False
    )
    ids = list(over.order_by("item_id").values_list("pk", flat=True))
    if ids:
        carry(deliverables.cancel, ids, by=Actor.system(), at=at, reason=str(REQUEST_ENDED))


@react(runs.cancel, runs.close_unproven)
def end_with_run(ended: Sequence[Run], by: Actor, at: datetime) -> None:
    """Cancel the requests of ended runs, except delivered ones, which stay delivered."""
    about = Request.objects.filter(
        item__run__in=[run.pk for run in ended], item__is_open=True
    ).exclude(state=Request.State.DELIVERED)
    ids = list(about.values_list("pk", flat=True))
    if ids:
        requests.cancel(ids, by=Actor.system(), at=at, reason=str(_("The run ended.")))
