"""The catalogue of events at the desk: what comes in, how it looks, and which flows it starts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _

from routing.desk.addresses import address, page_of
from routing.desk.base import actor
from routing.flows.admin.claiming import Claiming, claims_of, unclaimed_lines
from routing.flows.event_catalogue import catalogued, kind_words
from routing.flows.event_history import (
    DAYS,
    SchemaField,
    SeenKind,
    flows_started_by,
    last_days,
    sample_of,
    seen_kinds,
    volumes,
)
from routing.flows.models import Flow, Trigger
from routing.flows.registry import event_kinds
from routing.flows.trigger_words import trigger_words
from routing.kernel.shapes import type_words
from routing.runs.sources import EventSource, known_sources
from routing.work.visibility import visible_work


@dataclass(frozen=True, slots=True)
class StartedFlow:
    """A flow that a kind of event starts, with the trigger in words."""

    name: str
    url: str
    when: str


@dataclass(frozen=True, slots=True)
class KindLine:
    """
    A kind of event in the catalogue.

    :ivar days: how many came on each of the last 14 days
    :ivar sources: names and pages of the systems that have sent it
    """

    kind: str
    label: str
    url: str
    sources: tuple[tuple[str, str], ...]
    last_at: datetime | None
    days: tuple[tuple[date, int], ...]
    flows: tuple[StartedFlow, ...]

    @property
    def count(self) -> int:
        return sum(count for _day, count in self.days)


class EventCatalogue(Claiming):
    """The list of all kinds of events, and the page of each."""

    def get_urls(self) -> list[URLPattern]:
        every = self.admin_site.admin_view(self.events_view)
        one = self.admin_site.admin_view(self.event_kind_view)
        return [
            path("events/", every, name="routing_flow_events"),
            path("events/<str:kind>/", one, name="routing_flow_event_kind"),
            *super().get_urls(),
        ]

    def events_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        lines = kind_lines(timezone.now())
        context = {
            "title": _("Event catalogue"),
            "lines": [line for line in lines if line.last_at],
            "unseen": [line for line in lines if not line.last_at],
            "days": DAYS,
            "unclaimed": unclaimed_lines(),
            "back": address(Flow, "changelist"),
        }
        return self.render(request, "desk/events.html", context)

    def event_kind_view(self, request: HttpRequest, kind: str) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        line = line_of(kind, timezone.now())
        sample = sample_of(kind)
        # A value may say something about a restricted client, so not everybody sees values.
        sees_values = visible_work(actor(request)) is None
        context = {
            "title": line.label,
            "line": line,
            "busiest": max((count for _day, count in line.days), default=0),
            "sample": sample,
            "sample_text": json.dumps(sample.body, indent=2, ensure_ascii=False, default=str),
            "fields": [(field, _types(field)) for field in sample.fields],
            "sees_values": sees_values,
            **claims_of(kind, actor(request)),
            "back": address(Flow, "events"),
        }
        return self.render(request, "desk/event_kind.html", context)


def _types(field: SchemaField) -> str:
    return ", ".join(map(type_words, field.types))


def kind_lines(now: datetime) -> list[KindLine]:
    """Return every kind that is declared or was ever captured, by its words."""
    seen = seen_kinds()
    every = {*event_kinds(), *catalogued(), *(each.kind for each in seen)}
    lines = list(_lines(every, seen, now))
    return sorted(lines, key=lambda line: line.label.casefold())


def line_of(kind: str, now: datetime) -> KindLine:
    """:raises Http404: if nothing declares the kind and it was never captured"""
    seen = [each for each in seen_kinds() if each.kind == kind]
    if not seen and kind not in event_kinds():
        raise Http404
    return next(_lines({kind}, seen, now))


def _lines(kinds: set[str], seen: Sequence[SeenKind], now: datetime) -> Iterator[KindLine]:
    counted, started = volumes(now, kinds), flows_started_by()
    sources, none = known_sources(), dict.fromkeys(last_days(now), 0)
    for kind in kinds:
        mine = [each for each in seen if each.kind == kind]
        yield KindLine(
            kind,
            kind_words(kind),
            address(Flow, "event_kind", kind),
            tuple(_named(kind, each.source, sources) for each in mine),
            max((each.last_at for each in mine), default=None),
            tuple(counted.get(kind, none).items()),
            tuple(_started(trigger) for trigger in started.get(kind, ())),
        )


def _named(kind: str, source: str, sources: Mapping[str, EventSource]) -> tuple[str, str]:
    known, declared = sources.get(source), catalogued().get(kind)
    if known is not None:
        return known.name, known.url
    return (str(declared.source) if declared else source), ""


def _started(trigger: Trigger) -> StartedFlow:
    flow = trigger.version.flow
    return StartedFlow(flow.name, page_of(flow), trigger_words(trigger))
