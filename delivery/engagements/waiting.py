"""The numbers that triggers of live flows wait for, such as the days before an engagement ends."""

from __future__ import annotations

from routing.flows.models import Trigger


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
