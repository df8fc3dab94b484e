"""
Occurrences of calendar triggers: their events, and the facts that these bring.

The subject is trigger and occurrence, so an open run of one occurrence never takes the next.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy

from routing.flows.event_catalogue import CataloguedKind, catalogue
from routing.flows.registry import fills
from routing.kernel.events import Event, Payload
from routing.kernel.facts import EnrichedFacts, Subject
from routing.kernel.reasons import Reason
from routing.people.actors import Actor
from routing.people.clients import Client
from routing.runs.fact_words import fact_word
from routing.runs.registry import Problem, enricher, event_clients, recogniser

SOURCE = "calendar"
SUBJECT = "occurrence"
KIND = "calendar.occurrence"
# Keys of the body.
FLOW, CLIENT, FACTS = "flow", "client", "facts"
# Facts. ``LATE`` is the planned time of an occurrence that runs late, and otherwise missing.
NAME, DAY, MONTH = "occurrence.name", "occurrence.date", "occurrence.month"
LATE, MISSED = "occurrence.late", "occurrence.missed"
KNOWN = frozenset({NAME, DAY, MONTH, LATE, MISSED, "client.name", "client.code"})


def is_of(event: Event, body: Mapping[str, Any], flow: int) -> bool:
    """Return whether an event is an occurrence of this flow."""
    return (event.source, event.kind) == (SOURCE, KIND) and body.get(FLOW) == flow


class OccurrenceFacts:
    """Enricher and recogniser of occurrences. It calls no external system."""

    def sources(self, named: Collection[str]) -> Collection[str]:
        return {SOURCE} & set(named)

    def recognise(
        self, subjects: Sequence[Subject], *, at: datetime
    ) -> Mapping[Subject, EnrichedFacts]:
        ours = {subject.id: subject for subject in subjects if subject.source == SOURCE}
        bodies = _bodies(list(ours))
        codes = {body[CLIENT] for body in bodies.values()}
        clients = {each.code: each for each in Client.objects.filter(code__in=codes)}
        return {ours[key]: _facts(body, clients.get(body[CLIENT])) for key, body in bodies.items()}

    def read(self, subject: Subject) -> Mapping[str, Any]:
        """:raises Problem: ``missing_context`` if the event has been erased"""
        body = _bodies([subject.id]).get(subject.id)
        if body is None:
            raise Problem(Reason.MISSING_CONTEXT, "The occurrence is no longer kept.")
        return body

    def keep(
        self,
        read: Mapping[str, Any],
        *,
        subject: Subject,
        by: Actor,
        at: datetime,
        client_id: int | None = None,
    ) -> EnrichedFacts:
        clients = Client.objects.all()
        wanted = clients.filter(pk=client_id) if client_id else clients.filter(code=read[CLIENT])
        return _facts(read, wanted.first())


def _bodies(keys: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    found = Payload.objects.filter(
        event__source=SOURCE,
        event__subject_type=SUBJECT,
        event__subject_id__in=keys,
        erased_at=None,
    )
    return dict(found.values_list("event__subject_id", "body"))


def _facts(body: Mapping[str, Any], client: Client | None) -> EnrichedFacts:
    facts = dict(body[FACTS])
    if client is not None:
        facts |= {"client.name": client.name, "client.code": client.code}
    sources = dict.fromkeys([*facts, "client"], "calendar trigger")
    return EnrichedFacts(facts, client.pk if client else None, (), None, sources)


@event_clients
def _clients_of(events: Sequence[Event]) -> Mapping[int, int]:
    ours = [event.pk for event in events if event.source == SOURCE]
    if not ours:
        return {}
    bodies = Payload.objects.filter(event__in=ours).values_list("event_id", "body")
    codes = {event: str(body.get(CLIENT, "")) for event, body in bodies}
    known = dict(Client.objects.filter(code__in=set(codes.values())).values_list("code", "pk"))
    return {event: known[code] for event, code in codes.items() if code in known}


def _find(subject: Subject) -> OccurrenceFacts | None:
    return OCCURRENCES if (subject.source, subject.type) == (SOURCE, SUBJECT) else None


OCCURRENCES = OccurrenceFacts()
recogniser(OCCURRENCES)
enricher("routing.occurrences", _find)
catalogue(CataloguedKind(KIND, gettext_lazy("Day of a calendar trigger"), gettext_lazy("Calendar")))
fills([KIND], KNOWN)
for _name, _label in (
    (NAME, gettext_lazy("Calendar trigger")),
    (DAY, gettext_lazy("Day of the occurrence")),
    (MONTH, gettext_lazy("Month of the occurrence")),
    (LATE, gettext_lazy("Late, planned for")),
    (MISSED, gettext_lazy("Occurrences that were left out before it")),
):
    fact_word(_name, _label)
