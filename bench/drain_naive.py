"""
A lead as one task would take it through the ORM: a transaction an event, found or made under a
lock, ``save()`` with history.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import models, transaction

from bench.leads import FORM
from bench.world import World
from delivery.briefs.models import Brief
from delivery.engagements.models import Engagement
from delivery.requests.models import Request
from integrations.adapters.form.adapter import FormReader
from integrations.base.adapter import SubjectFacts
from integrations.inbox.keep.engagements import engagement_of
from integrations.inbox.matching import SubjectLinks
from integrations.models import Connection, ExternalLink
from routing.flows.choose import choose
from routing.flows.models import FlowVersion
from routing.flows.template import fill
from routing.flows.versions import published
from routing.kernel.events import Dispatch, Event
from routing.kernel.facts import EnrichedFacts, Subject
from routing.messages.models import Notification
from routing.people.clients import Client, ClientDomain, Contact
from routing.runs.candidates import pool_for
from routing.runs.decisions import Decision
from routing.runs.models import Enrichment, Run, RunEvent, RunStep
from routing.runs.operations.route_runs import record
from routing.runs.snapshots import RunSnapshot, field_problems, rule_facts
from routing.runs.titles import run_title_of, title_of
from routing.sla.clocks import Clock, ClockMark
from routing.sla.policies import SLAPolicy
from routing.sla.terms import Uses, agree, ids_of
from routing.sla.timing import Cause, ClockTurn, Does
from routing.work.items import RefCounter, WorkItem, WorkNoun

STEPS = (
    RunStep.Name.CAPTURE,
    RunStep.Name.ENRICH,
    RunStep.Name.VALIDATE,
    RunStep.Name.DECIDE,
    RunStep.Name.ACT,
)

# What a task may well keep between two calls is kept: the plan of the flow, the terms of clocks.
# That favours it.


def handle(world: World, event_ids: list[int]) -> None:
    """
    Called directly, so it pays for no broker; writes no e-mails either, which ours does. Both
    favour it.
    """
    for event_id in event_ids:
        with transaction.atomic():
            _handle(event_id, world, world.clock())


def _handle(event_id: int, world: World, at: datetime) -> None:
    waiting = Dispatch.objects.select_for_update().filter(event_id=event_id).first()
    if waiting is None:
        return
    event = Event.objects.select_related("payload").get(pk=event_id)
    about = {
        "source": event.source,
        "subject_type": event.subject_type,
        "subject_id": event.subject_id,
    }
    run = (
        Run.objects.select_related("item")
        .select_for_update(of=("self",))
        .filter(item__is_open=True, **about)
        .first()
    )
    part = RunEvent.Part.JOINED if run else RunEvent.Part.STARTED
    if run is None:
        run = _begin(event, world, at)
    RunEvent.objects.create(event=event, run=run, part=part, at=at)
    if part == RunEvent.Part.STARTED:
        _act(run, _enrich(run, world, at), world, at)
    waiting.delete()


def _begin(event: Event, world: World, at: datetime) -> Run:
    version = FlowVersion.objects.live().select_related("flow").get(triggers__kind=event.kind)
    about = {
        "source": event.source,
        "subject_type": event.subject_type,
        "subject_id": event.subject_id,
    }
    follows = Run.objects.filter(flow=version.flow, **about).order_by("-pk").first()
    run = begun(event, version, follows)
    _create(run, "THR", world, at)
    return run


def begun(event: Event, version: FlowVersion, follows: Run | None) -> Run:
    """Return a new run about the event's subject, with its item, both unsaved."""
    flow = version.flow
    title = f"{flow.name}: {event.subject_type} {event.subject_id}"
    return Run(
        item=WorkItem(title=title, owner_id=flow.owner_id, backup_id=flow.backup_id),
        flow=flow,
        version=version,
        follows=follows,
        source=event.source,
        subject_type=event.subject_type,
        subject_id=event.subject_id,
    )


def steps_of(run: Run, at: datetime) -> list[RunStep]:
    """Return its five steps, unsaved, as if each had been done at once."""
    done = {
        "state": RunStep.State.DONE,
        "due_at": at,
        "attempts": 1,
        "started_at": at,
        "ended_at": at,
    }
    return [RunStep(run=run, name=name, **done) for name in STEPS]


def _create(row: WorkNoun, prefix: str, world: World, at: datetime) -> None:
    counter, _made = RefCounter.objects.select_for_update().get_or_create(prefix=prefix)
    counter.last += 1
    counter.save()
    item = row.item
    item.ref, item.kind = f"{prefix}-{counter.last}", str(row._meta.model_name)
    item.state, item.created_at, item.changed_at = row.state, at, at
    _save(item, world, at)
    row.item = item
    _save(row, world, at)
    if isinstance(row, Run):
        item.run = row
        # Its own id was not known before; history has it with the next change.
        models.Model.save_base(item, raw=True)
    event_of(row, "create", "", world, at).save()


def _save(row: Any, world: World, at: datetime) -> None:
    row._history_user, row._history_date, row._change_reason = world.system, at, "Decided by rule."
    models.Model.save(row)


def event_of(row: WorkNoun, verb: str, before: str, world: World, at: datetime) -> Event:
    """Return what happened to a row that has just been moved or made, unsaved."""
    return Event(
        kind=f"{row._meta.app_label}.{row._meta.model_name}.{verb}",
        item=row.item,
        object_id=row.pk,
        from_state=before,
        to_state=row.state,
        actor=world.system,
        at=at,
    )


def _move(
    run: Run, verb: str, world: World, at: datetime, *, tracked: bool = True, **details: Any
) -> None:
    before = run.state
    getattr(run, verb)(at=at, **details)
    run.item.state, run.item.is_open, run.item.changed_at = run.state, run.is_open, at
    if tracked:
        _save(run.item, world, at)
    else:
        models.Model.save_base(run.item, raw=True)  # mirrored columns alone: nothing for history
    _save(run, world, at)
    event_of(run, verb, before, world, at).save()


def _enrich(run: Run, world: World, at: datetime) -> EnrichedFacts:
    known = FormReader({}).read(Subject(run.source, run.subject_type, run.subject_id))
    person = known.people[0]
    client = (
        ClientDomain.objects.select_related("client")
        .get(domain=known.organisation.domain if known.organisation else "")
        .client
    )
    contact = Contact.objects.known().get(email__iexact=person.email, memberships__client=client)
    engagement = _sold(client, known, world, at)
    found = found_from(known, client, contact.pk, engagement)
    Enrichment.objects.create(
        run=run,
        facts=found.facts,
        sources=found.sources,
        client_id=client.pk,
        contact_ids=[contact.pk],
        engagement_id=engagement.pk,
        by=world.system,
        at=at,
    )
    _move(run, "identify", world, at, clients={run.pk: client.pk})
    return found


def _sold(client: Client, known: SubjectFacts, world: World, at: datetime) -> Engagement:
    engagement = engagement_from(client, known)
    assert known.deal is not None
    _save(engagement, world, at)
    connection = Connection.objects.get(slug=FORM)
    _save(
        ExternalLink(
            connection=connection,
            object_type=known.deal[0],
            remote_id=known.deal[1],
            engagement=engagement,
        ),
        world,
        at,
    )
    return engagement


def found_from(
    known: SubjectFacts, client: Client, contact: int, engagement: Engagement
) -> EnrichedFacts:
    """Return what was submitted together with what it was matched to."""
    person = known.people[0]
    facts = {**known.facts, "contact.name": person.name, "contact.email": person.email}
    matched = {"client": "domain", "contact.name": "contact", "contact.email": "contact"}
    return EnrichedFacts(facts, client.pk, (contact,), engagement.pk, {**known.sources, **matched})


def engagement_from(client: Client, known: SubjectFacts) -> Engagement:
    """Return what was sold, unsaved."""
    engagement, _changed = engagement_of(client, known, SubjectLinks(None, None, {}))
    assert engagement is not None
    return engagement


def _act(run: Run, found: EnrichedFacts, world: World, at: datetime) -> None:
    snapshot = RunSnapshot(run, published(run.version_id), found)
    assert not field_problems(snapshot)
    pool = pool_for([snapshot], at)
    fallback = pool.fallback(run.flow, found.client_id)
    choice = choose(snapshot.plan.rules, rule_facts(snapshot), pool.candidates, fallback)
    decision: Decision = record(snapshot, pool, choice, at)
    decision.save()
    for step in steps_of(run, at):
        step.save()
    owners = {run.pk: (choice.owner_id, choice.backup_id, choice.team_id, choice.priority)}
    titles = {run.pk: run_title_of(snapshot)}
    _move(run, "route", world, at, owners=owners, clients={run.pk: found.client_id}, titles=titles)
    _open(run, snapshot, world, at)
    _move(run, "begin", world, at, tracked=False)


def _open(run: Run, snapshot: RunSnapshot, world: World, at: datetime) -> None:
    assert snapshot.found.client_id is not None
    client = Client.objects.get(pk=snapshot.found.client_id)
    request = request_of(snapshot, client)
    _create(request, client.code, world, at)
    brief = brief_of(snapshot, client, request)
    _create(brief, client.code, world, at)
    policy = SLAPolicy.objects.get(slug=snapshot.plan.policy)
    for item in (request.item, brief.item):
        _start(item, policy, at)
    message = owns(request, at)
    if not Notification.objects.filter(dedupe_key=message.dedupe_key).exists():
        message.save()


def request_of(snapshot: RunSnapshot, client: Client) -> Request:
    """Return the request of a routed run, with its item, both unsaved."""
    found = snapshot.found
    return Request(
        item=_part(snapshot.run.item, client, snapshot),
        channel=Request.Channel.FORM,
        details=fill(snapshot.plan.template, found.facts),
        contact_id=found.contact_ids[0],
    )


def brief_of(snapshot: RunSnapshot, client: Client, request: Request) -> Brief:
    """Return the brief of a request that may be unsaved still, with its item, both unsaved."""
    return Brief(
        item=_part(request.item, client, snapshot),
        request=request,
        engagement_id=snapshot.found.engagement_id,
        body=request.details,
    )


def _part(parent: WorkItem, client: Client, snapshot: RunSnapshot) -> WorkItem:
    run = snapshot.run
    about = run.item
    return WorkItem(
        title=title_of(snapshot),
        client=client,
        run=run,
        parent=parent,
        owner_id=about.owner_id,
        backup_id=about.backup_id,
        team_id=about.team_id,
        priority=about.priority,
    )


def owns(request: Request, at: datetime) -> Notification:
    """Return the message to whoever owns a saved request, unsaved."""
    item = request.item
    assert item.owner_id is not None
    return Notification(
        dedupe_key=f"{Notification.Words.OWNS}:{item.pk}:{item.owner_id}",
        recipient_id=item.owner_id,
        item=item,
        words=Notification.Words.OWNS,
        at=at,
    )


def _start(item: WorkItem, policy: SLAPolicy, at: datetime) -> None:
    uses = Uses.of([item])
    for target in policy.targets.filter(kind=item.kind):
        agreed = agree(target, policy, uses.for_item(item, policy.sources), target.worktime, at)
        clock = Clock(
            item=item,
            purpose=target.purpose,
            policy=policy,
            policy_version=policy.version,
            terms_id=ids_of([agreed])[agreed.digest],
            target=target.worktime,
            warn_after=target.worktime * target.warn_percent / 100,
            escalate_every=target.escalate_every,
            started_at=at,
        )
        clock.take(
            ClockTurn(Does.RUN, item.waiting_on, Cause.WORK), at=at, hours=agreed.terms.hours
        )
        clock.save()
        ClockMark.objects.create(
            clock=clock,
            at=at,
            does=clock.turn.does,
            party=clock.waiting_on,
            cause=clock.cause,
            state=item.state,
        )
        item.next_due_at = min(clock.due_at or at, item.next_due_at or clock.due_at or at)
    item.is_timed = True
    models.Model.save_base(item, raw=True)
