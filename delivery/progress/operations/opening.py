"""Actions for flows: open a request with its first brief."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from delivery.briefs.models import Brief
from delivery.briefs.plan import Planned
from delivery.deliverables.models import Deliverable
from delivery.progress.operations import submissions
from delivery.requests.models import Request
from routing.flows.registry import action
from routing.messages.models import Notification
from routing.messages.operations import tell_owners
from routing.people.actors import Actor
from routing.people.clients import Client
from routing.runs.registry import RoutedRun
from routing.sla.operations.clocks import start
from routing.sla.policies import SLAPolicy
from routing.work.creation import create
from routing.work.items import WorkItem
from routing.work.new_items import new_item

# Fields of a flow that are fields of the request too.
DETAILS, WANTED = ("request.details", "request.wanted")


@action("delivery.open_request")
def open_requests(jobs: Sequence[RoutedRun], by: Actor, at: datetime) -> None:
    """
    For each routed run: a request, its brief from the flow's template, its clocks, and one message
    to its owner.
    """
    clients = Client.objects.in_bulk([job.client_id for job in jobs if job.client_id])
    targets = _targets(jobs)
    requests = create(
        [_request(job, clients, targets.get(job.run.pk)) for job in jobs],
        by=by,
        at=at,
        reason="Opened by a flow.",
    )
    briefs = create(
        [_brief(job, request) for job, request in zip(jobs, requests, strict=True)],
        by=by,
        at=at,
        reason="From the template.",
    )
    submissions.hand_files_on(requests, at)
    for policy in SLAPolicy.objects.filter(slug__in={job.policy for job in jobs}).order_by("slug"):
        promised = [
            (r.item, b.item)
            for job, r, b in zip(jobs, requests, briefs, strict=True)
            if job.policy == policy.slug
        ]
        start([item for pair in promised for item in pair], policy, at)
    tell_owners([request.item for request in requests], Notification.Words.OWNS, by=by, at=at)


def _item(job: RoutedRun, client: Client | None, parent: WorkItem, title: str) -> WorkItem:
    return new_item(
        title,
        parent=parent,
        client=client,
        run_id=job.run.pk,
        team_id=job.team_id,
        owner_id=job.owner_id,
        backup_id=job.backup_id,
        priority=job.priority,
    )


def _targets(jobs: Sequence[RoutedRun]) -> dict[int, Deliverable]:
    """Return the target of each change by run, limited to the run's client."""
    named = {
        job.run.pk: (job, str(job.facts.get(submissions.TARGET, "")))
        for job in jobs
        if job.run.source == submissions.SOURCE
    }
    found = Deliverable.objects.select_related("item", "brief").in_bulk(
        [int(pk) for _job, pk in named.values() if pk.isdecimal()]
    )
    both = {
        run: (job, found.get(int(pk) if pk.isdecimal() else 0)) for run, (job, pk) in named.items()
    }
    return {
        run: row
        for run, (job, row) in both.items()
        if row is not None and row.item.client_id == job.client_id
    }


def _request(job: RoutedRun, clients: dict[int, Client], target: Deliverable | None) -> Request:
    client = clients.get(job.client_id) if job.client_id else None
    return Request(
        item=_item(job, client, job.run.item, job.title),
        kind=Request.Kind.CHANGE if target else Request.Kind.NEW,
        target=target,
        channel=_channel(job),
        # A form's own words are what was asked for; the template around them is for the brief.
        details=str(job.facts.get(DETAILS) or job.brief),
        wanted_date=_wanted(job),
        contact_id=job.contact_ids[0] if job.contact_ids else None,
    )


def _channel(job: RoutedRun) -> Request.Channel:
    if job.run.source == submissions.SOURCE:
        return Request.Channel.PORTAL
    return Request.Channel.FORM if job.run.subject_type == "form" else Request.Channel.CRM


def _wanted(job: RoutedRun) -> date | None:
    """None too where a flow keeps something else than a day under that name."""
    try:
        return date.fromisoformat(str(job.facts.get(WANTED, ""))[:10])
    except ValueError:
        return None


def _brief(job: RoutedRun, request: Request) -> Brief:
    return Brief(
        item=_item(job, request.item.client, request.item, job.title),
        request=request,
        engagement_id=job.engagement_id
        or (request.target.brief.engagement_id if request.target else None),
        body=job.brief,
        planned=_plan(request.target),
    )


def _plan(target: Deliverable | None) -> list[dict[str, Any]]:
    """Of a change of what is live: what takes its place, for people to put hours and money to."""
    if target is None or target.state != Deliverable.State.LIVE:
        return []
    planned = Planned(
        "change", target.item.title, target.format, target.destination_id, replaces_id=target.pk
    )
    return [planned.as_json()]
