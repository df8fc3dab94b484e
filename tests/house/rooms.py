"""
Count the rooms of a package and the imports between them; `make check` prints the counts and holds
their limits.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.house.rules import ROOT

PACKAGES = ("routing", "delivery", "integrations")

# Django and Celery look for these at the root of an application.
EXPECTED_AT_ROOT = {"admin", "apps", "models", "tasks"}
MOST_LOOSE_MODULES = 5
MOST_ARROWS = 50


@dataclass(frozen=True)
class Rooms:
    """
    The rooms of a package, which are its folders, and the imports between them.

    ``arrows`` are pairs of rooms, from the one that imports to the one that is imported. Pages of
    the admin stand above every room and are left out; import-linter holds the order of the rooms.
    ``pages`` are imports of such pages by modules that are none: only the hub may.
    """

    package: str
    loose: tuple[str, ...]
    arrows: frozenset[tuple[str, str]]
    pages: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.package}: {len(self.loose)} modules at its root, {len(self.arrows)} imports between rooms"  # noqa: E501


def rooms_of(package: str, root: Path = ROOT) -> Rooms:
    loose = tuple(
        sorted(path.stem for path in (root / package).glob("*.py") if path.stem != "__init__")
    )
    arrows, pages = set(), list[str]()
    for path in sorted((root / package).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        room = parts[1] if len(parts) > 2 else ""
        if not room or room in {"migrations", "management", "templatetags"} or _is_page(parts):
            continue
        arrows |= {(room, other) for other in _imported_rooms(path, package) if other != room}
        place = path.relative_to(root).as_posix()
        pages += [f"{place}: imports {page}" for page in _imported_pages(path)]
    return Rooms(package, loose, frozenset(arrows), tuple(pages))


def _is_page(parts: tuple[str, ...]) -> bool:
    return any(part.startswith("admin") for part in parts[2:])


def _imported_pages(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            parts = tuple(node.module.split("."))
            if parts[0] in PACKAGES:
                names = [(*parts, alias.name) for alias in node.names]
                yield from {".".join(name) for name in names if _is_page(name)}


def _imported_rooms(path: Path, package: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ImportFrom) or not node.module:
            continue
        first, _, rest = node.module.partition(".")
        if first == package:
            yield from [rest.partition(".")[0]] if rest else [alias.name for alias in node.names]


def findings(found: Iterator[Rooms]) -> Iterator[str]:
    for rooms in found:
        yield from (f"{page}, a page of the admin; only the hub may" for page in rooms.pages)
        if unexpected := set(rooms.loose) - EXPECTED_AT_ROOT:
            yield f"{rooms.package}: {', '.join(sorted(unexpected))} at its root; give each a room"
        if len(rooms.loose) > MOST_LOOSE_MODULES:
            yield f"{rooms.package}: {len(rooms.loose)} modules at its root, more than {MOST_LOOSE_MODULES}"  # noqa: E501
        if len(rooms.arrows) > MOST_ARROWS:
            yield f"{rooms.package}: {len(rooms.arrows)} imports between rooms, more than {MOST_ARROWS}"  # noqa: E501
