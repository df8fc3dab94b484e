"""
compose.yaml, read without a library: the part of YAML that it keeps to, and an error for the rest.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from config.paths import ROOT

NAMED = re.compile(r"\$\{([A-Z_]+)")


def compose(path: Path = ROOT / "compose.yaml") -> dict[str, Any]:
    """
    Mappings by indentation, scalars, lists in brackets, anchors and merges.

    :raises ValueError: for anything else
    """
    root: dict[str, Any] = {}
    open_maps: list[tuple[int, dict[str, Any]]] = [(-1, root)]
    anchors: dict[str, dict[str, Any]] = {}
    for line in path.read_text().splitlines():
        if not (text := line.strip()) or text.startswith("#"):
            continue
        indent = len(line) - len(line.lstrip())
        while open_maps[-1][0] >= indent:
            open_maps.pop()
        here, (key, colon, rest) = open_maps[-1][1], text.partition(":")
        rest = rest.strip()
        if not colon or key.startswith("-"):
            raise ValueError(f"not a mapping: {line}")
        if key == "<<":
            here.update(anchors[rest.removeprefix("*")])
        elif not rest or rest.startswith("&"):
            here[key] = anchors[rest.removeprefix("&")] = {}
            open_maps.append((indent, here[key]))
        else:
            here[key] = json.loads(rest) if rest[0] in '["' else rest
    return root


def names_in(text: str) -> set[str]:
    """Return the names taken from .env."""
    return set(NAMED.findall(text))
