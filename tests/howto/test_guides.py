"""What guides show is written as the house writes."""

from __future__ import annotations

import subprocess
import sys

import pytest

from config.paths import ROOT
from tests.howto.guide import files

FILES = [
    (path, text)
    for guide in ("add-a-check.md", "add-a-verb.md", "add-an-adapter.md")
    for path, text in files(guide).items()
]


@pytest.mark.parametrize(("path", "text"), FILES, ids=[path for path, _ in FILES])
def test_a_file_of_a_guide_passes_the_linter_and_the_formatter(path: str, text: str) -> None:
    # Their folders are not there, and so are taken for folders without an __init__.py.
    lint = ("check", "--quiet", "--ignore", "INP001")
    for words in (lint, ("format", "--check", "--quiet")):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *words, "--stdin-filename", path, "-"],
            cwd=ROOT,
            input=text,
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
