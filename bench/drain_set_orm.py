"""
A batch of leads through set-based Django: read for all, decide each, then write with
``bulk_create`` and guarded updates.

One transaction a batch. It reads and decides before it takes a number, because the counters stay
locked until the commit. It calls on the same pure functions as ours (``choose``, ``fill``,
``agree``), writes no e-mails, and leaves two batches that meet the same new subject at once to the
unique constraint. All of that favours it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models.functions import Lower

from bench.drain_naive import begun, engagement_from, found_from
from bench.drain_set_write import Writing
from bench.leads import FORM
from bench.world import World
from delivery.engagements.models import Engagement
from integrations.adapters.form.adapter import FormAdapter
from integrations.base.adapter import SubjectFacts
from integrations.models import Connection, ExternalLink
from routing.flows.choose import Choice, choose
from routing.flows.models import FlowVersion
from routing.flows.versions import published
from routing.kernel.events import Dispatch, Event
from routing.kernel.facts import Subject
from routing.people.clients import Client, ClientDomain, Contact, Membership
from routing.runs.candidates import pool_for
from routing.runs.decisions import Decision
from routing.runs.models import Enrichment, Run, RunEvent
from routing.runs.operations.route_runs import record
from routing.runs.snapshots import RunSnapshot, field_problems, rule_facts

BATCH = 200  # as many as ours takes at once


@dataclass(frozen=True, slots=True)
class BatchLookup:
    """Whom a batch may mean, read once for all of it."""

    clients: Mapping[str, Client]  # by domain
    contacts: Mapping[tuple[int, str], int]  # by client and e-mail address in lower case


def drain(world: World) -> None:
    """Until nothing waits."""
    while _take(world, world.clock()):
        pass


def _take(world: World, at: datetime) -> int:
    """Return how many events were dealt with, in one transaction."""
    with transaction.atomic():
        due = Dispatch.objects.filter(parked_reason="", due_at__lte=at).order_by("due_at", "id")
        mine = due.select_for_update(skip_locked=True).values_list("event_id", flat=True)
        claimed = list(mine[:BATCH])
        if claimed:
            events = Event.objects.filter(pk__in=claimed).order_by("at", "id")
            _place(list(events), Writing(world, at))
            Dispatch.objects.filter(event_id__in=claimed).delete()
    return len(claimed)


def _place(events: Sequence[Event], writing: Writing) -> None:
    """Let each event join the open run about its subject, or start one."""
    about = _about(events)
    open_runs = {run.subject: run for run in about if run.is_open}
    last = {(run.flow_id, run.subject): run for run in about}
    version = FlowVersion.objects.live().select_related("flow").get(triggers__kind=events[0].kind)
    new: dict[Subject, Run] = {}
    parts = []
    for event in events:
        subject = Subject(event.source, event.subject_type, event.subject_id)
        run = open_runs.get(subject) or new.get(subject)
        part = RunEvent.Part.JOINED if run else RunEvent.Part.STARTED
        if run is None:
            run = begun(event, version, last.get((version.flow_id, subject)))
            new[subject] = run
        parts.append(RunEvent(event=event, run=run, part=part, at=writing.at))
    started = list(new.values())
    if started:
        _start(started, parts, writing)
    else:
        RunEvent.objects.bulk_create(parts)


def _start(runs: Sequence[Run], parts: Sequence[RunEvent], writing: Writing) -> None:
    decided = _decided(_known(runs, writing), writing.at)
    writing.runs(runs)
    RunEvent.objects.bulk_create(parts)
    _keep(decided, writing)
    writing.route(decided)
    writing.open(decided)
    writing.finish(runs)


def _about(events: Sequence[Event]) -> list[Run]:
    """
    All runs about these subjects, ended ones too, in order; whoever else would move them waits.
    """
    subjects = [event.subject_id for event in events]
    sources = {event.source for event in events}
    found = Run.objects.filter(source__in=sources, subject_id__in=subjects).order_by("pk")
    return list(found.select_related("item").select_for_update(of=("self",)))


def _known(runs: Sequence[Run], writing: Writing) -> list[RunSnapshot]:
    """Match what was submitted, write what was sold, and put together what is known of each run."""
    read = FormAdapter().known_here([run.subject for run in runs], {})
    directory = _directory(list(read.values()))
    leads, sold, links = [], [], []
    connection = Connection.objects.get(slug=FORM)
    for run in runs:
        known = read[run.subject]
        assert known.organisation is not None
        assert known.deal is not None
        client = directory.clients[known.organisation.domain]
        engagement = engagement_from(client, known)
        kind, key = known.deal
        link = ExternalLink(
            connection=connection,
            object_type=kind,
            remote_id=key,
            engagement=engagement,
        )
        sold.append(engagement)
        links.append(link)
        leads.append((run, known, client, engagement))
    writing.add(sold, Engagement)
    writing.add(links, ExternalLink)
    snapshots = []
    for run, known, client, engagement in leads:
        contact = directory.contacts[client.pk, known.people[0].email.lower()]
        found = found_from(known, client, contact, engagement)
        snapshots.append(RunSnapshot(run, published(run.version_id), found))
    return snapshots


def _directory(all_known: Sequence[SubjectFacts]) -> BatchLookup:
    domains = {known.organisation.domain for known in all_known if known.organisation}
    named = ClientDomain.objects.filter(domain__in=domains).select_related("client")
    clients = {each.domain: each.client for each in named}
    emails: set[str] = set()
    for known in all_known:
        emails.update(person.email.lower() for person in known.people)
    contacts = Contact.objects.known().annotate(lower=Lower("email")).filter(lower__in=emails)
    addresses = dict(contacts.values_list("pk", "lower"))
    members = Membership.objects.filter(contact__in=addresses, client__in=clients.values())
    pairs = members.values_list("client_id", "contact_id")
    return BatchLookup(
        clients, {(client, addresses[contact]): contact for client, contact in pairs}
    )


def _decided(
    leads: Sequence[RunSnapshot], at: datetime
) -> list[tuple[RunSnapshot, Choice, Decision]]:
    """Choose who takes each, in order: whoever was chosen has one more to do for the next one."""
    pool = pool_for(leads, at)
    decided = []
    for snapshot in leads:
        assert not field_problems(snapshot)
        fallback = pool.fallback(snapshot.run.flow, snapshot.found.client_id)
        facts = rule_facts(snapshot)
        choice = choose(snapshot.plan.rules, facts, pool.candidates, fallback)
        moment = pool.moment(at)
        decided.append((snapshot, choice, record(snapshot, pool, choice, moment)))
        pool.chose(choice, moment)
    return decided


def _keep(decided: Sequence[tuple[RunSnapshot, Choice, Decision]], writing: Writing) -> None:
    """Write what was known and decided; only now, because both belong to a run."""
    known = [
        Enrichment(
            run=snapshot.run,
            facts=snapshot.found.facts,
            sources=snapshot.found.sources,
            client_id=snapshot.found.client_id,
            contact_ids=list(snapshot.found.contact_ids),
            engagement_id=snapshot.found.engagement_id,
            by=writing.world.system,
            at=writing.at,
        )
        for snapshot, _choice, _decision in decided
    ]
    Enrichment.objects.bulk_create(known)
    Decision.objects.bulk_create([decision for _snapshot, _choice, decision in decided])
