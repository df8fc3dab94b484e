"""Differences of flow versions in words, for the desk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.flows.actions import kind_named
from routing.flows.actions import kind_words as action_kind_words
from routing.flows.event_catalogue import kind_words
from routing.flows.files.difference import FlowChange
from routing.flows.files.shape import TriggerShape
from routing.flows.models import Flow, FlowField, FlowVersion, Trigger, VersionAction
from routing.flows.operator_words import OPERATORS
from routing.flows.recurrences import KEY, Recurrence
from routing.flows.registry import version_rows
from routing.flows.rules import Rule
from routing.flows.trigger_words import trigger_words

FORMAT = "format"  # a key of the file
NO_COLUMNS: Mapping[str, str] = {}

# Rows of a version by their key in the file, with the columns whose keys have other names there.
_ROWS: Mapping[str, tuple[Any, Mapping[str, str]]] = {
    "actions": (VersionAction, {"do": "kind", "with": "inputs"}),
    "triggers": (Trigger, {"equals": "value"}),
    "fields": (FlowField, {}),
    "rules": (Rule, {}),
    "recurrences": (Recurrence, {}),
}
_OF_VERSION = {"sla_policy": "policy", "brief": "template"}  # likewise
_OTHERS: Mapping[str, Any] = {  # parts of a row that are no column of it
    "when": gettext_lazy("conditions"),
    "order": gettext_lazy("order"),
}


@dataclass(frozen=True, slots=True)
class ChangeWords:
    """A change for a reader: what it is about, its class, and both values."""

    what: str
    change_class: str
    was: str
    now: str


def changes_in_words(
    changes: Iterable[FlowChange], labels: Mapping[str, str] = NO_COLUMNS
) -> list[ChangeWords]:
    """
    Return what a reader sees of changes: not the format, nor what was and is empty. ``labels`` are
    those of facts, by their names.
    """
    said = []
    for each in changes:
        words = change_words(each, labels)
        is_new_and_empty = words.was == _("none") and each.now in (None, "", [], False)
        if each.path != FORMAT and not is_new_and_empty:
            said.append(words)
    return said


def change_words(change: FlowChange, labels: Mapping[str, str] = NO_COLUMNS) -> ChangeWords:
    key = change.path.partition("[")[0].partition(".")[0]
    was, now = change.was, change.now
    if change.path.startswith("triggers["):
        return ChangeWords(
            str(Trigger._meta.verbose_name),
            str(change.change_class.label),
            _trigger(was),
            _trigger(now),
        )
    if key == KEY:
        part = change.path.rpartition("].")[2]
        return ChangeWords(
            _about(change.path, labels),
            str(change.change_class.label),
            _recurrence(was, part),
            _recurrence(now, part),
        )
    if key == "actions" and change.path.endswith("].with"):
        # The values of inputs mean something only beside the kind that declares them.
        kind = change.path.partition("[")[2].partition("]")[0].partition(" ")[0]
        return ChangeWords(
            _about(change.path, labels),
            str(change.change_class.label),
            _inputs(kind, was),
            _inputs(kind, now),
        )
    choices = _choices(key) if change.path == key else {}
    shown = [
        choices[each] if isinstance(each, str) and each in choices else _shown(each, key, labels)
        for each in (was, now)
    ]
    return ChangeWords(_about(change.path, labels), str(change.change_class.label), *shown)


def _choices(key: str) -> Mapping[Any, str]:
    """Return the names of the values of a column of the flow."""
    columns: dict[str, Any] = {field.name: field for field in Flow._meta.fields}
    column = columns.get(key)
    return {value: str(name) for value, name in (column.choices or ())} if column else {}


def _trigger(row: Any) -> str:
    """Return a trigger of a file in words."""
    if not isinstance(row, dict):
        return _shown(row)
    return trigger_words(TriggerShape.model_validate(row))


def _about(path: str, labels: Mapping[str, str]) -> str:
    """Return what a path such as ``rules[High value].team`` is about: rule “High value”, team."""
    key, bracket, rest = path.partition("[")
    if not bracket:
        key, _dot, part = path.partition(".")
        names = [_name(key), _part_name(key, part)] if part else [_name(key)]
        return ", ".join(names)
    name, _bracket, part = rest.rpartition("]")
    row = f"{_name(key)} “{_row_name(key, name, labels)}”"
    return f"{row}, {_part_name(key, part[1:])}" if part else row


def _row_name(key: str, name: str, labels: Mapping[str, str]) -> str:
    """
    Return the name of a row: of a fact and of an action its label, with the number of the action if
    there are several.
    """
    if key == "fields":
        return labels.get(name, name)
    if key != "actions":
        return name
    kind, space, number = name.partition(" ")
    return f"{action_kind_words(kind)}{space}{number}"


def _name(key: str) -> str:
    """Return the name of a key of the file: of the kind of its rows, or of its column."""
    rows = _rows(key)
    if rows is not None:
        return str(
            rows[0]._meta.verbose_name if key in _ROWS else rows[0]._meta.verbose_name_plural
        )
    column = _OF_VERSION.get(key, key)
    for model in (FlowVersion, Flow):
        if column in {field.name for field in model._meta.fields}:
            return _label(model, column)
    return key


def _part_name(key: str, part: str) -> str:
    rows = _rows(key)
    if part in _OTHERS or rows is None:
        return str(_OTHERS.get(part, part))
    model, columns = rows
    return _label(model, columns.get(part, part))


def row_words(key: str, row: Mapping[str, Any]) -> str:
    """Return a row of a version, as in its file, in words."""
    return _shown(row, key)


def _rows(key: str) -> tuple[Any, Mapping[str, str]] | None:
    above = {each.name: (each.model, each.columns) for each in version_rows()}
    return _ROWS.get(key) or above.get(key)


def _label(model: Any, column: str) -> str:
    return str(model._meta.get_field(column).verbose_name)


def _shown(value: Any, key: str = "", labels: Mapping[str, str] = NO_COLUMNS) -> str:
    if key == "triggers" and isinstance(value, str):
        kind, _space, rest = value.partition(" ")  # the name of a row, in an order
        return f"{kind_words(kind)} {rest}".strip()
    if value is None or value in ("", []):
        return _("none")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, dict):
        return _action(value) if key == "actions" else _row(value, key, labels)
    if isinstance(value, list):
        return _list(value, key, labels)
    return str(value)


def _recurrence(value: Any, part: str) -> str:
    """Return a calendar trigger, or one value of it, with the labels of its choices."""
    if isinstance(value, dict):
        return "; ".join(
            f"{_label(Recurrence, name)}: {_recurrence(each, name)}"
            for name, each in value.items()
            if each
        )
    if isinstance(value, str | int) and value != "":
        column: Any = Recurrence._meta.get_field(part)
        choices = dict(column.choices or ())
        return str(choices.get(value, value))
    return _shown(value)


def _row(row: Mapping[str, Any], key: str, labels: Mapping[str, str]) -> str:
    return "; ".join(
        f"{_part_name(key, part)}: {_part(part, each, labels)}"
        for part, each in row.items()
        if each
    )


def _action(row: Mapping[str, Any]) -> str:
    """Return an action in words, with its inputs."""
    said = [action_kind_words(str(row["do"]))]
    if row.get("with"):
        said.append(_inputs(str(row["do"]), row["with"]))
    return "; ".join(said)


def _inputs(name: str, inputs: Mapping[str, str] | None) -> str:
    """Return the inputs of an action of this kind in words."""
    kind, said = kind_named(name), []
    for key, written in (inputs or {}).items():
        known = kind.input(key) if kind else None
        label = str(known.label) if known else key
        shown = known.shown(known.from_file(written)) if known else written
        said.append(f"{label}: {shown}")
    return "; ".join(said) or _("none")


def _part(key: str, value: Any, labels: Mapping[str, str]) -> str:
    return _conditions(value, labels) if key == "when" else _shown(value)


def _list(values: Sequence[Any], key: str, labels: Mapping[str, str]) -> str:
    if values and all(isinstance(each, list) for each in values):
        return _conditions(values, labels)
    return ", ".join(_shown(each, key, labels) for each in values)


def _conditions(groups: Sequence[Sequence[Mapping[str, Any]]], labels: Mapping[str, str]) -> str:
    return _(", or ").join(_group(each, labels) for each in groups)


def _group(rows: Sequence[Mapping[str, Any]], labels: Mapping[str, str]) -> str:
    return _(" and ").join(_condition(each, labels) for each in rows)


def _condition(row: Mapping[str, Any], labels: Mapping[str, str]) -> str:
    words = f"{labels.get(row['field'], row['field'])} {OPERATORS[row['is']]}"
    return words if row["value"] is None else f"{words} {_shown(row['value'])}"
