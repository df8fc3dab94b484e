"""
What triggers of live flows wait for about engagements, such as the days before one ends, and the
events that tell them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from routing.flows.models import Trigger
from routing.kernel.events import Event
from routing.people.actors import Actor
from routing.runs.operations.capture import Signal, capture

SOURCE = "engagement"


def numbers_waited_for(kind: str, field: str, *, usual: int, most: int) -> set[int]:
    """
    Return the whole numbers that triggers of live flows name for this field of a kind of event.

    :param usual: counts for a trigger that names none
    :param most: larger ones are left out
    """
    found: set[int] = set()
    for trigger in Trigger.objects.live().filter(kind=kind):
        if trigger.field != field:
            found.add(usual)
            continue
        named = [trigger.value, *trigger.values]
        found.update(int(each) for each in named if each.isdecimal())
    return {each for each in found if each <= most}


def capture_unknown(signals: Iterable[Signal], at: datetime) -> int:
    """Capture the signals about engagements that no event has yet, and return their number."""
    found = {each.dedupe_key: each for each in signals}
    known = Event.objects.filter(source=SOURCE, dedupe_key__in=list(found))
    for key in known.values_list("dedupe_key", flat=True) if found else ():
        found.pop(key or "", None)
    capture(list(found.values()), by=Actor.system(), at=at)
    return len(found)
