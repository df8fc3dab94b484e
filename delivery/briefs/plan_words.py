"""The parts of a brief's plan in words, for its history."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from delivery.deliverables.formats import Format
from delivery.engagements.money import currency_of, said_with_unit
from routing.kernel.days import read_day
from routing.people.destinations import Destination
from routing.work.gates import Words
from routing.work.items import WorkItem
from routing.work.saves import PartWords, said_plainly

LABELS: Mapping[str, Words] = {
    "title": gettext_lazy("title"),
    "format": gettext_lazy("type"),
    "destination": gettext_lazy("destination"),
    "amount": gettext_lazy("planned amount"),
    "hours": gettext_lazy("planned hours"),
    "due": gettext_lazy("planned date"),
    "replaces": gettext_lazy("replaces"),
    "role": gettext_lazy("made by"),
    "days": gettext_lazy("days from the launch date"),
    "unit": gettext_lazy("counted in"),
    "by_hand": gettext_lazy("date moved by hand"),
}


def part_of_plan(brief: Any, name: str, value: Any) -> PartWords | None:
    """
    Return one value of a planned deliverable in words.

    :param brief: the brief or a record of its history
    """
    if name == "key":
        return PartWords("")  # links the plans of two briefs, and says nothing to a person
    if name not in LABELS:
        return None
    text = said_with_unit(name, value, lambda: currency_of(brief))
    if text is None and value not in (None, ""):
        text = _TEXTS[name](brief, value) if name in _TEXTS else None
    return PartWords(str(LABELS[name]), said_plainly(value) if text is None else text)


def _destination(brief: Any, pk: Any) -> str:
    return _named(brief, "destination", pk, lambda: Destination.objects.filter(pk=pk).first())


def _replaced(brief: Any, pk: Any) -> str:
    found = WorkItem.objects.filter(as_deliverable=pk)
    return _named(brief, "replaces", pk, found.first)


def _named(brief: Any, kind: str, pk: Any, find: Callable[[], object | None]) -> str:
    """Return a name that is looked up once for each record."""
    known = brief.__dict__.setdefault("_named_in_plan", {})
    if (kind, pk) not in known:
        known[kind, pk] = str(find() or _("one that is gone"))
    name: str = known[kind, pk]
    return name


def _day(_brief: Any, value: Any) -> str:
    try:
        return said_plainly(read_day(str(value)))
    except ValueError:
        return str(value)


def _format(_brief: Any, value: Any) -> str:
    return str(dict(Format.choices).get(value, value))


_TEXTS: Mapping[str, Callable[[Any, Any], str]] = {
    "destination": _destination,
    "replaces": _replaced,
    "due": _day,
    "format": _format,
}
