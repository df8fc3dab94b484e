"""The files that a guide shows: a line with a path in code, then a block with what to write."""

from __future__ import annotations

import re
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from config.paths import ROOT

BLOCK = re.compile(
    r"^`(?P<path>[\w/.-]+)`:\n\n```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)


def files(guide: str) -> dict[str, str]:
    """
    Return each file as it is once the guide was followed, by its path.

    :raises AssertionError: if a block changes lines that its file does not have
    """
    found = {}
    for block in BLOCK.finditer((ROOT / "docs/howto" / guide).read_text()):
        path, text = block["path"], block["text"]
        if block["kind"] == "diff":
            text = changed((ROOT / path).read_text(), text)
        else:
            assert not (ROOT / path).exists(), f"{path} is there already"
        found[path] = text
    return found


def changed(text: str, diff: str) -> str:
    """Replace each run of lines that begin with a minus by the lines with a plus after it."""
    hunks = re.findall(r"((?:^-.*\n)+)((?:^\+.*\n)+)", diff, re.MULTILINE)
    assert hunks
    for old, new in hunks:
        before, after = (re.sub(r"^[-+]", "", part, flags=re.MULTILINE) for part in (old, new))
        assert text.count(before) == 1, f"the file does not have: {before}"
        text = text.replace(before, after)
    return text


def load(path: str, text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Import a file of the guide under the name that its path gives it, for this test alone."""
    name = path.removesuffix(".py").replace("/", ".")
    place = folder / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)
    spec = spec_from_file_location(name, place)
    assert spec is not None
    assert spec.loader is not None
    made = module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, made)
    package, _, last = name.rpartition(".")
    if package in sys.modules:
        monkeypatch.setattr(sys.modules[package], last, made, raising=False)
    spec.loader.exec_module(made)
    return made
