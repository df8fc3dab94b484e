"""Regular expressions of the product, and texts that make careless ones slow."""

from __future__ import annotations

import ast
import re
import time
from collections.abc import Iterator
from importlib import import_module
from itertools import product
from typing import Any

from tests.house.rules import ROOT

PACKAGES = ("config", "delivery", "integrations", "routing")
# Characters: with the first, what is exponential takes millions of steps; with the second, what is
# quadratic does.
LENGTHS = (20, 6_000)
MOST_S = 0.08  # a linear one takes a thousandth of that, or ten
# Texts that are bounded before: by MOST_CHARACTERS of the same module.
BOUNDED = {"routing/kernel/durations.py": 80, "routing/sla/days_off.py": 300}
PIECES = (
    *("a", "A", "1", " ", "-", "_", ".", ",", ":", ";", "/", "*", "#", "<", ">", "&", "=", "%"),
    *('"', "'", "(", ")", "[", "{", "|", "@", "+", "~", "`", "\\", "\n", "\t", "é", "漢"),
    *("a ", "1 ", "a-", "a.", "1.", "1-", "-1", "a1", "a=", "a:", "a/", "# ", "- ", "* ", "**a "),
    *("*a ", "<a", "<a ", "</a", "<img ", "&a", "1:", "1h", "1 h ", "a,", "1,", " #", '"a', "(a"),
    *("1 day ", "bis ", "01.01.", "2026-01-01 ", "asset:", "<!--", "://", "a@", "%2", "tage "),
)
STARTS = ("", "a", "1", "#", "# a", "<a", '"', "**a", "- ", "<!-- throughline:", " src=")
ENDS = ("", "\x00")


def patterns() -> dict[str, re.Pattern[Any]]:
    """Each by where it stands: those that modules keep, and those written where they are used."""
    found: dict[str, re.Pattern[Any]] = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" in path.parts:
                continue
            place = str(path.relative_to(ROOT))
            tree = ast.parse(path.read_text(encoding="utf-8"))
            for pattern in _written(tree):
                found[f"{place}: {pattern.pattern!r}"] = pattern
            name = place.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            if "import re\n" in path.read_text(encoding="utf-8"):
                for value in vars(import_module(name)).values():
                    if isinstance(value, re.Pattern):
                        found[f"{place}: {value.pattern!r}"] = value
    return found


def _written(tree: ast.AST) -> Iterator[re.Pattern[Any]]:
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if not (isinstance(node.func.value, ast.Name) and node.func.value.id == "re" and node.args):
            continue
        first = node.args[0]
        if isinstance(first, ast.Constant) and isinstance(first.value, str | bytes):
            yield re.compile(first.value)


def slowest(pattern: re.Pattern[Any], most: int = LENGTHS[-1]) -> tuple[float, str]:
    """How long it takes with the text that it likes least, and that text in short."""
    worst, words = 0.0, ""
    for length, start, piece, end in product((LENGTHS[0], most), STARTS, PIECES, ENDS):
        took = _took(pattern, start + piece * (length // len(piece)) + end)
        if took > worst:
            worst, words = took, f"{start!r} {piece!r}… {end!r}"
        if worst > MOST_S:
            break
    return worst, words


def _took(pattern: re.Pattern[Any], text: str) -> float:
    """The least of three, since others use the processor, too."""
    subject: Any = text.encode() if isinstance(pattern.pattern, bytes) else text
    least = float("inf")
    for _ in range(3):
        began = time.thread_time()
        pattern.fullmatch(subject)
        pattern.search(subject)
        least = min(least, time.thread_time() - began)
        if least < MOST_S:
            break
    return least
