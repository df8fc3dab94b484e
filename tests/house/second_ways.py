"""
Find second ways: state machines read past routing/kernel/transitions.py, states that statements
list by hand, and rows claimed past routing/kernel/queues.py.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping

from tests.house.rules import Source
from tests.house.state_writes import PRODUCT, scoped, sql_of

TRANSITIONS = "routing/kernel/transitions.py"
QUEUES = "routing/kernel/queues.py"
# Verbs are declared where their model is; everything else of django-fsm has one place.
FROM_DJANGO_FSM = {
    "transition": None,
    "FSMField": "routing/kernel/fields.py",
    "FSMFieldMixin": TRANSITIONS,
    "TransitionNotAllowed": TRANSITIONS,
}
CLAIMS = {
    "routing/sla/operations/escalate.py::CLAIM": "reads what each clock needs as it locks it",
    "integrations/outbox/heads.py::SPREAD": "plans due times and takes nothing",
    "integrations/outbox/notification_emails.py::_waiting": "adds to what waits",
}
_STATEMENT = re.compile(r"\b(SELECT|UPDATE|INSERT INTO|DELETE FROM|WHERE)\b")
_STATE = re.compile(r"\bstate\b", re.IGNORECASE)
_CLAIM = re.compile(r"\bSKIP\s+LOCKED\b", re.IGNORECASE)


def findings(found: Iterable[Source]) -> list[str]:
    """Return a line for every second way in the product."""
    product = [
        source for source in found if source.path.parts[0] in PRODUCT and not source.is_migration
    ]
    states = set().union(*(_states(source) for source in product))
    lines = []
    for source in product:
        for scope, node in scoped(source.tree, ""):
            place = f"{source.path.as_posix()}:{getattr(node, 'lineno', 0)}"
            lines += [f"{place}: {what}" for what in _wrong(source, scope, node, states)]
    return sorted(set(lines))


def _wrong(source: Source, scope: str, node: ast.AST, states: set[str]) -> Iterator[str]:
    path = source.path.as_posix()
    if _reads_privately(node):
        yield f"reads django-fsm's private attribute; ask {TRANSITIONS}"
    for name in _imported(node):
        if FROM_DJANGO_FSM.get(name, TRANSITIONS) not in {None, path}:
            yield f"imports {name} from django_fsm; ask {TRANSITIONS}"
    if _lists_states(node) and not scope.endswith(".Meta"):
        yield "lists states by hand; take the guard of the verb, or a name of the model"
    if _names_a_state(sql_of(node), states):
        yield "names a state in SQL; put in what the verb or the model says"
    if _claims(node) and path != QUEUES and f"{path}::{scope}" not in CLAIMS:
        yield f"claims rows; call {QUEUES}"


def _states(source: Source) -> set[str]:
    """Return the values of every ``State`` that a model of this file declares."""
    values: set[str] = set()
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ClassDef) and node.name == "State":
            values.update(_values(node))
    return values


def _values(declared: ast.ClassDef) -> Iterator[str]:
    for each in declared.body:
        if isinstance(each, ast.Assign) and isinstance(each.value, ast.Tuple):
            first = each.value.elts[0]
            if isinstance(first, ast.Constant):
                yield str(first.value)


def _reads_privately(node: ast.AST) -> bool:
    named = isinstance(node, ast.Attribute) and node.attr == "_django_fsm"
    return named or (isinstance(node, ast.Constant) and node.value == "_django_fsm")


def _imported(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
        if node.module.split(".")[0] == "django_fsm":
            yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names if alias.name.startswith("django_fsm"))


def _lists_states(node: ast.AST) -> bool:
    """A lookup whose states stand in the call itself."""
    return isinstance(node, ast.keyword) and _is_lookup(node.arg) and _is_list(node.value)


def _is_lookup(name: str | None) -> bool:
    return name is not None and (name == "state__in" or name.endswith("__state__in"))


def _is_list(node: ast.expr) -> bool:
    if isinstance(node, ast.Call) and node.args and isinstance(node.func, ast.Name):
        return node.func.id in {"frozenset", "set", "list", "tuple"} and _is_list(node.args[0])
    return isinstance(node, ast.List | ast.Tuple | ast.Set)


def _names_a_state(sql: str, states: set[str]) -> bool:
    if not _STATEMENT.search(sql) or not _STATE.search(sql):
        return False
    return any(value in states for value in re.findall(r"'([a-z_]+)'", sql))


def _claims(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        return any(word.arg == "skip_locked" for word in node.keywords)
    return bool(_CLAIM.search(sql_of(node)))


def unused(found: Iterable[Source], allowed: Mapping[str, str] = CLAIMS) -> set[str]:
    """Return the allowed places that claim nothing any more."""
    places = {
        f"{source.path.as_posix()}::{scope}"
        for source in found
        for scope, node in scoped(source.tree, "")
        if _claims(node)
    }
    return set(allowed) - places
