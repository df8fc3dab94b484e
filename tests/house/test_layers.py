"""The operating layer stands alone: rules, governance and audit import nothing of what executes."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.house.rules import Source, sources

pytestmark = pytest.mark.requirement("R20")

ABOVE = frozenset({"integrations", "delivery", "config", "demo"})


def imported(source: Source) -> Iterator[str]:
    """The packages that a file imports from."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


def test_rules_and_audit_import_nothing_of_the_systems_that_execute() -> None:
    own = [source for source in sources() if source.path.parts[0] == "routing"]

    assert len(own) > 50
    assert [source.path.as_posix() for source in own if ABOVE & set(imported(source))] == []
