"""What the work waits for, and who can clear that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from routing.kernel.events import Event
from routing.kernel.transitions import transitions_of
from routing.messages.models import Notification
from routing.people.actors import Actor
from routing.people.staff import User
from routing.runs.models import RunStep
from routing.runs.questions.asked import AskedWork
from routing.runs.questions.registry import Statement, statements
from routing.work.display import exact
from routing.work.door import Operation, operations_of
from routing.work.items import WorkItem, WorkItemQuerySet
from routing.work.judging import preview
from routing.work.turn_times import turns_began
from routing.work.turns import turn_of, values_of, with_turns

SHOWN = 20  # parts


def in_charge(item: WorkItem) -> str:
    """Return owner and backup as those who can act."""
    return _("%(owner)s, or %(backup)s as backup") % {
        "owner": item.owner or _("nobody"),
        "backup": item.backup or _("nobody"),
    }


def state_of(work: AskedWork) -> str:
    words = dict(work.model.State.choices) if work.model is not None else {}
    return str(words.get(work.item.state, work.item.state))


def ending(work: AskedWork) -> Event | None:
    """Return the event with which the work ended, or None if it is open or the event is missing."""
    if work.item.is_open or work.model is None:
        return None
    for event in reversed(work.events):
        ended = event.to_state == work.item.state and event.from_state != event.to_state
        if ended and event.kind.split(".")[1] == work.kind:
            return event
    return None


@statements("waiting")
def over(work: AskedWork) -> Iterator[Statement]:
    """The end of work that is over."""
    item = work.item
    if item.is_open:
        return
    event = ending(work)
    if event is None:
        text = _("For nothing: it is over (%(state)s). The event of that is not among the records.")
        yield Statement(text % {"state": state_of(work)}, (item,), item.changed_at)
        return
    text = _("For nothing: %(who)s ended it at %(at)s (%(state)s).")
    values = {"who": event.actor, "at": exact(event.at), "state": state_of(work)}
    yield Statement(text % values, (event, item), event.at)


@statements("waiting")
def hold(work: AskedWork) -> Iterator[Statement]:
    item = work.item
    if item.held_at is None:
        return
    text = _("It has been on hold since %(at)s. Reason: %(why)s. %(who)s can resume it.") % {
        "at": exact(item.held_at),
        "why": item.hold_reason or _("none was recorded"),
        "who": in_charge(item),
    }
    if item.held_by is not None and item.held_by_id != item.pk:
        text += " " + _("It is held together with %(whole)s.") % {"whole": item.held_by}
    yield Statement(text, (item,), item.held_at)


@statements("waiting")
def whose_turn(work: AskedWork) -> Iterator[Statement]:
    """The line of the table of turns that counts now, with the people whose turn it is."""
    item = work.item
    if not item.is_open or item.held_at is not None:
        return
    row = with_turns(WorkItemQuerySet(WorkItem).filter(pk=item.pk).select_related(None)).first()
    turn = turn_of(row) if row is not None else None
    if row is None or turn is None:
        return
    since = turns_began([row]).get(item.pk) or item.created_at
    users = turn.party.people([row]).get(item.pk, ())
    people = list(User.objects.filter(pk__in=users).order_by("full_name")) if users else []
    parts = [part for part in work.below if part.is_open and part.kind in turn.parts]
    values = {
        **values_of([row]).get(item.pk, {}),
        "since": exact(since),
        "who": ", ".join(str(person) for person in people) or turn.party.label,
        "parts": ", ".join(part.ref for part in parts) or turn.party.label,
    }
    said = str(turn.waits) % values
    yield Statement(f"{said}.", (item, *people, *parts), since)


@statements("waiting")
def notified(work: AskedWork) -> Iterator[Statement]:
    """Name everybody who was notified of the present turn. Clocks have their own escalations."""
    rows = Notification.objects.filter(item=work.item.pk).of_steps().current(work.at)
    for row in rows.exclude(while_state="").select_related("recipient").order_by("id"):
        values = {
            "who": row.recipient,
            "words": row.get_words_display(),
            "at": exact(row.at),
        }
        text = _("%(who)s was notified at %(at)s: “%(words)s”.")
        if row.sent_at is not None:
            text = _("%(who)s was notified at %(at)s: “%(words)s”. E-mailed at %(sent)s.")
            values["sent"] = exact(row.sent_at)
        yield Statement(text % values, (row, row.recipient), row.at)


@statements("waiting")
def exceptions(work: AskedWork) -> Iterator[Statement]:
    """Open exceptions, those that block first."""
    if not work.item.is_open:
        return
    opened = [case for case in work.cases if case.is_open]
    for case in sorted(opened, key=lambda each: not each.blocking):
        text = _(
            "Exception %(ref)s, “%(reason)s”, has been open since %(at)s. %(who)s resolves it."
        )
        if case.blocking:
            text = _(
                "Exception %(ref)s, “%(reason)s”, has stopped it since %(at)s. %(who)s resolves it."
            )
        values = {
            "ref": case.item.ref,
            "reason": case.get_reason_display(),
            "at": exact(case.item.created_at),
            "who": in_charge(case.item),
        }
        yield Statement(text % values, (case, case.item), case.item.created_at)


@statements("waiting")
def steps(work: AskedWork) -> Iterator[Statement]:
    """Steps of the run that the system still has to run."""
    if work.run is None or not work.item.is_open or work.kind == "exceptioncase":
        return
    due = RunStep.objects.filter(run=work.run, state=RunStep.State.DUE).order_by("due_at", "pk")
    for step in due:
        values = {"step": step.get_name_display(), "at": exact(step.due_at)}
        text = _("The system runs the step “%(step)s” from %(at)s on. Nobody needs to act.")
        if step.last_error:
            text = _(
                "The step “%(step)s” failed: %(error)s. The system tries it again at %(at)s. "
                "Nobody needs to act."
            )
            values["error"] = step.last_error
        yield Statement(text % values, (step,), step.due_at)


@statements("waiting")
def parts(work: AskedWork) -> Iterator[Statement]:
    """Open work below it."""
    if not work.item.is_open:
        return
    cases = {case.item_id for case in work.cases}
    open_parts = [part for part in work.below if part.is_open and part.pk not in cases]
    for part in open_parts[:SHOWN]:
        text = _("%(part)s is open and waits on: %(party)s. %(who)s.")
        values = {
            "part": part,
            "party": part.get_waiting_on_display(),
            "who": in_charge(part),
        }
        yield Statement(text % values, (part,), part.changed_at)
    if (more := len(open_parts) - SHOWN) > 0:
        text = _("%(count)s more parts are open.") % {"count": more}
        yield Statement(text, tuple(open_parts[SHOWN:]), work.item.changed_at)


@statements("waiting")
def outside(work: AskedWork) -> Iterator[Statement]:
    """The party outside the agency that the work waits on."""
    item = work.item
    if not item.is_open or item.waiting_on == WorkItem.WaitingOn.AGENCY:
        return
    text = _("It waits on: %(party)s. %(who)s can remind them or record what they said.")
    values = {"party": item.get_waiting_on_display(), "who": in_charge(item)}
    yield Statement(text % values, (item,), item.changed_at)


def _possible(work: AskedWork) -> Iterator[Operation[Any]]:
    """Return the steps of staff that the state allows and no gate refuses for good."""
    verbs, asks = transitions_of(work.model), work.item.owner
    by = Actor.of(asks) if asks is not None else Actor.system()
    for verb, step in operations_of(work.model).items():
        sources = verbs[verb].sources if verb in verbs else ()
        if step.system or not step.may or work.item.state not in sources:
            continue
        [(_step, answers)] = preview([step], work.noun, by=by, at=work.at)
        if not any(answer.is_final for answer in answers if answer.code != "permission"):
            yield step


@statements("waiting")
def next_steps(work: AskedWork) -> Iterator[Statement]:
    """The steps that are possible or that somebody can make possible, and who takes them."""
    item = work.item
    if not item.is_open or work.noun is None:
        return
    labels = [str(step.label) for step in _possible(work)]
    values = {"state": state_of(work), "who": in_charge(item), "steps": ", ".join(labels)}
    text = _("Its state is “%(state)s”. %(who)s takes the next step: %(steps)s.")
    if not labels:
        text = _("Its state is “%(state)s”. The system takes the next step.")
    yield Statement(text % values, (item, work.noun), item.changed_at)
