"""What people did by hand, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.utils.text import Truncator
from django.utils.translation import gettext as _

from routing.flows.fields import FieldSpec
from routing.flows.versions import published
from routing.kernel.events import Event
from routing.people.staff import User
from routing.runs.event_words import CLOCKS, sentence_of, states_of
from routing.runs.fact_words import PERSON, fact_label, value_text
from routing.runs.outcomes import Outcome
from routing.runs.questions.asked import AskedWork
from routing.runs.questions.known import shown
from routing.runs.questions.registry import Statement, because, statements
from routing.sla.operations.first_response import RESPONDED
from routing.work.display import exact
from routing.work.items import WorkItem
from routing.work.kinds import models_by_kind
from routing.work.rich_text import plain
from routing.work.saves import FieldChange

MOST = 160  # characters of a value that was changed
MOST_ACTS = 100


@statements("by_hand")
def acts(work: AskedWork) -> Iterator[Statement]:
    """Every act of a person on the work itself, with its reason and its changes."""
    for event in work.events[-MOST_ACTS:]:
        if event.kind.startswith(CLOCKS) or not is_person(event.actor):
            continue
        yield _act(work, event)
    people = set(
        User.objects.people()
        .filter(pk__in={save.by_id for save in work.matched[1]})
        .values_list("pk", flat=True)
        if work.matched[1]
        else ()
    )
    for save in work.matched[1]:
        if save.by_id in people:
            text = _("%(who)s made a change at %(at)s.") % {
                "who": work.names.user(save.by_id),
                "at": exact(save.at),
            }
            said = " ".join([text, *_changes(work.names.changes(save)), *_why(save.reason)])
            yield Statement(said, (save.record,), save.at)


def _act(work: AskedWork, event: Event) -> Statement:
    noun = work.model
    said = [_("%(what)s at %(at)s.") % {"what": sentence_of(event, noun), "at": exact(event.at)}]
    if way := states_of(event, noun):
        said.append(_("State: %(way)s.") % {"way": way})
    own = work.record_of(event)
    why, records = because(own)
    for save in work.saves_of(event):
        changes = _changes(work.names.changes(save))
        said += changes
        if changes and save is not own:
            records = (*records, save.record)
    if _of_work(event, work):
        said += why
    return Statement(" ".join(said), (event, *records), event.at)


def _of_work(event: Event, work: AskedWork) -> bool:
    """Return whether an event is a step of the work, and so has a record. A note has none."""
    if event.kind == RESPONDED.kind:
        return False
    return event.kind.split(".")[1] in {work.kind, str(WorkItem._meta.model_name)}


def _why(reason: str) -> Sequence[str]:
    return [_("Reason: %(why)s") % {"why": reason}] if reason else []


def _changes(changes: Sequence[FieldChange]) -> list[str]:
    text = _("%(label)s: from %(before)s to %(after)s.")
    found = []
    for each in changes:
        values = {
            "label": each.label,
            "before": Truncator(plain(each.before)).chars(MOST),
            "after": Truncator(plain(each.after)).chars(MOST),
        }
        found.append(text % values)
    return found


def is_person(user: User) -> bool:
    return user.kind == User.Kind.PERSON


@statements("by_hand")
def filled_in(work: AskedWork) -> Iterator[Statement]:
    """Facts of the run that a person filled in."""
    known: dict[str, object] = {}
    plan = published(work.run.version_id) if work.run is not None and work.enrichments else None
    specs = {spec.name: spec for spec in plan.fields} if plan else {}
    for row in work.enrichments:
        if is_person(row.by):
            given = [
                _given(name, row.facts, specs)
                for name, source in row.sources.items()
                if source == PERSON and name in row.facts and row.facts[name] != known.get(name)
            ]
            text = _("%(who)s filled in at %(at)s: %(what)s.") % {
                "who": row.by,
                "at": exact(row.at),
                "what": ", ".join(given) or _("the client"),
            }
            yield Statement(" ".join([text, *_why(row.reason)]), (row,), row.at)
        known = dict(row.facts)


def _given(name: str, facts: Mapping[str, Any], specs: Mapping[str, FieldSpec]) -> str:
    return f"{fact_label(name, specs)} {shown(value_text(name, facts[name], specs, facts))}"


@statements("by_hand")
def on_parts(work: AskedWork) -> Iterator[Statement]:
    """Acts of people on the exceptions of this work, and on all parts of a run."""
    cases = {case.item_id for case in work.cases}
    items = set(work.items_by_id) if work.kind == "run" else cases
    items = (items | cases) - {work.item.pk}
    if not items:
        return
    rows = (
        Event.objects.filter(item__in=items, actor__kind=User.Kind.PERSON)
        .exclude(kind__startswith=CLOCKS)
        .select_related("actor", "item")
        .order_by("-id")[:MOST_ACTS]
    )
    for event in reversed(rows):
        if event.item is None:
            continue
        noun = models_by_kind().get(event.item.kind)
        text = _("%(ref)s: %(what)s at %(at)s.") % {
            "ref": event.item.ref,
            "what": sentence_of(event, noun),
            "at": exact(event.at),
        }
        yield Statement(text, (event,), event.at)


@statements("by_hand")
def on_outcomes(work: AskedWork) -> Iterator[Statement]:
    """Proofs that a person waived."""
    history = getattr(Outcome, "history")  # noqa: B009
    waived = history.filter(
        item__in=list(work.items_by_id), state=Outcome.State.WAIVED
    ).select_related("history_user")
    for record in waived.order_by("history_id"):
        text = _("%(part)s%(who)s waived the proof “%(what)s” at %(at)s. Reason: %(why)s") % {
            "part": work.called(record.item_id),
            "who": record.history_user,
            "what": record.get_kind_display(),
            "at": exact(record.history_date),
            "why": record.history_change_reason,
        }
        yield Statement(text, (record,), record.history_date)
