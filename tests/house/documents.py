"""Facts that documents must agree with."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from pydantic.fields import FieldInfo

from config.env import Env
from tests.house.rules import ROOT

_LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#]+)")


def settings_table() -> str:
    """Every setting of the environment, as the README shows it."""
    rows = [
        f"| `{name.upper()}` | {_default(field)} | {field.description} |"
        for name, field in Env.model_fields.items()
    ]
    return "\n".join(["| variable | default | what it is |", "|---|---|---|", *rows])


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    return (
        f"`{str(field.default).lower()}`"
        if isinstance(field.default, bool)
        else f"`{field.default}`"
        if field.default
        else "–"
    )


def documents(root: Path = ROOT) -> Iterator[Path]:
    yield from sorted(root.glob("*.md"))
    yield from sorted((root / "docs").rglob("*.md"))


def dead_links(document: Path) -> list[str]:
    """Links to files that are not there."""
    return [
        target
        for target in _LINK.findall(document.read_text(encoding="utf-8"))
        if not (document.parent / target).exists()
    ]
