"""The actions of flows that open a request, with its first brief or without."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, TypeAlias

from django.utils.translation import gettext_lazy

from delivery.briefs.models import Brief
from delivery.briefs.plan import Planned
from delivery.deliverables.models import Deliverable
from delivery.progress.operations import recording, submissions
from delivery.progress.operations.templates_of_flows import INPUTS, fill_briefs
from delivery.requests.models import Request
from routing.flows.actions import ActionKind, action_kind
from routing.kernel.days import read_day
from routing.messages.telling import notify
from routing.people.actors import Actor
from routing.people.clients import Client
from routing.runs import by_hand
from routing.runs.by_hand import hand_records
from routing.runs.registry import RoutedRun
from routing.sla.operations.clocks import start
from routing.sla.policies import SLAPolicy
from routing.work.creation import create, created
from routing.work.items import WorkItem
from routing.work.new_items import new_item

Timed: TypeAlias = tuple[str, datetime]
# Fields of a flow that are fields of the request too.
DETAILS, WANTED = ("request.details", "request.wanted")


def open_requests(
    jobs: Sequence[RoutedRun], by: Actor, at: datetime, kind: str = Request.Kind.NEW
) -> None:
    """
    Open a request with a brief for each routed run, start clocks, and notify the owners.

    :param kind: of the requests, unless their runs are about changes or a person chose another one
    """
    requests = _open(jobs, by, at, "Opened by a flow.", kind)
    rows = [_brief(job, request) for job, request in zip(jobs, requests, strict=True)]
    fill_briefs(jobs, rows)
    briefs = create(rows, by=by, at=at, reason="From the template.")
    items: dict[Timed, list[WorkItem]] = defaultdict(list)
    for job, request, brief in zip(jobs, requests, briefs, strict=True):
        items[job.policy, job.clocks_from or at] += [request.item, brief.item]
    _start_clocks(items)
    notify(created(Request), requests, by=by, at=at)


def open_campaigns(jobs: Sequence[RoutedRun], by: Actor, at: datetime) -> None:
    """Open a request for a campaign, which is made when somebody accepts the request."""
    open_requests(jobs, by, at, Request.Kind.CAMPAIGN)


def record_requests(jobs: Sequence[RoutedRun], by: Actor, at: datetime) -> None:
    """
    Open a request without a brief for each routed run, start clocks, and notify the owners.

    What a person recorded is opened in the name of that person, who is not notified of it.
    """
    records = hand_records([job.run for job in jobs])
    by_person: dict[Actor, list[RoutedRun]] = defaultdict(list)
    for job in jobs:
        found = records.get(job.run.pk)
        by_person[Actor.of(found.recorded_by) if found else by].append(job)
    for person, some in by_person.items():
        requests = _open(some, person, at, "Recorded by hand.")
        items: dict[Timed, list[WorkItem]] = defaultdict(list)
        for job, request in zip(some, requests, strict=True):
            items[job.policy, job.clocks_from or at].append(request.item)
        _start_clocks(items)
        notify(created(Request), requests, by=person, at=at)


def _open(
    jobs: Sequence[RoutedRun], by: Actor, at: datetime, reason: str, kind: str = Request.Kind.NEW
) -> list[Request]:
    """Open a request for each routed run, with the files that came with it."""
    clients = Client.objects.in_bulk([job.client_id for job in jobs if job.client_id])
    targets = _targets(jobs)
    rows = [_request(job, clients, targets.get(job.run.pk), kind) for job in jobs]
    requests = create(rows, by=by, at=at, reason=reason)
    submissions.hand_files_on(requests, at)
    opened = [(job.run, request.item) for job, request in zip(jobs, requests, strict=True)]
    recording.hand_evidence_on(opened, at)
    return requests


def _start_clocks(items: Mapping[Timed, Sequence[WorkItem]]) -> None:
    """:param items: work by the slug of its policy and the instant from which its clocks count"""
    policies = SLAPolicy.objects.in_bulk({slug for slug, _since in items}, field_name="slug")
    # One call for each policy, however many jobs there are, unless their events were held.
    for slug, since in sorted(items):
        if slug in policies:
            start(items[slug, since], policies[slug], since)


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
    wanted: dict[int, int] = {}
    for job in jobs:
        # Only the portal checks who may change what. Another source could name any deliverable.
        target = str(job.facts.get(submissions.TARGET, ""))
        if job.run.source == submissions.SOURCE and target.isdecimal():
            wanted[job.run.pk] = int(target)
    found = Deliverable.objects.select_related("item", "brief").in_bulk(list(wanted.values()))
    targets: dict[int, Deliverable] = {}
    for job in jobs:
        row = found.get(wanted.get(job.run.pk, 0))
        if row is not None and row.item.client_id == job.client_id:
            targets[job.run.pk] = row
    return targets


def _request(
    job: RoutedRun, clients: dict[int, Client], target: Deliverable | None, kind: str
) -> Request:
    client = clients.get(job.client_id) if job.client_id else None
    item = _item(job, client, job.run.item, job.title)
    is_by_hand = job.run.source == by_hand.SOURCE
    # The client's own words. The template around them is for the brief. A person who records a
    # request may know nothing but its title yet.
    details = str(job.facts.get(DETAILS, "")) if is_by_hand else job.facts.get(DETAILS) or job.brief
    if is_by_hand:
        item.priority = int(job.facts.get(recording.REQUEST_PRIORITY) or job.priority)
    return Request(
        item=item,
        kind=Request.Kind.CHANGE if target else _recorded_kind(job, is_by_hand) or kind,
        target=target,
        channel=_channel(job),
        details=str(details),
        wanted_date=_wanted(job),
        contact_id=job.contact_ids[0] if job.contact_ids else None,
    )


def _recorded_kind(job: RoutedRun, is_by_hand: bool) -> str:
    """Return the kind that a person chose, or an empty string."""
    known = str(job.facts.get(recording.REQUEST_KIND, "")) if is_by_hand else ""
    return known if known in Request.Kind.values else ""


def _channel(job: RoutedRun) -> Request.Channel:
    if job.run.source == by_hand.SOURCE:
        return Request.Channel(job.facts.get(recording.REQUEST_CHANNEL, Request.Channel.EMAIL))
    if job.run.source == submissions.SOURCE:
        return Request.Channel.PORTAL
    return Request.Channel.FORM if job.run.subject_type == "form" else Request.Channel.CRM


def _wanted(job: RoutedRun) -> date | None:
    """Return the wanted day, or None if the fact is missing or no date."""
    # Flows are written at the desk. A flow may use this name for something else.
    try:
        return read_day(str(job.facts.get(WANTED, "")))
    except ValueError:
        return None


def _brief(job: RoutedRun, request: Request) -> Brief:
    engagement = job.engagement_id
    # A change without a deal of its own is charged to what it changes.
    if not engagement and request.target:
        engagement = request.target.brief.engagement_id
    return Brief(
        item=_item(job, request.item.client, request.item, job.title),
        request=request,
        engagement_id=engagement,
        body=job.brief,
        planned=_plan(request.target),
    )


def _plan(target: Deliverable | None) -> list[dict[str, Any]]:
    """Return a plan that replaces a live target, to be completed with hours and amount."""
    if target is None or target.state != Deliverable.State.LIVE:
        return []
    planned = Planned(
        "change", target.item.title, target.format, target.destination_id, replaces_id=target.pk
    )
    return [planned.as_json()]


UNDO = gettext_lazy("Cancel the request. Its brief and its deliverables are cancelled with it.")
OPEN_REQUEST = action_kind(
    ActionKind(
        name="delivery.open_request",
        label=gettext_lazy("Open a request with a brief"),
        changes=(gettext_lazy("Throughline: requests and briefs"),),
        undo=UNDO,
        carry_out=open_requests,
        inputs=INPUTS,
        opens_request=True,
        at_once=True,
        times=("request", "brief"),
    )
)
OPEN_CAMPAIGN = action_kind(
    ActionKind(
        name="delivery.open_campaign",
        label=gettext_lazy("Open a campaign with a brief"),
        changes=(gettext_lazy("Throughline: requests, briefs and campaigns"),),
        undo=UNDO,
        carry_out=open_campaigns,
        inputs=INPUTS,
        opens_request=True,
        at_once=True,
        times=("request", "brief"),
    )
)
RECORD_REQUEST = action_kind(
    ActionKind(
        name="delivery.record_request",
        label=gettext_lazy("Open a request as it was recorded"),
        changes=(gettext_lazy("Throughline: requests"),),
        undo=UNDO,
        carry_out=record_requests,
        opens_request=True,
        at_once=True,
        times=("request",),
    )
)
