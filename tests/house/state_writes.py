"""
Find code that writes a state past the verbs of its machine: in Python, through the ORM, or in SQL.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from tests.house.rules import Source

PRODUCT = frozenset({"routing", "delivery", "integrations", "config", "demo"})
FIELDS = frozenset({"state", "is_open"})
WRITERS = frozenset({"update", "create", "get_or_create", "update_or_create", "acreate", "aupdate"})
_SPREADS = (None, "defaults", "create_defaults")  # None is ``**``
_NAMES = "|".join(sorted(FIELDS))
_COLUMN = rf"[\"`]?(?:{_NAMES})[\"`]?"
_NOT_OVER = r"(?:(?!\b(?:WHERE|FROM|RETURNING)\b)[^;])*?"
SQL = (
    re.compile(rf"\bUPDATE\b[^;]*?\bSET\b{_NOT_OVER}(?<![.\w]){_COLUMN}\s*=", re.IGNORECASE),
    re.compile(rf"\bUPDATE\b[^;]*?\bSET\s*\([^)]*(?<![.\w]){_COLUMN}\s*[,)]", re.IGNORECASE),
    re.compile(rf"\bINSERT\s+INTO\b[^();]*\([^)]*(?<![.\w]){_COLUMN}\s*[,)]", re.IGNORECASE),
)


@dataclass(frozen=True, slots=True)
class Write:
    """One place that writes a state. ``scope`` is the function or class it stands in."""

    path: str
    scope: str
    line: int
    how: str

    @property
    def place(self) -> str:
        return f"{self.path}::{self.scope}"

    def __str__(self) -> str:
        where = f"in {self.scope}" if self.scope else "in the module"
        return f"{self.path}:{self.line}: {self.how}, {where}: a state changes only through a verb"


def state_writes(source: Source) -> Iterator[Write]:
    """Yield every write of a state in a file, in the order of its lines."""
    found = {
        Write(source.path.as_posix(), scope, line, how)
        for scope, node in scoped(source.tree, "")
        for line, how in _writes(node)
    }
    yield from sorted(found, key=lambda write: (write.line, write.how))


def scoped(node: ast.AST, scope: str) -> Iterator[tuple[str, ast.AST]]:
    """
    Every node with the dotted name of what it is in: a function, a class, or a name of the module.
    """
    docstring = _docstring(node)
    for child in ast.iter_child_nodes(node):
        if child is docstring:
            continue
        inside = scope
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            inside = f"{scope}.{child.name}".lstrip(".")
        elif isinstance(child, ast.Assign) and not scope and isinstance(child.targets[0], ast.Name):
            inside = child.targets[0].id
        yield inside, child
        yield from scoped(child, inside)


def _docstring(node: ast.AST) -> ast.AST | None:
    """The docstring of a node, which says nothing to a database."""
    body = getattr(node, "body", None)
    if not isinstance(body, list) or not body or not isinstance(body[0], ast.Expr):
        return None
    return body[0] if isinstance(body[0].value, ast.Constant) else None


def _writes(node: ast.AST) -> Iterator[tuple[int, str]]:
    line = getattr(node, "lineno", 0)
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and node.attr in FIELDS:
        yield line, "assigns the attribute"
    elif (
        isinstance(node, ast.Subscript)
        and isinstance(node.ctx, ast.Store)
        and _is_dict_of(node.value)
    ):
        if _text(node.slice) in FIELDS:
            yield line, "writes into __dict__"
    elif isinstance(node, ast.Call):
        yield from ((line, how) for how in _calls(node))
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        yield from _spread(node)
    elif any(pattern.search(sql_of(node)) for pattern in SQL):
        yield line, "writes it in SQL"


def _calls(call: ast.Call) -> Iterator[str]:
    name = _called(call)
    if name in {"setattr", "__setattr__"} and any(
        _text(argument) in FIELDS for argument in call.args
    ):
        yield "calls setattr"
    if name == "bulk_update" and _names_a_field(call):
        yield "bulk_update"
    if name == "bulk_create" and _names_a_field(call, only="update_fields"):
        yield "bulk_create that updates"
    if name == "insert_into" and any(word.arg in {*FIELDS, None} for word in call.keywords):
        yield "inserts it in SQL"  # what is spread is not seen, so it may be one
    if name in WRITERS and isinstance(call.func, ast.Attribute):
        into = "writes into __dict__" if _is_dict_of(call.func.value) else name
        values = [*call.args, *(word.value for word in call.keywords if word.arg in _SPREADS)]
        if any(word.arg in FIELDS for word in call.keywords) or any(map(_has_key, values)):
            yield into


def _spread(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[tuple[int, str]]:
    """A dictionary with a state in it that has a name first, and is then written with ``**``."""
    named: set[str] = set()
    for node in ast.walk(function):
        if (
            isinstance(node, ast.Assign | ast.AnnAssign)
            and node.value is not None
            and _has_key(node.value)
        ):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            named.update(target.id for target in targets if isinstance(target, ast.Name))
        if (
            isinstance(node, ast.Subscript)
            and isinstance(node.ctx, ast.Store)
            and _text(node.slice) in FIELDS
        ):
            named.update({node.value.id} if isinstance(node.value, ast.Name) else ())
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and _called(node) in WRITERS:
            spread = {
                word.value.id
                for word in node.keywords
                if word.arg in _SPREADS and isinstance(word.value, ast.Name)
            }
            if spread & named:
                yield node.lineno, f"{_called(node)} of a dictionary"


def _called(call: ast.Call) -> str:
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _names_a_field(call: ast.Call, only: str = "") -> bool:
    given = [word.value for word in call.keywords if word.arg in ({only} if only else {"fields"})]
    given += [] if only else call.args[1:2]
    lists = (each.elts for each in given if isinstance(each, ast.List | ast.Tuple | ast.Set))
    return any(_text(name) in FIELDS for names in lists for name in names)


def _has_key(node: ast.expr) -> bool:
    if isinstance(node, ast.Dict):
        return any(_text(key) in FIELDS for key in node.keys if key is not None)
    if isinstance(node, ast.Call) and _called(node) == "dict":
        return any(word.arg in FIELDS for word in node.keywords)
    if isinstance(node, ast.BinOp):
        return _has_key(node.left) or _has_key(node.right)
    return False


def _is_dict_of(node: ast.expr) -> bool:
    """``row.__dict__`` or ``vars(row)``."""
    return (isinstance(node, ast.Attribute) and node.attr == "__dict__") or (
        isinstance(node, ast.Call) and _called(node) == "vars"
    )


def _text(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def sql_of(node: ast.AST) -> str:
    """The text of a string as far as the code says it; what is put in at run time is ``{}``."""
    if isinstance(node, ast.Constant):
        value = node.value.decode(errors="replace") if isinstance(node.value, bytes) else node.value
        return value if isinstance(value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(
            sql_of(part) if isinstance(part, ast.Constant) else "{}" for part in node.values
        )
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return (sql_of(node.left) or "{}") + (sql_of(node.right) or "{}")
    return ""


def past_the_door(found: Iterable[Source], allowed: Mapping[str, str]) -> list[str]:
    """Return a line for every write in the product that is not allowed, with where and how."""
    lines = []
    for source in found:
        if source.path.parts[0] in PRODUCT and not source.is_migration:
            lines += [str(write) for write in state_writes(source) if write.place not in allowed]
    return lines
