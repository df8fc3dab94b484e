"""What is no longer sent when work is cancelled, as the reactions of `cancellation` discard it."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from delivery.approvals.operations import deliverables
from delivery.models import Deliverable, Request
from delivery.requests.operations import requests
from integrations.outbox.models import Outbound
from integrations.outbox.operations.cancellation import NOT_BEGUN, of_requests, of_runs
from routing.models import Run
from routing.runs.operations import runs
from routing.work.foresight import Consequence, foresee


@foresee(runs.cancel)
def with_run(rows: Sequence[Run]) -> Sequence[Consequence]:
    return _discarded(of_runs([run.pk for run in rows]) & NOT_BEGUN)


@foresee(requests.cancel, requests.reject, requests.mark_duplicate)
def with_request(rows: Sequence[Request]) -> Sequence[Consequence]:
    known = [row.item.run_id for row in rows if row.item.run_id]
    return _discarded((of_runs(known) | of_requests([row.pk for row in rows])) & NOT_BEGUN)


@foresee(deliverables.cancel)
def with_deliverable(rows: Sequence[Deliverable]) -> Sequence[Consequence]:
    failed = NOT_BEGUN | Q(state=Outbound.State.DEAD)
    return _discarded(Q(item__in=[row.item_id for row in rows]) & failed)


def _discarded(which: Q) -> list[Consequence]:
    found = Outbound.objects.filter(which).select_related("connection").order_by("pk").distinct()
    return [Consequence(_("Outbox messages that are not sent"), tuple(map(str, found)))]
