"""Headlines: what the numbers of a panel mean, in one sentence."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.desk.dashboards.reading import Number
from routing.figures.shown import shown
from routing.work.gates import Words

ROSE: Words = gettext_lazy("%(what)s rose from %(before)s to %(now)s %(when)s")
FELL: Words = gettext_lazy("%(what)s fell from %(before)s to %(now)s %(when)s")
SAME: Words = gettext_lazy("%(what)s stayed at %(now)s %(when)s")


def change(what: Words, before: Number | None, now: Number | None, when: Words) -> str:
    """
    Return how a number changed: “Breaches rose from 3 to 7 last week”.

    Too few rows for a rate are said, and no change is claimed.
    """
    if now is None or now.value is None:
        values = {"what": what, "when": when, "why": now.why if now else _("No rows.")}
        return _("%(what)s %(when)s: %(why)s") % values
    text = shown(now.value, now.unit)
    if before is None or before.value is None:
        return _("%(what)s: %(now)s %(when)s") % {"what": what, "now": text, "when": when}
    past = shown(before.value, before.unit)
    words = SAME if past == text else ROSE if now.value > before.value else FELL
    return str(words) % {"what": what, "before": past, "now": text, "when": when}


def got_worse(before: Number, now: Number, *, more_is_worse: bool) -> bool:
    """Return whether a number got worse. One that has no value says nothing."""
    if before.value is None or now.value is None:
        return False
    # Of numbers that read the same, none is worse.
    if shown(before.value, before.unit) == shown(now.value, now.unit):
        return False
    return (now.value > before.value) == more_is_worse
