"""Reactions that move requests and runs when their deliverables move."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from delivery.approvals.operations import deliverables
from delivery.briefs.models import Brief
from delivery.briefs.operations import briefs
from delivery.deliverables.models import Deliverable
from delivery.progress.operations import launching
from delivery.requests.models import Request
from delivery.requests.operations import requests
from routing.kernel.sql import run as sql
from routing.kernel.transitions import verb_of
from routing.people.actors import Actor
from routing.runs.models import Run
from routing.runs.operations import outcomes, runs
from routing.runs.outcomes import Outcome
from routing.work.door import carry
from routing.work.registry import react

State = Deliverable.State

# Delivered requests without a run that have a finished deliverable and no unmet outcome. OFFSET 0
# keeps PostgreSQL from flattening the subqueries, so that it always starts from the given keys. The
# statement is prepared, and a plan that was cached while tables were small would later scan them.
MET = """
    SELECT r.id FROM unnest(%s::bigint[]) AS asked(id),
        LATERAL (SELECT id, item_id FROM delivery_request WHERE id = asked.id
            AND state = ANY(%s) OFFSET 0) r,
        LATERAL (SELECT FROM routing_workitem WHERE id = r.item_id AND run_id IS NULL OFFSET 0) w
    WHERE EXISTS (SELECT FROM delivery_deliverable d WHERE d.request_id = r.id
        AND d.state = ANY(%s) OFFSET 0)
        AND NOT EXISTS (SELECT FROM delivery_deliverable d JOIN routing_outcome o
            ON o.item_id = d.item_id
            WHERE d.request_id = r.id AND o.state = ANY(%s) OFFSET 0)
    ORDER BY r.item_id"""


@react(deliverables.start)
def begin(rows: Sequence[Deliverable], by: Actor, at: datetime) -> None:
    """Start the delivery of a request with its first deliverable in production."""
    about = Request.objects.filter(
        pk__in={row.request_id for row in rows}, state=Request.State.ACCEPTED
    )
    # By item, here and below, which is the order of locks.
    if ids := list(about.order_by("item_id").values_list("pk", flat=True)):
        carry(
            requests.begin,
            ids,
            by=Actor.system(),
            at=at,
            reason=str(_("The first deliverable is in production.")),
        )


@react(
    deliverables.go_live,
    launching.launch_by_hand,
    deliverables.hand_out,
    deliverables.cancel,
    briefs.approve,
    briefs.cancel,
)
def deliver(rows: Sequence[Deliverable | Brief], by: Actor, at: datetime) -> None:
    """
    Deliver requests whose deliverables are all finished.

    At least one is live or handed over, and no brief is being written.
    """
    unfinished = Deliverable.objects.filter(
        request=OuterRef("pk"), state__in=Deliverable.open_states
    )
    planning = Brief.objects.filter(request=OuterRef("pk"), state__in=Brief.open_states)
    done = Deliverable.objects.filter(request=OuterRef("pk"), state__in=Deliverable.done_states)
    about = Request.objects.filter(
        ~Exists(unfinished),
        ~Exists(planning),
        Exists(done),
        pk__in={row.request_id for row in rows},
        state=Request.State.IN_DELIVERY,
    )
    if ids := list(about.order_by("item_id").values_list("pk", flat=True)):
        carry(
            requests.deliver,
            ids,
            by=Actor.system(),
            at=at,
            reason=str(_("All deliverables are live or handed over.")),
        )


@react(requests.deliver)
def await_outcome(rows: Sequence[Request], by: Actor, at: datetime) -> None:
    """Let the runs of delivered requests wait for their outcomes, and close those without a run."""
    if with_run := {row.item.run_id for row in rows if row.item.run_id}:
        about = Run.objects.filter(verb_of(Run, "await_outcome").guard, pk__in=with_run)
        if ids := list(about.order_by("item_id").values_list("pk", flat=True)):
            carry(
                runs.await_outcome,
                ids,
                by=Actor.system(),
                at=at,
                reason=str(_("The request has been delivered.")),
            )
    _close_without_run([row.pk for row in rows if row.item.run_id is None], at)


@react(outcomes.PROVED, outcomes.WAIVED, outcomes.SUPERSEDED)
def close_without_run(rows: Sequence[Outcome], by: Actor, at: datetime) -> None:
    """Close the requests without a run that waited for these outcomes."""
    # A run closes itself, and its request with it.
    about = Deliverable.objects.filter(item__in=[row.item_id for row in rows if row.run_id is None])
    _close_without_run(list(about.values_list("request_id", flat=True)), at)


def _close_without_run(requests_: Sequence[int], at: datetime) -> None:
    """Close a request without a run once all its outcomes are proven or waived."""
    delivered = verb_of(Request, "close").sources
    states = (delivered, Deliverable.done_states, Outcome.unmet_states)
    if not requests_:
        return
    if ids := [pk for (pk,) in sql(MET, [list(requests_), *map(list, states)])]:
        carry(
            requests.close,
            ids,
            by=Actor.system(),
            at=at,
            reason=str(_("All expected outcomes are proven or waived.")),
        )


@react(runs.complete, runs.close_unproven, runs.cancel)
def close(rows: Sequence[Run], by: Actor, at: datetime) -> None:
    """Close a delivered request with its run."""
    about = Request.objects.filter(
        item__run__in=[row.pk for row in rows], state=Request.State.DELIVERED
    )
    if ids := list(about.order_by("item_id").values_list("pk", flat=True)):
        carry(requests.close, ids, by=Actor.system(), at=at, reason=str(_("The run has ended.")))


@react(deliverables.go_live, launching.launch_by_hand)
def replace(rows: Sequence[Deliverable], by: Actor, at: datetime) -> None:
    """Archive the live deliverable that was replaced."""
    replaced = [row.replaces_id for row in rows if row.replaces_id]
    live = Deliverable.objects.filter(pk__in=replaced, state=State.LIVE)
    # The outcome first. Archiving alone means that a person took the page down, and would leave an
    # unproven outcome.
    if old := dict(live.order_by("item_id").values_list("pk", "item_id")):
        outcomes.supersede(list(old.values()), by=by, at=at)
        carry(
            deliverables.archive,
            list(old),
            by=Actor.system(),
            at=at,
            reason=str(_("Replaced by a newer deliverable.")),
        )


@react(deliverables.approve)
def publish(rows: Sequence[Deliverable], by: Actor, at: datetime) -> None:
    """Publish an approved deliverable if its destination says so, and an adapter serves that."""
    about = Deliverable.objects.filter(
        pk__in=[row.pk for row in rows],
        destination__is_active=True,
        destination__publishes_on_approval=True,
    )
    if ids := list(about.order_by("item_id").values_list("pk", flat=True)):
        carry(deliverables.publish, ids, by=by, at=at, reason=str(_("Approved.")))
