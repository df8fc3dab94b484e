"""Differences of flow versions in words, for the desk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.flows.files.difference import ChangeClass, FlowChange

_CLASSES: Mapping[ChangeClass, Any] = {
    ChangeClass.WORDING: gettext_lazy("Wording"),
    ChangeClass.ROUTING: gettext_lazy("Routing"),
    ChangeClass.CHECKS: gettext_lazy("Checks"),
    ChangeClass.APPROVAL: gettext_lazy("Approval"),
    ChangeClass.OUTSIDE_EFFECT: gettext_lazy("Effect on other systems"),
    ChangeClass.MONEY: gettext_lazy("Money"),
    ChangeClass.PRIVACY: gettext_lazy("Privacy"),
    ChangeClass.CLIENT_SLA: gettext_lazy("SLA with clients"),
}
_KEYS: Mapping[str, Any] = {
    "name": gettext_lazy("name"),
    "purpose": gettext_lazy("purpose"),
    "outcome": gettext_lazy("outcome"),
    "runbook": gettext_lazy("runbook"),
    "owner": gettext_lazy("policy owner"),
    "backup": gettext_lazy("policy backup"),
    "action": gettext_lazy("action"),
    "sla_policy": gettext_lazy("SLA policy"),
    "title": gettext_lazy("work title"),
    "brief": gettext_lazy("brief template"),
    "approval_stages": gettext_lazy("approval stages"),
    "triggers": gettext_lazy("trigger"),
    "fields": gettext_lazy("field"),
    "rules": gettext_lazy("rule"),
    "kind": gettext_lazy("kind of event"),
    "field": gettext_lazy("field"),
    "equals": gettext_lazy("equals"),
    "label": gettext_lazy("label"),
    "type": gettext_lazy("type"),
    "required": gettext_lazy("required"),
    "personal": gettext_lazy("personal"),
    "choices": gettext_lazy("choices"),
    "team": gettext_lazy("team"),
    "skills": gettext_lazy("required skills"),
    "account_first": gettext_lazy("prefer account owner"),
    "priority": gettext_lazy("priority"),
    "when": gettext_lazy("conditions"),
    "audience": gettext_lazy("audience"),
    "quorum": gettext_lazy("required answers"),
    "need": gettext_lazy("number of approvals"),
    "answer_days": gettext_lazy("days to answer"),
    "order": gettext_lazy("order"),
}
_OPERATORS: Mapping[str, Any] = {
    "equals": gettext_lazy("is"),
    "not_equals": gettext_lazy("is not"),
    "at_least": gettext_lazy("is at least"),
    "below": gettext_lazy("is below"),
    "one_of": gettext_lazy("is one of"),
    "contains": gettext_lazy("contains"),
    "known": gettext_lazy("is known"),
    "unknown": gettext_lazy("is unknown"),
}


@dataclass(frozen=True, slots=True)
class ChangeWords:
    """A change for a reader: what it is about, its class, and both values."""

    what: str
    change_class: str
    was: str
    now: str


def change_words(change: FlowChange) -> ChangeWords:
    return ChangeWords(
        _about(change.path),
        str(_CLASSES[change.change_class]),
        _shown(change.was),
        _shown(change.now),
    )


def _about(path: str) -> str:
    """Return what a path such as ``rules[High value].team`` is about: rule “High value”, team."""
    key, bracket, rest = path.partition("[")
    if not bracket:
        key, _dot, part = path.partition(".")
        return ", ".join(str(_KEYS.get(each, each)) for each in (key, part) if each)
    name, _bracket, part = rest.rpartition("]")
    row = f"{_KEYS[key]} “{name}”"
    return f"{row}, {_KEYS[part[1:]]}" if part else row


def _shown(value: Any) -> str:
    if value is None or value in ("", []):
        return _("none")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, dict):
        return "; ".join(
            f"{_KEYS.get(key, key)}: {_part(key, each)}" for key, each in value.items() if each
        )
    if isinstance(value, list):
        return _list(value)
    return str(value)


def _part(key: str, value: Any) -> str:
    return _conditions(value) if key == "when" else _shown(value)


def _list(values: Sequence[Any]) -> str:
    if values and all(isinstance(each, list) for each in values):
        return _conditions(values)
    return ", ".join(_shown(each) for each in values)


def _conditions(groups: Sequence[Sequence[Mapping[str, Any]]]) -> str:
    return _(", or ").join(_group(each) for each in groups)


def _group(rows: Sequence[Mapping[str, Any]]) -> str:
    return _(" and ").join(_condition(each) for each in rows)


def _condition(row: Mapping[str, Any]) -> str:
    words = f"{row['field']} {_OPERATORS[row['is']]}"
    return words if row["value"] is None else f"{words} {_shown(row['value'])}"
