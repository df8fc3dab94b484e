"""What is known of a run that something that happened to work started."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.kernel.events import Event
from routing.kernel.facts import EnrichedFacts, Subject
from routing.kernel.reasons import Reason
from routing.people.actors import Actor
from routing.runs.cause_chain import ITEM, WORK
from routing.runs.fact_words import fact_word
from routing.runs.models import Enrichment
from routing.runs.operations.work_events import work_events
from routing.runs.registry import Problem, enricher, event_clients
from routing.work.items import WorkItem
from routing.work.kinds import kind_label, state_label

MOST = 100  # events about one work item that are read, the newest ones
for _name, _label in (
    ("work.ref", gettext_lazy("Reference of the work")),
    ("work.title", gettext_lazy("Title of the work")),
    ("work.kind", gettext_lazy("Kind of work")),
    ("work.state", gettext_lazy("State of the work")),
    ("work.owner", gettext_lazy("Owner of the work")),
    ("work.flow", gettext_lazy("Flow of its run")),
):
    fact_word(_name, _label)


class WorkFacts:
    """Enricher of runs about our own work. It knows what the run of that work knows, too."""

    def read(self, subject: Subject) -> WorkItem:
        """:raises Problem: ``missing_context`` if there is no such work"""
        items = WorkItem.objects.select_related("client", "owner", "run__flow")
        item = items.filter(pk=subject.id).first() if subject.id.isdecimal() else None
        if item is None:
            raise Problem(Reason.MISSING_CONTEXT, _("There is no such work."))
        return item

    def keep(
        self,
        read: WorkItem,
        *,
        subject: Subject,
        by: Actor,
        at: datetime,
        client_id: int | None = None,
    ) -> EnrichedFacts:
        before = Enrichment.objects.filter(run=read.run_id).order_by("-pk").first()
        own = {**_of_item(read), **_of_events(subject)}
        sources = {**(before.sources if before else {}), **dict.fromkeys([*own, "client"], WORK)}
        return EnrichedFacts(
            {**(before.facts if before else {}), **own},
            client_id or read.client_id,
            tuple(before.contact_ids) if before else (),
            before.engagement_id if before else None,
            sources,
        )


def _of_item(item: WorkItem) -> Mapping[str, Any]:
    found = {
        "work.ref": item.ref,
        "work.title": item.title,
        "work.kind": kind_label(item),
        "work.state": state_label(item.kind, item.state),
        "work.owner": str(item.owner) if item.owner else "",
        "work.flow": item.run.flow.name if item.run else "",
        "client.name": item.client.name if item.client else "",
        "client.code": item.client.code if item.client else "",
    }
    return {name: value for name, value in found.items() if value}


def _of_events(subject: Subject) -> Mapping[str, Any]:
    """Return the facts of the newest event of each kind about the work."""
    events = Event.objects.filter(
        source=WORK, subject_type=ITEM, subject_id=subject.id, kind__in=work_events()
    )
    found: dict[str, Any] = {}
    newest = events.select_related("actor", "payload").order_by("-id")[:MOST]
    for event in reversed(newest):
        kind = work_events()[event.kind]
        found[kind.by_fact] = str(event.actor)
        for each in kind.fields:
            found[each.fact] = event.payload.body.get(each.name, "")
    return found


def _find(subject: Subject) -> WorkFacts | None:
    return WorkFacts() if (subject.source, subject.type) == (WORK, ITEM) else None


enricher("routing.work", _find)


@event_clients
def _clients_of(events: Sequence[Event]) -> Mapping[int, int]:
    ours = {event.pk: event.subject_id for event in events if event.source == WORK}
    if not ours:
        return {}
    items = WorkItem.objects.filter(pk__in=set(ours.values()), client__isnull=False)
    clients = dict(items.values_list("pk", "client_id"))
    return {event: clients[int(item)] for event, item in ours.items() if int(item) in clients}
