"""The form of a trigger: kind of event, field and operator are chosen from the catalogue."""

from __future__ import annotations

import csv
import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from io import StringIO
from typing import Any

from django import forms
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from routing.flows.event_catalogue import EventField, catalogued, kind_words
from routing.flows.models import Trigger
from routing.flows.registry import event_kinds
from routing.flows.seen_fields import seen_fields
from routing.flows.trigger_operators import TriggerOperator
from routing.flows.triggers import trigger_fault
from routing.kernel.clean_text import one_line

MOST = 200  # characters of one value
Choices = list[tuple[str, Any]]


class SuggestedInput(UnfoldAdminTextInputWidget):
    """An input that suggests values, and takes any other."""

    suggestions: Sequence[tuple[str, str]] = ()

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        if not self.suggestions:
            return format_html("{}", super().render(name, value, attrs, renderer))
        key = f"{(attrs or {}).get('id', name)}-list"
        shown = super().render(name, value, {**(attrs or {}), "list": key}, renderer)
        options = format_html_join("", '<option value="{}">{}</option>', self.suggestions)
        return format_html('{}<datalist id="{}">{}</datalist>', shown, key, options)


class TriggerForm(forms.ModelForm[Trigger]):
    """
    Form of a trigger. A trigger that could never match is refused.

    A stored kind or field that the catalogue does not have stays a choice, so that it is seen.
    """

    kind = forms.ChoiceField(label=gettext_lazy("Event"), widget=UnfoldAdminSelectWidget())
    field = forms.ChoiceField(
        label=gettext_lazy("Field"), required=False, widget=UnfoldAdminSelectWidget()
    )
    operator = forms.ChoiceField(
        label=gettext_lazy("Operator"),
        choices=TriggerOperator.choices,
        required=False,
        widget=UnfoldAdminSelectWidget(),
    )
    value = forms.CharField(
        label=gettext_lazy("Value"),
        required=False,
        max_length=2_000,
        widget=SuggestedInput(),
        help_text=gettext_lazy("Separate several values with commas."),
    )

    # Replaced for each page.
    known: Mapping[str, Sequence[EventField]] = {}
    only_values = False  # what starts the flow stays, and only what it is compared with changes

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        row, fields = self.instance, self.known
        self.fields["kind"].choices = _kinds(row.kind)  # type: ignore[attr-defined]
        self.fields["field"].choices = _fields(fields, row.field)  # type: ignore[attr-defined]
        self.fields["value"].widget.suggestions = _suggestions(fields)
        for name in ("kind", "field"):
            self.fields[name].disabled = self.only_values
        shown = self._field(row.kind, row.field)
        values = row.values if row.operator == TriggerOperator.ONE_OF else [row.value]
        named = [shown.name_of(each) if shown else each for each in values]
        if row.operator == TriggerOperator.ONE_OF:
            self.initial["value"] = joined(named)
        elif row.value:
            [self.initial["value"]] = named

    def clean(self) -> None:
        super().clean()
        entered = self.cleaned_data
        if "kind" not in entered or "field" not in entered or "operator" not in entered:
            return
        entered["operator"] = entered["operator"] or TriggerOperator.EQUALS.value
        value, values = entered.get("value", ""), []
        if entered["operator"] == TriggerOperator.ONE_OF:
            value, values = "", divided(value)
        if max(map(len, (value, *values))) > MOST:
            words = _("A value has at most %(most)s characters.")
            self.add_error("value", words % {"most": MOST})
            return
        named, kind = entered["field"], entered["kind"]
        if chosen := self._field(kind, named):
            value, values = chosen.value_of(value), [chosen.value_of(each) for each in values]
        entered["value"], self.instance.values = value, values
        if named and not self._has_field(kind, named):
            words = _("“%(event)s” has no such field. Choose one of its own: %(fields)s.")
            own = ", ".join(str(each.label) for each in self.known.get(kind, ()))
            said = {"event": kind_words(kind), "fields": own or _("none")}
            self.add_error("field", words % said)
            return
        tried = Trigger(
            kind=kind, field=named, operator=entered["operator"], value=value, values=values
        )
        if fault := trigger_fault(tried):
            self.add_error("value" if named else "field", fault)

    def _has_field(self, kind: str, name: str) -> bool:
        if (kind, name) == (self.initial.get("kind"), self.initial.get("field")):
            return True
        return self._field(kind, name) is not None

    def _field(self, kind: str, name: str) -> EventField | None:
        return next((each for each in self.known.get(kind, ()) if each.name == name), None)


def fields_by_kind() -> Mapping[str, Sequence[EventField]]:
    """Return the fields of each kind: those it declares, or those that its last events had."""
    found: dict[str, Sequence[EventField]] = {}
    for kind in catalogued().values():
        known = kind.fields() or seen_fields(kind.name)
        # Each row of a page asks for them.
        found[kind.name] = [replace(each, choices=cache(each.choices)) for each in known]
    return found


def _suggestions(fields: Mapping[str, Sequence[EventField]]) -> Sequence[tuple[str, str]]:
    """Return the names of values, or the value with its name if it shares the name with another."""
    found: dict[str, str] = {}
    for each in itertools.chain.from_iterable(fields.values()):
        offered = each.choices()
        times = Counter(str(name) for _value, name in offered)
        found |= {
            (str(name) if times[str(name)] == 1 else value): str(name) for value, name in offered
        }
    return tuple(found.items())


def _kinds(now: str) -> Choices:
    """Return the kinds of events by source, in words."""
    groups: dict[str, Choices] = {}
    for kind in catalogued().values():
        groups.setdefault(str(kind.source), []).append((kind.name, str(kind.label)))
    bare = sorted(event_kinds() - catalogued().keys())
    if bare:
        groups[_("Others")] = [(kind, kind) for kind in bare]
    if now and now not in event_kinds():
        groups[_("Unknown")] = [(now, now)]
    found: Choices = [("", "–")]
    return found + [(source, sorted(groups[source], key=lambda each: each[1])) for source in groups]


def _fields(fields: Mapping[str, Sequence[EventField]], now: str) -> Choices:
    """Return the fields, each once, under the kinds that have them."""
    kinds_of: dict[tuple[str, str], list[str]] = {}
    for name, known in fields.items():
        for each in known:
            kinds_of.setdefault((each.name, str(each.label)), []).append(name)
    groups: dict[str, Choices] = {}
    for (name, label), kinds in kinds_of.items():
        groups.setdefault(_group(kinds), []).append((name, label))
    found: Choices = [("", _("any event of this kind")), *groups.items()]
    if now and not any(name == now for name, _label in kinds_of):
        found.append((now, now))
    return found


def _group(kinds: Sequence[str]) -> str:
    """Return the heading of fields: their kind, or the source if several kinds have them."""
    if len(kinds) == 1:
        return kind_words(kinds[0])
    sources = dict.fromkeys(str(catalogued()[kind].source) for kind in kinds)
    return _("Several events (%(source)s)") % {"source": ", ".join(sources)}


def joined(values: Sequence[str]) -> str:
    """Return values separated by commas. One that has a comma itself is quoted."""
    line = StringIO()
    csv.writer(line, lineterminator="").writerow(values)
    return line.getvalue().replace(",", ", ") if '"' not in line.getvalue() else line.getvalue()


def divided(text: str) -> list[str]:
    """Return values that are separated by commas, each once."""
    [row] = csv.reader([one_line(text)], skipinitialspace=True) if text else [[]]
    values = dict.fromkeys(value.strip() for value in row)
    return [value for value in values if value]
