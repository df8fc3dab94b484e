"""The difference of two versions of a flow, with the class of each change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from routing.flows.actions import kind_named
from routing.flows.change_classes import ChangeClass
from routing.flows.event_catalogue import field_of
from routing.flows.files.shape import NEW_OPERATORS, OF_FLOW, FlowShape
from routing.flows.registry import money_facts
from routing.flows.trigger_operators import TriggerOperator
from routing.kernel.canonical import json_digest


@dataclass(frozen=True, slots=True)
class FlowChange:
    """
    One change. ``was`` or ``now`` is None for what one side does not have.

    Rows are named by what identifies them: ``rules[High value].team``.
    """

    path: str
    change_class: ChangeClass
    was: Any
    now: Any


# By the beginning of a path. The first match counts.
_CLASSES: Sequence[tuple[str, ChangeClass]] = (
    ("sla_policy", ChangeClass.CLIENT_SLA),
    ("approval_stages", ChangeClass.APPROVAL),
    ("criteria", ChangeClass.CHECKS),
    ("checks", ChangeClass.CHECKS),
    ("proofs", ChangeClass.CHECKS),
    ("actions", ChangeClass.OUTSIDE_EFFECT),
    ("triggers", ChangeClass.ROUTING),
    ("recurrences", ChangeClass.ROUTING),
    ("exception_routes", ChangeClass.ROUTING),
    ("fields", ChangeClass.ROUTING),
    ("rules", ChangeClass.ROUTING),
    ("owner", ChangeClass.ROUTING),
    ("backup", ChangeClass.ROUTING),
    ("outcome_owner", ChangeClass.ROUTING),
    ("criticality", ChangeClass.ROUTING),
    ("may_change", ChangeClass.OUTSIDE_EFFECT),
    ("system_of_record", ChangeClass.OUTSIDE_EFFECT),
    ("touches", ChangeClass.CLIENT_SLA),
    ("leads_may_edit", ChangeClass.APPROVAL),
)
NONE: frozenset[str] = frozenset()
_NAMED_BY: Mapping[str, tuple[str, ...]] = {
    "actions": ("do",),
    "fields": ("name",),
    "rules": ("name",),
    "triggers": ("kind", "field", *TriggerOperator.values),
    "recurrences": ("name",),
    "proofs": ("kind",),
    "exception_routes": ("reason",),
    "checks": ("name",),
}


def differences(was: FlowShape | None, now: FlowShape) -> list[FlowChange]:
    """
    Return every difference of two contents. Applying them to one gives the other: a row that is
    new comes last, unless an order says otherwise.

    :param was: None for a flow that is new, so that everything it contains is a change
    """
    before = values_of(was) if was else {}
    after = values_of(now)
    # A field that is about money on one side is, or was, about money.
    money = _money_of(was) | _money_of(now)
    found = []
    for key in before | after:
        for path, old, new in _compared(key, before.get(key), after.get(key)):
            found.append(FlowChange(path, _class_of(path, old, new, money), old, new))
    return found


def values_of(content: FlowShape) -> dict[str, Any]:
    """Return a content as JSON, with its actions as a list in either form."""
    values = content.model_dump(mode="json", by_alias=True)
    rows = [each.model_dump(mode="json", by_alias=True) for each in content.all_actions]
    # In their place, so that the actions are named where a reader of the file expects them.
    return {("actions" if key == "action" else key): values[key] for key in values} | {
        "actions": rows
    }


def content_digest(content: FlowShape) -> str:
    """Return the digest of what belongs to the version. Keys of the flow are left out."""
    values = content.model_dump(mode="json", by_alias=True)
    # As before there were these lists: a request to a second person from then still counts.
    if not content.actions:
        values.pop("actions")
    for key in ("proofs", "exception_routes", "checks"):
        if not values.get(key):
            values.pop(key, None)
    return json_digest({key: value for key, value in values.items() if key not in OF_FLOW})


def _money_of(content: FlowShape | None) -> frozenset[str]:
    return frozenset(each.name for each in content.fields if each.is_money) if content else NONE


def highest(changes: Sequence[FlowChange]) -> ChangeClass | None:
    return max((each.change_class for each in changes), default=None)


def _compared(key: str, old: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:
    if key in _NAMED_BY:
        yield from _rows(key, old or [], new or [])
    elif old != new:
        yield key, old, new


def _rows(key: str, old: Sequence[Any], new: Sequence[Any]) -> Iterator[tuple[str, Any, Any]]:
    before, after = names_of_rows(key, old), names_of_rows(key, new)
    for name in before | after:
        path = f"{key}[{name}]"
        if name not in before or name not in after:
            yield path, before.get(name), after.get(name)
            continue
        for part in before[name] | after[name]:
            value, other = before[name].get(part), after[name].get(part)
            if value != other:
                yield f"{path}.{part}", value, other
    kept = [name for name in before if name in after]
    added = [name for name in after if name not in before]
    # Without an order of its own, a reader takes what was added for the last.
    if kept + added != list(after):
        yield f"{key}.order", list(before), list(after)


def names_of_rows(key: str, rows: Sequence[Any]) -> dict[str, Any]:
    """Return rows by the name that a path gives them."""
    found: dict[str, Any] = {}
    for row in rows:
        name = " ".join(filter(None, (_named(part, row.get(part)) for part in _NAMED_BY[key])))
        # Two triggers may be the same. Both are shown.
        number = 2
        base = name
        while name in found:
            name, number = f"{base} ({number})", number + 1
        found[name] = row
    return found


def _named(part: str, value: Any) -> str:
    """Return what a part says of a row. An equality is said by its value alone."""
    shown = ", ".join(value) if isinstance(value, list) else str(value or "")
    return f"{part} {shown}" if shown and part in NEW_OPERATORS else shown


def _class_of(path: str, old: Any, new: Any, money: frozenset[str]) -> ChangeClass:
    """Return the class of a change, by what it is about and by what it touches."""
    base = next((each for start, each in _CLASSES if path.startswith(start)), ChangeClass.WORDING)
    if path.startswith("actions["):
        return _class_of_action(path, base)
    if path.endswith(".label"):
        return ChangeClass.WORDING
    if path.startswith("triggers["):
        return max(base, *(_class_of_trigger(row, money) for row in (old, new)))
    if path.startswith("rules") and path.endswith(".priority"):
        return ChangeClass.CLIENT_SLA
    if path.startswith("fields") and (path.endswith(".personal") or _is_personal(old, new)):
        return ChangeClass.PRIVACY
    is_about_money = path.startswith(("rules", "fields")) and _is_about_money(path, money, old, new)
    return max(base, ChangeClass.MONEY) if is_about_money else base


def _class_of_trigger(row: Any, money: frozenset[str]) -> ChangeClass:
    """Return the class of a trigger by the field that it compares."""
    if not isinstance(row, dict):
        return ChangeClass.WORDING  # one side has no such trigger
    field = field_of(row["kind"], row["field"])
    if field is not None and field.personal:
        return ChangeClass.PRIVACY
    if field is not None and field.fact in money | money_facts():
        return ChangeClass.MONEY
    return ChangeClass.ROUTING


def _class_of_action(path: str, base: ChangeClass) -> ChangeClass:
    """Return the class that the kind of an action declares, such as routing for a notice."""
    kind = kind_named(path.partition("[")[2].partition("]")[0].partition(" ")[0])
    return kind.change_class if kind else base


def class_of_column(column: str) -> ChangeClass:
    """Return the class of a change of a column of a flow, such as ``owner_id``."""
    return _class_of(column.removesuffix("_id"), None, None, NONE)


def _is_personal(*rows: Any) -> bool:
    return any(isinstance(row, dict) and row.get("personal") for row in rows)


def _is_about_money(path: str, money: frozenset[str], *values: Any) -> bool:
    """Return whether a field of money is changed, or a rule that decides by one."""
    if path.startswith("fields["):
        return path.partition("[")[2].partition("]")[0] in money
    return any(_names_one_of(money, value) for value in values)


def _names_one_of(fields: frozenset[str], value: Any) -> bool:
    if isinstance(value, dict):
        named = value.get("field", "") in fields
        return named or any(_names_one_of(fields, each) for each in value.values())
    if isinstance(value, list):
        return any(_names_one_of(fields, each) for each in value)
    return False
