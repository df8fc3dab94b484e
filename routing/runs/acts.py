"""Acts of people on the work of a run, and how the run ended, with reasons."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import F, Q, Value
from django.urls import reverse
from django.utils.translation import gettext as _

from routing.kernel.events import Event
from routing.people.staff import User
from routing.runs.event_words import CLOCKS, sentence_of, states_of
from routing.runs.evidence_words import model_of_kind
from routing.runs.exceptions import ExceptionCase
from routing.runs.models import Run
from routing.runs.registry import TraceEntry
from routing.sla.operations.first_response import RESPONDED
from routing.work.kinds import models_by_kind

# Events of the system that tell how a run or an exception went on or ended, and when the client had
# a first response.
BY_SYSTEM = (
    "routing.run.await_outcome",
    "routing.run.complete",
    "routing.run.reopen",
    "routing.run.cancel",
    "routing.run.close_unproven",
    "routing.exceptioncase.withdraw",
    "routing.exceptioncase.escalate",
    "routing.exceptioncase.resolve",
    RESPONDED.kind,
)
Moment = tuple[int, datetime, int]  # a row, an instant and an actor, by their ids
StateAndReason = tuple[str, str]
MOST = 300  # acts of one run; the pages of its work show all of theirs


def acts(run: Run) -> Sequence[TraceEntry]:
    """Return what people did to the run and its work, and its ends, with who, when and why."""
    told = Q(actor__kind=User.Kind.PERSON) | Q(kind__in=BY_SYSTEM)
    found = (
        Event.objects.filter(told, item__run=run)
        .exclude(kind__startswith=CLOCKS)
        .select_related("actor", "item")
        .order_by("-id")[:MOST]
    )
    events = list(found)[::-1]
    reasons = reasons_of_events(events)
    cases = ExceptionCase.objects.filter(run=run).in_bulk()
    return [_act(event, reasons.get(event.pk, ""), cases) for event in events]


def _act(event: Event, why: str, cases: Mapping[int, ExceptionCase]) -> TraceEntry:
    item = event.item
    noun: Any = models_by_kind().get(item.kind) if item else None
    about = item.ref if item else ""
    case = cases.get(event.object_id or 0)
    if event.kind.startswith("routing.exceptioncase.") and case is not None:
        words = dict(ExceptionCase.State.choices)
        about = _("%(ref)s, %(reason)s (%(state)s)") % {
            "ref": about,
            "reason": case.get_reason_display(),
            "state": words.get(event.to_state, event.to_state),
        }
    data = {
        "work": item.ref if item else "",
        "by": str(event.actor),
        "way": states_of(event, noun) if noun is not None else "",
        "reason": why,
    }
    return TraceEntry(
        event.at,
        "act",
        f"{about}: {sentence_of(event, noun)}",
        data,
        reverse("admin:routing_workitem_change", args=[item.pk]) if item else "",
    )


def reasons_of_events(events: Sequence[Event]) -> Mapping[int, str]:
    """
    Return the reason of each event by its id, from the history of the row that it is about.

    It takes one statement for each model of these rows, however many events there are.
    """
    # No column links an event with its record. Both have the same time, actor and state, and the
    # order of their ids is that of the steps.
    by_model: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        by_model[event.kind.rpartition(".")[0]].append(event)
    found: dict[int, str] = {}
    for name, same in by_model.items():
        model = tracked_model(name)
        if model is None:
            continue
        left = _reasons(model, {event.object_id for event in same})
        for event in same:
            records = left.get((event.object_id or 0, event.at, event.actor_id))
            if records:
                found[event.pk] = _taken(records, event.to_state)
    return found


def _reasons(model: Any, ids: Collection[int | None]) -> Mapping[Moment, list[StateAndReason]]:
    """Return the states and reasons of records, oldest first, by row, time and actor."""
    state = F("state") if hasattr(model, "State") else Value("")
    records = model.history.filter(id__in=ids).order_by("history_id")
    columns = ("id", "history_date", "history_user_id", "now", "history_change_reason")
    found: dict[Moment, list[StateAndReason]] = defaultdict(list)
    for row, at, by, now, why in records.annotate(now=state).values_list(*columns):
        found[row, at, by].append((now, why))
    return found


def _taken(records: list[StateAndReason], state: str) -> str:
    """Return the reason of the record that led to this state, which no other event has then."""
    place = next((place for place, record in enumerate(records) if record[0] == state), 0)
    return records[place][1] if len(records) == 1 else records.pop(place)[1]


def tracked_model(name: str) -> Any:
    """Return the model with a history that an event of ``<app>.<model>`` is about, or None."""
    model = model_of_kind(f"{name}.")
    return model if hasattr(model, "history") else None
