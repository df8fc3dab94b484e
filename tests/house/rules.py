"""Rules for the files of this project. Each rule yields one line per finding."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGES = ("demo", "config", "integrations", "delivery", "routing", "bench", "tests")

MOST_LINES = 500
MOST_FUNCTION_LINES = 60
CATCHES_EVERYTHING = {Path("routing/kernel/isolate.py"), Path("config/web/front/guard.py")}
_ALLOWED = " and ".join(sorted(map(str, CATCHES_EVERYTHING)))
_UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")
_BLANKET = {"Exception", "BaseException"}
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
# Packages without nested comprehensions.
PLAIN = ("config", "delivery", "demo", "integrations", "routing")


@dataclass(frozen=True)
class Source:
    path: Path  # relative to the checkout
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, str(self.path))

    @cached_property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @property
    def is_migration(self) -> bool:
        return self.path.parent.name == "migrations" and self.path.name != "__init__.py"


def sources(root: Path = ROOT) -> Iterator[Source]:
    found = [
        root / "manage.py",
        *(path for package in PACKAGES for path in sorted((root / package).rglob("*.py"))),
    ]
    for path in found:
        yield Source(path.relative_to(root), path.read_text(encoding="utf-8"))


def length(source: Source) -> Iterator[str]:
    if source.is_migration:  # written by a command, read by a machine
        return
    if len(source.lines) > MOST_LINES:
        yield f"{source.path}: {len(source.lines)} lines, more than {MOST_LINES}; give each concept a file of its own"  # noqa: E501


def functions(source: Source) -> Iterator[str]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > MOST_FUNCTION_LINES:
                yield f"{source.path}:{node.lineno}: {node.name}() has {lines} lines, more than {MOST_FUNCTION_LINES}"  # noqa: E501


def imports(source: Source) -> Iterator[str]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name != "ready":
            for inner in _own(node):
                if isinstance(inner, ast.Import | ast.ImportFrom):
                    yield f"{source.path}:{inner.lineno}: import inside {node.name}(); only ready() may"  # noqa: E501


def _own(function: ast.AST) -> Iterator[ast.AST]:
    """
    Yield the nodes of a function without those of nested functions, which are checked on their own.
    """
    for child in ast.iter_child_nodes(function):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield child
            yield from _own(child)


def handlers(source: Source) -> Iterator[str]:
    if source.path in CATCHES_EVERYTHING:
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ExceptHandler) and _catches_everything(node.type):
            yield f"{source.path}:{node.lineno}: catches everything; only {_ALLOWED} may"


def _catches_everything(caught: ast.expr | None) -> bool:
    names = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(
        name is None or (isinstance(name, ast.Name) and name.id in _BLANKET) for name in names
    )


def comprehensions(source: Source) -> Iterator[str]:
    if source.path.parts[0] not in PLAIN:
        return
    for node in ast.walk(source.tree):
        if isinstance(node, _COMPREHENSIONS) and (len(node.generators) > 1 or _holds_another(node)):
            yield f"{source.path}:{node.lineno}: comprehension within another; write a loop, or give one of them a name"  # noqa: E501


def _holds_another(comprehension: ast.AST) -> bool:
    """Return whether there is a second comprehension anywhere in this one."""
    found = [node for node in ast.walk(comprehension) if isinstance(node, _COMPREHENSIONS)]
    return len(found) > 1


def names(source: Source) -> Iterator[str]:
    if source.is_migration and "auto_" in source.path.stem:
        yield f"{source.path}: name the migration by what it does"


def unfinished(source: Source) -> Iterator[str]:
    for number, line in enumerate(source.lines, start=1):
        if _UNFINISHED.search(line):
            yield f"{source.path}:{number}: unfinished; do it, or write it down where work is planned"  # noqa: E501


RULES = (length, functions, imports, handlers, comprehensions, names, unfinished)


def findings(found: Iterator[Source]) -> list[str]:
    return [finding for source in found for rule in RULES for finding in rule(source)]
