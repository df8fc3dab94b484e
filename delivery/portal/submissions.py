"""Forms that contacts can fill in, and sent forms that have no request yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from delivery.progress.operations.submissions import (
    FORM,
    KIND,
    KNOWN,
    SOURCE,
    SUBJECT,
    key_of,
)
from delivery.requests.models import Request
from routing.flows.models import Flow, FlowVersion
from routing.flows.versions import Plan, published
from routing.people.actors import Actor
from routing.runs.models import Enrichment, Run
from routing.runs.snapshots import run_snapshots
from routing.work.visibility import clients_seen_by, work_seen_by

TITLE = "request.title"
MOST = 20
# Facts with a place of their own on the page of a request, and those that name the sender.
SHOWN_APART = frozenset({TITLE, "request.details", "request.wanted", *KNOWN})


@dataclass(frozen=True, slots=True)
class PortalForm:
    flow: Flow
    plan: Plan


@dataclass(frozen=True, slots=True)
class PendingSubmission:
    title: str
    at: datetime


def forms() -> list[PortalForm]:
    """Return the live flows that a portal form starts, by name."""
    live = FlowVersion.objects.live().select_related("flow").prefetch_related("triggers")
    found = [
        PortalForm(version.flow, published(version.pk)) for version in live if _is_form(version)
    ]
    return sorted(found, key=lambda form: form.flow.name)


def _is_form(version: FlowVersion) -> bool:
    # A trigger without a value takes every form, including that of its own flow.
    wanted = {("", ""), (FORM, version.flow.slug)}
    return any(
        trigger.kind == KIND and (trigger.field, trigger.value) in wanted
        for trigger in version.triggers.all()
    )


def own_answers(row: Request) -> list[tuple[str, str]]:
    """Return label and value of each answer that the page of a request shows nowhere else."""
    if row.channel != Request.Channel.PORTAL or row.item.run_id is None:
        return []
    found = []
    for snapshot in run_snapshots([row.item.run_id]):
        for spec in snapshot.plan.fields:
            value = snapshot.found.facts.get(spec.name)
            if spec.name not in SHOWN_APART and value not in (None, ""):
                found.append((spec.label, str(value)))
    return found


def opened(by: Actor, token: str) -> Request | None:
    """Return the request that a sent form of this contact led to, once it exists."""
    about = {
        "source": SOURCE,
        "subject_type": SUBJECT,
        "subject_id": key_of(by.contact_id or 0, token),
    }
    runs = Run.objects.filter(**about)
    seen = work_seen_by(by).order_by()
    return (
        Request.objects.filter(item__in=seen, item__run__in=runs)
        .select_related("item")
        .order_by("pk")
        .first()
    )


def not_opened_yet(by: Actor) -> list[PendingSubmission]:
    """Return submissions of this contact's clients that have no request yet, newest first."""
    before = [Run.State.RECEIVED, Run.State.ENRICHING, Run.State.WAITING]
    runs = Run.objects.filter(
        source=SOURCE, state__in=before, item__client__in=clients_seen_by(by)
    ).select_related("item")
    found = {run.pk: run for run in runs.order_by("-pk")[:MOST]}
    # The title is among the answers. The newest enrichment counts.
    newest = Enrichment.objects.filter(run__in=found).order_by("run_id", "-id").distinct("run_id")
    titles = {row.run_id: str(row.facts.get(TITLE, "")) for row in newest}
    return [PendingSubmission(titles.get(pk, ""), run.item.created_at) for pk, run in found.items()]
