"""The product without the demo, as a production image has it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from config.paths import ROOT

PRODUCT = ("config", "integrations", "delivery", "routing", "manage.py")


@pytest.fixture
def production(tmp_path: Path) -> Path:
    """A checkout with what the Dockerfile copies unless it is asked for the demo."""
    for name in PRODUCT:
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


def manage(at: Path, *words: str) -> subprocess.CompletedProcess[str]:
    # Python looks for modules beside the program as it is called, and a link would lead it back
    # here.
    program = (
        f"import sys; sys.path.insert(0, {str(at)!r}); sys.argv = ['manage.py', *{list(words)!r}];"
    )
    program += "from django.core.management import execute_from_command_line as run; run()"
    return subprocess.run(
        [sys.executable, "-P", "-c", program], cwd=at, capture_output=True, text=True, check=False
    )


def test_the_product_starts_without_the_demo_and_has_no_command_of_it(production: Path):
    help_text = manage(production, "help", "--commands")

    assert help_text.returncode == 0, help_text.stderr
    assert not {"demo", "sandbox", "sample", "walkthrough"} & set(help_text.stdout.split())
    assert "trace" in help_text.stdout.split()


def test_with_the_demo_its_commands_are_there(production: Path):
    (production / "demo").symlink_to(ROOT / "demo")

    assert {"demo", "sandbox", "sample", "walkthrough"} <= set(
        manage(production, "help", "--commands").stdout.split()
    )


def test_the_image_has_the_demo_only_when_it_is_asked_for():
    default = (ROOT / "Dockerfile").read_text().partition("AS product-yes")[0]

    assert "ARG DEMO=no" in default
    assert [
        line.split()[1]
        for line in default.splitlines()
        if line.startswith("COPY ") and "=" not in line
    ] == [
        "requirements/production.txt",
        "manage.py",
        *(name for name in PRODUCT if name != "manage.py"),
        "locale",
    ]
