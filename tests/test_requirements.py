"""
docs/requirements.md: every row names tests that exist, and each of them carries the ids of its row.
tests/seen_to_fail.md: what it names is still there.
"""

from __future__ import annotations

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache

from config.paths import ROOT

ROWS = re.findall(
    r"^\| ([A-Z]\d.*?) \| (.+) \| (.+) \| (.+) \|$",
    (ROOT / "docs" / "requirements.md").read_text(),
    re.MULTILINE,
)
SEEN = re.findall(
    r"^\| ([A-Z]\d.*?) \| .+ \| `(.+)` \| (.+) \|$",
    (ROOT / "tests" / "seen_to_fail.md").read_text(),
    re.MULTILINE,
)
NAMED = re.compile(r"`(tests/[\w/]+/test_\w+\.py|test_\w+)`")
FILE = re.compile(r"`([\w/]+/[\w.]*)`")
ID = re.compile(r"[A-Z]\d{1,2}")
# Ids by the name of a test, or by the path of a file for all that are in it.
Carriers = dict[str, set[str]]


def wanted() -> Carriers:
    """What the page says."""
    found: Carriers = defaultdict(set)
    for ids, _claim, _where, tests in ROWS:
        for name in NAMED.findall(tests):
            found[name].update(ids.split(", "))
    return dict(found)


@cache
def trees() -> dict[str, ast.Module]:
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    return {
        file.relative_to(ROOT).as_posix(): ast.parse(file.read_text(encoding="utf-8"))
        for file in files
    }


def carried() -> Carriers:
    """What the markers say."""
    found: Carriers = defaultdict(set)
    for path, tree in trees().items():
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                for decorator in node.decorator_list:
                    found[node.name].update(marked(decorator))
            elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark":
                found[path].update(marked(node.value))
    return {name: ids for name, ids in found.items() if ids}


def carried_with_its_file(name: str) -> set[str]:
    """The ids of a test, with those that its whole file carries."""
    said, found = carried(), set[str]()
    for path, tree in trees().items():
        inside = any(isinstance(node, ast.FunctionDef) and node.name == name for node in tree.body)
        if path == name or inside:
            found |= said.get(name, set()) | said.get(path, set())
    return found


def marked(node: ast.AST) -> Iterator[str]:
    """The ids of every ``pytest.mark.requirement`` in a piece of code."""
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "pytest.mark.requirement":
            yield from (ast.literal_eval(argument) for argument in call.args)


def test_the_tests_that_a_row_names_exist_once():
    names = Counter(
        node.name
        for tree in trees().values()
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
    )
    names.update(trees().keys())

    assert {name: names[name] for name in wanted() if names[name] != 1} == {}


def test_every_row_names_a_test_and_nothing_but_tests():
    for ids, _claim, _where, tests in ROWS:
        assert all(ID.fullmatch(each) for each in ids.split(", ")), ids
        assert tests.split(", ") == [f"`{name}`" for name in NAMED.findall(tests)], ids


def test_the_files_that_a_row_names_exist():
    named = [path for _ids, _claim, where, _tests in ROWS for path in FILE.findall(where)]

    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_every_id_of_a_row_is_carried_by_each_test_that_it_names():
    said = carried()

    missing = {name: sorted(ids - said.get(name, set())) for name, ids in wanted().items()}
    assert {name: ids for name, ids in missing.items() if ids} == {}


def test_every_id_that_a_test_carries_is_in_a_row_that_names_it():
    said = wanted()

    astray = {name: sorted(ids - said.get(name, set())) for name, ids in carried().items()}
    assert {name: ids for name, ids in astray.items() if ids} == {}


def test_every_marker_stands_where_it_is_looked_for():
    every = sum(
        1
        for tree in trees().values()
        for node in ast.walk(tree)
        if "mark.requirement" in called(node)
    )
    at_the_top = sum(
        sum(1 for inner in ast.walk(node) if "mark.requirement" in called(inner))
        for tree in trees().values()
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.Assign)
    )

    assert every == at_the_top > 0


def called(node: ast.AST) -> str:
    return ast.unparse(node.func) if isinstance(node, ast.Call) else ""


def test_a_row_that_holds_in_part_says_what_lacks():
    for ids, claim, _where, _tests in ROWS:
        for lacking in claim.split("in part")[1:]:
            assert re.match(r": \S+ \S+", lacking), ids


def test_what_was_seen_to_fail_carries_the_ids_that_it_was_seen_for():
    assert SEEN
    for ids, file, tests in SEEN:
        names = NAMED.findall(tests)
        found = set[str]().union(*map(carried_with_its_file, names))
        assert (ROOT / file).exists(), file
        assert tests == ", ".join(f"`{name}`" for name in names)
        assert set(ids.split(", ")) <= found, (ids, tests)


def test_no_two_rows_are_the_same():
    assert [row for row, number in Counter(ROWS).items() if number > 1] == []
