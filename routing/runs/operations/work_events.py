"""
Inside triggers: what happened to work, as events that start flows. The subject is the work item.

An event is recorded only if a live flow waits for it, so that nothing is queued in vain. What waits
is asked for each batch and not cached: a flow takes what happens from the moment it is published.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import wraps
from typing import Any, TypeAlias

from django.utils.translation import gettext_lazy as _

from routing.flows.event_catalogue import CataloguedKind, EventField, catalogue
from routing.flows.fields import FieldType
from routing.flows.models import Flow, Trigger
from routing.flows.trigger_operators import CHANGES
from routing.flows.triggers import may_match
from routing.people.actors import Actor
from routing.people.clients import client_choices
from routing.runs.cause_chain import ITEM, WORK
from routing.runs.evidence_words import event_label
from routing.runs.fact_words import fact_word
from routing.runs.operations.capture import Signal, capture
from routing.work.gates import Words
from routing.work.items import WorkItem
from routing.work.registry import Reaction

# Keys of the body, which has ids, codes and states only, and no name of a person.
KIND, STATE, CLIENT, FLOW = "kind", "state", "client", "flow"

Choices: TypeAlias = Callable[[], Sequence[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class WorkFound:
    """Work to which something happened, with the values that are special to the kind of event."""

    item_id: int
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WorkEventKind:
    """
    A kind of event about our own work.

    ``word`` begins the names of its facts, such as ``qa.decision`` and ``qa.by``. ``fields`` are
    the values that are special to it.
    """

    kind: str
    label: Words
    word: str
    fields: tuple[EventField, ...] = ()

    @property
    def by_fact(self) -> str:
        return f"{self.word}.by"


Find: TypeAlias = Callable[[Sequence[Any]], Sequence[WorkFound]]
_kinds: dict[str, WorkEventKind] = {}


def work_event(
    name: str, label: Words, word: str, **fields: tuple[Words, Choices]
) -> WorkEventKind:
    """
    Declare a kind of event about work.

    :param fields: labels and choices of its values, by their key in the body
    """
    own = []
    for key, (named, choices) in fields.items():
        own.append(EventField(key, named, FieldType.TEXT, f"{word}.{key}", choices=choices))
        fact_word(f"{word}.{key}", named, _said(choices))
    made = WorkEventKind(f"{WORK}.{name}", label, word, tuple(own))
    fact_word(made.by_fact, _("By"))
    shared = (
        EventField(CLIENT, _("Client"), fact="client.code", choices=client_choices),
        EventField(FLOW, _("Flow of its run"), choices=_flows),
    )
    catalogue(CataloguedKind(made.kind, label, _("Throughline"), lambda: (*own, *shared)))
    event_label(made.kind, label)
    _kinds[made.kind] = made
    return made


def work_events() -> Mapping[str, WorkEventKind]:
    return _kinds


def _said(choices: Choices) -> Callable[[Any], str]:
    return lambda value: str(dict(choices()).get(str(value), value))


def _flows() -> Sequence[tuple[str, str]]:
    return tuple(Flow.objects.order_by("name").values_list("slug", "name"))


def records(kind: WorkEventKind) -> Callable[[Find], Reaction]:
    """Make a function that finds work into the reaction that records the event about it."""

    def decorate(find: Find) -> Reaction:
        @wraps(find)
        def reaction(rows: Sequence[Any], by: Actor, at: datetime) -> None:
            if triggers := waiting_for(kind):
                record(kind, find(rows), triggers, by=by, at=at)

        return reaction

    return decorate


def waiting_for(kind: WorkEventKind) -> Sequence[Trigger]:
    """Return the triggers of live flows that wait for a kind of event."""
    # One short query of two small tables. The live versions are few, and so are their triggers.
    return list(Trigger.objects.live().filter(kind=kind.kind))


def record(
    kind: WorkEventKind,
    found: Sequence[WorkFound],
    triggers: Sequence[Trigger],
    *,
    by: Actor,
    at: datetime,
) -> None:
    """Capture an event about each work item that one of the triggers may match."""
    items = WorkItem.objects.select_related("client", "run__flow").in_bulk(
        {each.item_id for each in found}
    )
    signals = []
    for each in found:
        body = _body(items[each.item_id], each.values)
        if any(_may_start(trigger, body) for trigger in triggers):
            key = f"{kind.kind}/{each.item_id}/{at.isoformat()}"
            signals.append(Signal(WORK, kind.kind, key, ITEM, str(each.item_id), at, body))
    capture(signals, by=by, at=at)


def _body(item: WorkItem, values: Mapping[str, str]) -> dict[str, str]:
    return {
        KIND: item.kind,
        STATE: item.state,
        CLIENT: item.client.code if item.client else "",
        FLOW: item.run.flow.slug if item.run else "",
        **values,
    }


def _may_start(trigger: Trigger, body: Mapping[str, str]) -> bool:
    # A trigger that waits for a change compares with the event before, so it needs all of them.
    if not trigger.field or trigger.operator in CHANGES:
        return True
    return may_match(trigger, body.get(trigger.field))
