"""Facts of a run in words: their labels, their values, and where they came from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils import formats
from django.utils.translation import gettext as _

from routing.flows.event_catalogue import kind_words
from routing.flows.fields import FieldSpec, FieldType
from routing.flows.registry import event_kinds
from routing.people.actors import Actor
from routing.people.staff import User
from routing.runs.models import Enrichment, Run
from routing.work.gates import Words

MONEY, ADDRESSES = (".amount", ".budget"), (".email", ".phone")
HOURS, CURRENCY = ".hours", ".currency"
PERSON = "person"  # in ``sources``: somebody filled it in
# Labels and texts of facts that packages above read and that no flow needs to name.
_words: dict[str, tuple[Words, Callable[[Any], str]]] = {}


def fact_word(name: str, label: Words, text: Callable[[Any], str] = str) -> None:
    """Register the label of a fact and the text of its value, such as a name in place of an id."""
    _words[name] = (label, text)


def is_known_fact(name: str) -> bool:
    """Return whether a label was registered for the fact."""
    return name in _words


def fact_label(name: str, specs: Mapping[str, FieldSpec]) -> str:
    """Return the label that the flow gives a fact, or the one that was registered."""
    if name in specs:
        return specs[name].label
    return str(_words[name][0]) if name in _words else name.replace(".", " ").replace("_", " ")


def fact_text(name: str, value: Any) -> str:
    if value is None or name not in _words:
        return "" if value is None else str(value)
    return _words[name][1](value)


def field_text(spec: FieldSpec, value: Any) -> str:
    """Return the value of a field of a flow as people read it. Facts hold days as ISO text."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if spec.type is FieldType.DATE:
        try:
            return formats.date_format(date.fromisoformat(str(value)), "D j M Y")
        except ValueError:
            return str(value)
    return fact_text(spec.name, value)


def value_text(
    name: str, value: Any, specs: Mapping[str, FieldSpec], facts: Mapping[str, Any]
) -> str:
    """
    Return the value of any fact as people read it, of a field of the flow or not.

    :param facts: all that were known with it, such as the currency of an amount
    """
    if name in specs:
        return with_unit(name, field_text(specs[name], value), facts)
    return with_unit(name, fact_text(name, value), facts)


def with_unit(name: str, text: str, facts: Mapping[str, Any]) -> str:
    """Return an amount with its currency and hours with their unit; any other text as it is."""
    if not name.endswith((*MONEY, HOURS)):
        return text
    try:
        number = formats.number_format(Decimal(text), force_grouping=True)
    except InvalidOperation:
        return text
    if name.endswith(HOURS):
        return _("%(number)s h") % {"number": number}
    currency = facts.get(name.rpartition(".")[0] + CURRENCY) or ""
    return f"{number} {currency}".rstrip()


def may_read(by: Actor | None, name: str, specs: Mapping[str, FieldSpec]) -> bool:
    """
    Return whether somebody may read the value of a fact.

    :param by: None for the operator of a command, who reads everything
    """
    if by is None:
        return True
    if name.endswith(MONEY):
        return by.may("delivery.view_engagement")
    # A fact that the flow does not know may be anything, such as an address or a number.
    if name.endswith(ADDRESSES) or (name not in specs and not is_known_fact(name)):
        return by.may("routing.view_contact")
    return True


def source_text(source: str) -> str:
    """Return a stored source in words: of an event, its name in place of its kind and ids."""
    kind, comma, _about = source.partition(", ")
    if comma and kind in event_kinds():
        return _("the event “%(event)s”") % {"event": kind_words(kind)}
    return source


def origin_of(row: Enrichment, name: str, run: Run | None) -> str:
    """
    Return the source of a fact, never empty.

    :param row: an enrichment with that fact and its ``by``
    :param name: of the fact, or ``client``
    """
    source = str(row.sources.get(name, ""))
    if source == PERSON:
        if row.by.kind != User.Kind.PERSON:
            return _("filled in by a person before, kept by %(who)s") % {"who": row.by}
        said = _("filled in by %(who)s") % {"who": row.by}
        if row.reason:
            said += " " + _("because: %(why)s") % {"why": row.reason}
        return said
    if source:
        return source_text(source)
    if run is None:
        return _("read by %(who)s") % {"who": row.by}
    # Rows of subjects that no other system is asked about: the event itself had the facts.
    return _("the event of %(source)s about %(type)s %(id)s") % {
        "source": run.source,
        "type": run.subject_type,
        "id": run.subject_id,
    }
