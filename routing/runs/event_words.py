"""Events of work as past-tense sentences."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from routing.kernel.events import Event
from routing.people.staff import User
from routing.runs.operations.identify import NAME_CLIENT
from routing.sla.escalation_entries import WORDS
from routing.sla.ladder import Level
from routing.sla.operations.first_response import RESPONDED, ResponseChannel
from routing.work.door import all_operations
from routing.work.gates import Words
from routing.work.operations.notes import ADDED

CLOCKS = "routing.clock."  # kinds of events about escalations, whose state is the level


def _done(kind: str) -> Words:
    # Read each time: an operation may be declared after the first sentence was written.
    found = (step.done for step in (NAME_CLIENT, *all_operations()) if step.kind == kind)
    return next(found, "")


def sentence_of(event: Event, noun: Any) -> str:
    """
    Return who did what.

    :param noun: the row or the model that the event is about, or None if it is unknown
    """
    if event.kind.startswith(CLOCKS):
        return str(WORDS[Level[event.to_state.upper()]])
    who = str(event.actor)
    if event.kind == RESPONDED.kind:
        how = dict(ResponseChannel.choices).get(event.to_state, event.to_state)
        if event.actor.kind == User.Kind.PERSON:
            text = _("The first response by %(who)s reached the client: %(how)s")
            return text % {"who": who, "how": how}
        return _("The first response reached the client: %(how)s") % {"how": how}
    if event.kind == ADDED:
        return _("%(who)s wrote a note") % {"who": who}
    if event.kind.endswith(".create"):
        name = noun._meta.verbose_name if noun is not None else _("work item")
        return _("%(who)s created the %(noun)s") % {"who": who, "noun": name}
    return str(_done(event.kind) or _("%(who)s made a change")) % {"who": who}


def states_of(event: Event, noun: Any) -> str:
    """Return the states before and after an event in words, or nothing if the state stayed."""
    if event.from_state == event.to_state or not event.from_state:
        return ""
    words = dict(noun.State.choices) if hasattr(noun, "State") else {}
    before = words.get(event.from_state, event.from_state)
    after = words.get(event.to_state, event.to_state)
    return f"{before} → {after}"
