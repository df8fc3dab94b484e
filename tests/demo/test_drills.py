"""Drills of faults: what there is, and a few of them on a product of their own."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from config.paths import ROOT
from demo.drills.registry import drills
from demo.drills.run import run_drill
from tests.config.conftest import Product, command_environ, product

__all__ = ["product"]  # a fixture

FAULTS = (ROOT / "docs" / "faults.md").read_text()
MOST_S = 200
QUICK = ("forged-signatures", "repeated-deliveries", "answer-lost", "database-frozen")


def listed() -> list[dict[str, object]]:
    out = StringIO()
    call_command("drill", "list", "--json", stdout=out)
    found = json.loads(out.getvalue())
    assert found["schema"] == {"name": "throughline.drills", "version": 1}
    return list(found["drills"])


def test_at_least_twenty_faults_are_practised_and_each_is_a_row_of_the_document() -> None:
    rows = listed()

    assert all(set(each) == {"name", "fault_row", "about_s"} for each in rows)
    assert len({each["fault_row"] for each in rows}) >= 20
    numbers = {int(number) for number in re.findall(r"^\| (\d+) \|", FAULTS, re.MULTILINE)}
    assert {each["fault_row"] for each in rows} <= numbers


def test_each_drill_stands_in_the_row_of_its_fault() -> None:
    rows = dict(re.findall(r"^\| (\d+) \| .+ \| (.+) \|$", FAULTS, re.MULTILINE))

    assert [
        each.name
        for each in drills().values()
        if f"drill `{each.name}`" not in rows[str(each.fault_row)]
    ] == []


def test_each_drill_says_what_it_does() -> None:
    assert run_drill is not None  # its module registers them
    assert [each.name for each in drills().values() if not each.purpose.endswith(".")] == []


def test_a_wrong_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(CommandError, match="answer-lost") as refused:
        call_command("drill", "run", "answer-lots")

    assert refused.value.returncode == 2


@pytest.mark.django_db
def test_a_product_that_is_not_the_demo_is_left_alone_without_yes() -> None:
    with pytest.raises(CommandError, match="--yes"):
        call_command("drill", "run", "storm")


def practise(var: Path, name: str) -> dict[str, object]:
    """Return what one drill counted."""
    done = subprocess.run(
        [sys.executable, ROOT / "manage.py", "drill", "run", name, "--yes", "--json"],
        env=command_environ(var), check=False, capture_output=True, text=True, timeout=MOST_S,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    found: dict[str, object] = json.loads(done.stdout)
    return found


@pytest.mark.drill
@pytest.mark.slow
@pytest.mark.real_clock
@pytest.mark.timeout(600)
@pytest.mark.django_db
def test_drills_hold_on_a_running_product(product: Product) -> None:
    """One start for all: each costs seconds."""
    product.start().wait_ready()

    for name in QUICK:
        found = practise(product.var, name)
        assert found["held"], found
        assert found["name"] == name
        assert str(found["started_at"]) < str(found["undone_at"])
