"""A printed report as PDF, from one fixed layout and our own fonts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import typst

HERE = Path(__file__).parent
LAYOUT, FONTS = HERE / "report.typ", HERE / "fonts"
LOWEST_SIGN = 0x20


@cache
def _fonts() -> typst.Fonts:
    """Return our fonts and those of the library. Those of the machine are left out."""
    return typst.Fonts(include_system_fonts=False, font_paths=[FONTS])


def pdf_of(words: Mapping[str, Any], made_at: datetime) -> bytes:
    """
    Return a PDF of what ``printed`` returned. The same report gives the same bytes.

    Words travel as JSON beside the layout, so they are text and never its code. The layout may
    read no file but itself, and loads nothing.

    :param made_at: the time in the PDF's own data
    """
    data = json.dumps(_without_controls(words), ensure_ascii=False)
    pages = _compiled(data, "pdf", made_at)
    assert isinstance(pages, bytes)
    return pages


def pictures_of(words: Mapping[str, Any], made_at: datetime) -> list[bytes]:
    """Return each page as PNG, to look at."""
    data = json.dumps(_without_controls(words), ensure_ascii=False)
    pages = _compiled(data, "png", made_at)
    return [pages] if isinstance(pages, bytes) else list(pages or ())


def _compiled(data: str, form: Any, made_at: datetime) -> Any:
    compiler = typst.Compiler(
        LAYOUT, root=HERE, font_paths=_fonts(), ignore_system_fonts=True, sys_inputs={"data": data}
    )
    return compiler.compile(format=form, timestamp=int(made_at.timestamp()))


def _without_controls(value: Any) -> Any:
    """Return the words without control characters, which no font can show."""
    if isinstance(value, str):
        text = value.encode("utf-8", "replace").decode()
        return "".join(sign if ord(sign) >= LOWEST_SIGN else " " for sign in text)
    if isinstance(value, Mapping):
        return {key: _without_controls(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without_controls(each) for each in value]
    return value
