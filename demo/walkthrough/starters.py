"""
Play a starter: its sample signal arrives, and the work goes on to the proven outcome.

The flow is published once as a flow of the walkthrough. Its trigger is narrowed to the
walkthrough's own client or account, so it takes no other event and shows no form to anybody.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from delivery.deliverables.channels import HandChannel
from delivery.deliverables.operations.versions import Draft
from delivery.models import Answer, Brief, Deliverable, Request
from delivery.progress.operations import changes, impacts, recording, submissions
from delivery.requests.change_gates import seal_of
from delivery.requests.details import AnswerImpactDetails, StateImpactDetails
from demo.walkthrough.agree import agree, channel, take_on
from demo.walkthrough.arrive import arrive
from demo.walkthrough.flow import alone
from demo.walkthrough.lack import decided
from demo.walkthrough.make import (
    client_says,
    hand_in,
    page_draft,
    picture,
    reviewed,
    sheet_draft,
    start,
)
from demo.walkthrough.people import WHY, Cast, by
from demo.walkthrough.publish import complete, handed_over, launched
from demo.walkthrough.transcript import StepFailed
from demo.walkthrough.walk import WORKER, Walk, WalkthroughJob, fresh, now, where
from routing.cover.operations.portal_access import has_access, invite, keep_membership
from routing.flows.choose import NAMED
from routing.flows.files.shape import TriggerShape
from routing.flows.files.stored import keep_flow_file
from routing.flows.files.text import FlowFile
from routing.flows.models import Flow, FlowVersion, live_of
from routing.flows.operations import publish_shipped
from routing.flows.recurrences import KEY as RECURRENCES
from routing.flows.starters import Starter, starter_named, starters
from routing.models import Client, Contact, Membership, Outcome, Run, RunEvent, RunStep
from routing.people.actors import Actor
from routing.people.operations import save_contact
from routing.people.saving import save_with_reason
from routing.runs import occurrences
from routing.runs.operations.capture import Signal, capture
from routing.sla.operations.calendars import STANDARD

CRM = "hubspot."  # kinds of events that the simulated CRM sends
# The simulated account of the starters, whose deals start no other flow of a walkthrough.
PORTAL = 990_100
CODE, DOMAIN = "WKST", "walkthrough-starters.example"
# Triggers are narrowed to the client, so a second form of the portal has a client of its own.
CODES = {"campaign-launch": "WKSC"}
NAMES = {CODE: "Walkthrough of starters", "WKSC": "Walkthrough of campaigns"}
# Calendar triggers of a walkthrough never come by themselves.
FAR = timedelta(days=5 * 365)
Send = Callable[[Walk, Starter, FlowVersion, Client, Contact], Run]


def play_starter(walk: Walk, slug: str) -> None:
    """
    Play the starter of this name.

    :raises StepFailed: at the first step that fails, or if there is no such starter
    """
    starter = starter_named(slug)
    if starter is None:
        known = ", ".join(each.slug for each in starters())
        raise StepFailed(f"There is no starter “{slug}”. Starters are: {known}.")
    with alone():
        code = CODES.get(starter.slug, CODE)
        client = ensure_client(code, walk.cast, now())
        contact = ensure_contact(walk.cast, client, now())
        version = ensure_starter(starter, walk.cast, client, now())
    kind = str(starter.sample["kind"])
    if kind == submissions.CHANGE and not _delivered(client).exists():
        walk.transcript.note("A change needs something that the client has. It is made first.")
        play_starter(walk, "creative-request")
    walk.transcript.act(f"{starter.name}: {starter.does}")
    walk.transcript.note(f"The flow is “{version}”, a draft of the starter, published.")
    if kind.startswith(CRM):
        _deal(walk, starter)
    else:
        run = _SEND[kind](walk, starter, version, client, contact)
        walk.jobs.append(WalkthroughJob(starter.name, run=run, contact=contact))
        _opened(walk)
    _acted(walk)
    _made(walk)


def _deal(walk: Walk, starter: Starter) -> None:
    """Make a deal that a colleague owns in the CRM, and check that this person owns the work."""
    transcript, owner = walk.transcript, walk.cast.second
    arrive(walk, f"{starter.sample['name']} {walk.token}", ends=True, owner=owner.email)
    decided(walk)
    known = walk.job.run.enrichments.latest("pk")
    for fact in ("company.lifecycle", "company.territory", "deal.owner"):
        transcript.check(
            known.facts.get(fact), f"{fact} is known from: {known.sources.get(fact)}", known.facts
        )
    decision = walk.job.run.decisions.get()
    transcript.check(
        decision.owner_id == owner.pk and NAMED in decision.answer,
        f"{owner} owns it, as in the CRM, by rule “{decision.rule_name}”",
        decision.owner,
    )


# -- What a starter needs --------------------------------------------------------------------------


def ensure_client(code: str, cast: Cast, at: datetime) -> Client:
    """Return the client of this code, which is created once."""
    client = Client.objects.filter(code=code).first() or Client(code=code)
    wanted = (cast.account.pk, cast.second.pk, cast.team.pk)
    if (client.owner_id, client.backup_id, client.team_id) != wanted:
        client.name, client.team = NAMES[code], cast.team
        client.owner, client.backup = cast.account, cast.second
        save_with_reason(client, by=by(cast.lead), at=at, reason=WHY)
    return client


def ensure_contact(cast: Cast, client: Client, at: datetime) -> Contact:
    """Return the contact who asks and approves for the client, with access to the portal."""
    lead, name = by(cast.lead), "sam" if client.code == CODE else f"sam.{client.code.lower()}"
    contact = Contact.objects.filter(email=f"{name}@{DOMAIN}").first()
    if contact is None:
        contact = Contact(full_name="Sam Walkthrough", email=f"{name}@{DOMAIN}")
        save_contact(contact, by=lead, at=at)
        role = Membership.Role.APPROVER
        membership = Membership(contact=contact, client=client, role=role)
        keep_membership(membership, by=lead, at=at, reason=WHY)
    if not has_access(contact):
        contact = invite(contact.pk, by=lead, at=at, write=False)
    return fresh(contact)


def ensure_starter(starter: Starter, cast: Cast, client: Client, at: datetime) -> FlowVersion:
    """Publish the flow of a starter for this client once, and return its live version."""
    slug, lead = f"walkthrough-{starter.slug}", by(cast.lead)
    flow = Flow.objects.filter(slug=slug).first()
    live = live_of(flow.pk) if flow is not None else None
    if live is not None:
        return live
    answers = {
        "flow": slug,
        "name": f"Walkthrough: {starter.name}",
        "owner": cast.lead.email,
        "backup": cast.second.email,
        "team": cast.team.name,
        "policy": STANDARD,
        "client": client.code,
        "house": str(client.pk),
        "zone": "UTC",
        "today": (at + FAR).date().isoformat(),
    }
    file = _narrowed(starter.filled(answers), client)
    draft = keep_flow_file(file, by=lead, at=at, reason=WHY, always=True)
    assert draft is not None  # always one
    return publish_shipped(draft, by=lead, at=at, reason=WHY)


def _narrowed(file: FlowFile, client: Client) -> FlowFile:
    """Return the flow with triggers that take only events of the walkthrough."""
    content = file.content
    if not content.triggers:
        assert content.rows_of(RECURRENCES)  # a flow without either starts nothing
        return file
    kind = content.triggers[0].kind
    name, value = ("portalId", PORTAL) if kind.startswith(CRM) else ("client", client.pk)
    trigger = TriggerShape(kind=kind, field=name, equals=str(value))
    return replace(file, content=content.model_copy(update={"triggers": (trigger,)}))


def _delivered(client: Client) -> Any:
    rows = Deliverable.objects.filter(item__client=client, state=Deliverable.State.HANDED_OVER)
    return rows.order_by("-pk")


# -- Sample signals --------------------------------------------------------------------------------


def _form(
    walk: Walk, starter: Starter, version: FlowVersion, client: Client, contact: Contact
) -> Run:
    sent = submissions.submit(
        version.flow.slug,
        _answers(walk, starter),
        client_id=client.pk,
        token=f"walkthrough-{walk.token}-{starter.slug}",
        by=_signed_in(contact),
        at=now(),
    )
    walk.transcript.note(f"{contact.full_name} fills in the form in the portal.")
    return _run_of(walk, sent.event_id)


def _change(
    walk: Walk, starter: Starter, version: FlowVersion, client: Client, contact: Contact
) -> Run:
    target = _delivered(client).select_related("item").first()
    assert target is not None  # made before
    sent = changes.ask_change(
        target.pk,
        _answers(walk, starter),
        token=f"walkthrough-{walk.token}-{starter.slug}",
        by=_signed_in(contact),
        at=now(),
    )
    walk.transcript.note(f"{contact.full_name} asks for a change of {target.item.ref}.")
    return _run_of(walk, sent.event_id)


def _call(
    walk: Walk, starter: Starter, version: FlowVersion, client: Client, contact: Contact
) -> Run:
    sample = starter.sample
    call = recording.NewRequest(
        client=client,
        title=f"{sample['title']} {walk.token}",
        channel=sample["channel"],
        contact=contact,
        details=sample["details"],
    )
    made = recording.record(call, by=by(walk.cast.lead), at=now())
    walk.transcript.note(f"{walk.cast.lead} records what {contact.full_name} asks for.")
    return made.run


def _occurrence(
    walk: Walk, starter: Starter, version: FlowVersion, client: Client, contact: Contact
) -> Run:
    at, key = now(), f"walkthrough-{walk.token}"
    body = {
        occurrences.FLOW: version.flow_id,
        occurrences.CLIENT: client.code,
        occurrences.FACTS: dict(starter.sample["facts"]),
    }
    signal = Signal(occurrences.SOURCE, occurrences.KIND, key, occurrences.SUBJECT, key, at, body)
    [sent] = capture([signal], by=Actor.system(), at=at)
    walk.transcript.note("The calendar trigger comes, as it would on the first working day.")
    return _run_of(walk, sent.event_id)


_SEND: Mapping[str, Send] = {
    submissions.KIND: _form,
    submissions.CHANGE: _change,
    recording.KIND: _call,
    occurrences.KIND: _occurrence,
}


def _answers(walk: Walk, starter: Starter) -> dict[str, Any]:
    found = dict(starter.sample["answers"])
    return {**found, "request.title": f"{found['request.title']} {walk.token}"}


def _signed_in(contact: Contact) -> Actor:
    assert contact.user is not None  # invited before
    return Actor.of(contact.user)


def _run_of(walk: Walk, event_id: int) -> Run:
    parts = RunEvent.objects.filter(event=event_id, part=RunEvent.Part.STARTED)
    part = walk.transcript.wait(
        "the signal started a run", parts.select_related("run").first, 60, WORKER
    )
    assert part.run is not None  # it started one
    return part.run


# -- From the run to the outcome -------------------------------------------------------------------


def _opened(walk: Walk) -> None:
    """Check that the run is routed to an owner with a backup, and has its request and brief."""
    transcript, job = walk.transcript, walk.job
    routed = Run.objects.filter(pk=job.run.pk, state=Run.State.IN_DELIVERY)
    job.run = transcript.wait(
        "the run is decided and in delivery",
        routed.select_related("item__client", "item__owner", "flow").first,
        60,
        WORKER,
    )
    decision = job.run.decisions.get()
    transcript.check(
        decision.owner_id and decision.backup_id and decision.owner_id != decision.backup_id,
        f"rule “{decision.rule_name}” chose {decision.owner}, backup {decision.backup}",
    )
    opened = Request.objects.filter(item__run=job.run).select_related("item__owner", "contact")
    briefs = Brief.objects.filter(item__run=job.run).count()
    transcript.check(
        opened.count() == briefs == 1, "it has one request and one brief", opened.count()
    )
    job.request = opened.get()
    transcript.note(
        f"Request {job.request.item.ref}: “{job.request.item.title}”.", where(job.request.item)
    )


def _acted(walk: Walk) -> None:
    """Check that every action of the flow is done."""
    # The first action may be carried out with the decision, in the step that all runs have.
    names = (RunStep.Name.ACT, *RunStep.actions)
    steps = RunStep.objects.filter(run=walk.job.run, name__in=names)
    states = dict(steps.values_list("name", "state"))
    walk.transcript.check(
        states and set(states.values()) == {RunStep.State.DONE},
        f"the actions of the flow are done, in {len(states)} steps",
        states,
    )


def _made(walk: Walk) -> None:
    """Take the request on, make its parts, and bring each to the client until it is proven."""
    transcript, job = walk.transcript, walk.job
    if job.request.kind == Request.Kind.CHANGE:
        _impact(walk)
    take_on(walk)
    plan = [{"key": "sheet", "title": f"Figures {walk.token}", "format": "file"}]
    if job.request.kind == Request.Kind.CAMPAIGN:
        plan.append(_newsletter_plan(walk))
    sheet, *others = agree(walk, plan)
    _approved(walk, sheet, sheet_draft(walk))
    handed_over(walk, sheet)
    for newsletter in others:
        words = "The path is open."
        _approved(walk, newsletter, page_draft(walk, picture(walk), words))
        launched(walk, newsletter)
    complete(walk)
    outcomes = Outcome.objects.filter(run=job.run)
    states = sorted(outcomes.values_list("state", flat=True))
    # A campaign is proven as a whole, too.
    expected = [Outcome.State.PROVEN] * (3 if others else 1)
    transcript.check(states == expected, "its outcome is proven", states)


def _newsletter_plan(walk: Walk) -> dict[str, Any]:
    client = walk.job.run.item.client
    assert client is not None  # of the walkthrough
    where_to = channel(walk, client, HandChannel.NEWSLETTER)
    title = f"Newsletter {walk.token}"
    return {"key": "news", "title": title, "format": "page", "destination": where_to.pk}


def _approved(walk: Walk, row: Deliverable, draft: Draft) -> None:
    start(walk, row)
    hand_in(walk, row, draft)
    reviewed(walk, row)
    client_says(walk, row, Answer.Word.APPROVE.value)


def _impact(walk: Walk) -> None:
    """State what the change means, which the client accepts before it is worked on."""
    job, owner = walk.job, walk.job.request.item.owner
    assert owner is not None  # open work always has one
    told = StateImpactDetails(
        hours=Decimal(2),
        amount=Decimal(0),
        date=(now() + timedelta(days=7)).date(),
        note="Two lines change.",
    )
    walk.transcript.done(
        impacts.state_impact([job.request.pk], by=by(owner), at=now(), details=told),
        f"{owner} states what the change means",
    )
    details = AnswerImpactDetails(seal=seal_of(fresh(job.request)))
    walk.transcript.done(
        impacts.accept_impact(
            [job.request.pk], by=_signed_in(job.contact), at=now(), details=details
        ),
        f"{job.contact.full_name}, for the client: agreed",
    )
