"""What else ends with a request, a run or a deliverable, as the reactions of `ending` end it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from delivery.approvals.models import Approval
from delivery.approvals.operations import deliverables
from delivery.deliverables.models import Deliverable
from delivery.requests.models import Request
from delivery.requests.operations import requests
from routing.runs.models import Run
from routing.runs.operations import runs
from routing.runs.outcomes import Outcome
from routing.work.foresight import Consequence, by_kind, foresee
from routing.work.items import WorkItem
from routing.work.locking import open_below

State = Deliverable.State


@foresee(requests.cancel, requests.reject, requests.mark_duplicate)
def with_request(rows: Sequence[Request]) -> Sequence[Consequence]:
    """The open work below, the run, and the proofs that are no longer expected."""
    tops = {row.item_id for row in rows}
    ending = {item for item, _held_by in open_below(tops)} - tops
    ending |= _of_runs({row.item.run_id for row in rows if row.item.run_id}) - tops
    return _told(ending)


@foresee(runs.cancel, runs.close_unproven)
def with_run(rows: Sequence[Run]) -> Sequence[Consequence]:
    """The open work of the run. A delivered request stays delivered, and is closed."""
    ending = _of_runs({row.pk for row in rows}) - {row.item_id for row in rows}
    delivered = WorkItem.objects.filter(
        pk__in=ending, as_request__state=Request.State.DELIVERED
    ).order_by("pk")
    closed = Consequence(_("Requests that are closed"), tuple(map(str, delivered)))
    return [*_told(ending - {item.pk for item in delivered}), closed]


@foresee(deliverables.cancel)
def with_deliverable(rows: Sequence[Deliverable]) -> Sequence[Consequence]:
    """Its open approvals and exceptions, and the proof that is no longer expected."""
    own = {row.item_id for row in rows}
    below = {item for item, _held_by in open_below(own)} - own
    return [*_told(below), *_unproven(own)]


@foresee(deliverables.send_back, deliverables.reopen)
def with_rework(rows: Sequence[Deliverable]) -> Sequence[Consequence]:
    """The questions about the version, which nobody is to answer any more."""
    asked = Approval.objects.filter(
        version__in=[row.version_id for row in rows if row.version_id],
        state=Approval.State.PENDING,
    )
    names = tuple(str(each.item) for each in asked.select_related("item").order_by("pk"))
    return [Consequence(_("Approvals that are withdrawn"), names)]


def _of_runs(run_ids: Collection[int]) -> set[int]:
    open_ = WorkItem.objects.filter(run__in=run_ids, is_open=True)
    return set(open_.values_list("pk", flat=True))


def _told(ending: Collection[int]) -> list[Consequence]:
    """Return what ends of this work, and what goes on because it is being published."""
    publishing = Deliverable.objects.filter(item__in=ending, state=State.PUBLISHING)
    going_on = set(publishing.values_list("item_id", flat=True))
    ends = WorkItem.objects.filter(pk__in=ending).exclude(
        Q(pk__in=going_on) | Q(parent__in=going_on)
    )
    kept = WorkItem.objects.filter(pk__in=going_on).order_by("pk")
    goes_on = Consequence(_("Not cancelled, because it is being published"), tuple(map(str, kept)))
    return [*by_kind(ends.order_by("pk")), goes_on, *_unproven(set(ending) - going_on)]


def _unproven(items: Collection[int]) -> list[Consequence]:
    expected = Outcome.objects.filter(item__in=items).unmet().select_related("item").order_by("pk")
    return [Consequence(_("Proofs that are no longer expected"), tuple(map(str, expected)))]
