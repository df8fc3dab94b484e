"""
`manage.py walkthrough` on the product as `make run` starts it: web, worker and beat, and another
walkthrough beside it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from config.paths import ROOT
from tests.config.conftest import Product, command_environ, product

__all__ = ["product"]  # a fixture

pytestmark = [
    pytest.mark.slow,
    pytest.mark.real_clock,
    pytest.mark.timeout(300),
    pytest.mark.requirement("P1", "U1", "U2"),
]
LIMIT_S = 180
ACTS = (
    "--questions answers all ten questions",
    "was not chosen: absent",
    "reminder 2 is due and sent",
    "The client has not answered after 2 reminders",
)


def walkthrough(var: Path, *options: str) -> tuple[int, str]:
    """Its exit code, and all it said."""
    environ = command_environ(var)
    done = subprocess.run(
        [sys.executable, ROOT / "manage.py", "walkthrough", *options],
        env=environ, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=LIMIT_S,  # noqa: E501
    )  # fmt: skip
    return done.returncode, done.stdout


@pytest.fixture
def running(product: Product) -> Product:
    return product.start().wait_ready()


def count(product: Product, question: str) -> int:
    owner = json.loads((product.var / "run.env").read_text())["DATABASE_OWNER_URL"]
    with psycopg.connect(owner) as connection:
        [(found,)] = connection.execute(question)
    return int(found)


def test_it_plays_the_whole_job_twice_side_by_side(running: Product) -> None:
    """One start for all of it: each costs seconds."""
    with ThreadPoolExecutor(2) as both:
        played = list(both.map(lambda _: walkthrough(running.var), range(2)))

    for code, said in played:
        assert code == 0, f"{said}\n{running.logs()}"
        assert "The walkthrough is complete" in said
        for act in ACTS:
            assert act in said
    it_left_nothing_open(running)
    it_breaks_where_a_connection_is_missing(running)


def it_left_nothing_open(product: Product) -> None:
    runs = "SELECT count(*) FROM routing_run"
    # Each walkthrough delivers two deals, and cancels two calls that only show how they come in.
    # A third one, dated three weeks ago, is undone.
    assert count(product, f"{runs} WHERE state = 'complete'") == 4
    assert count(product, f"{runs} WHERE state = 'cancelled'") == 4
    assert count(product, runs) == 8
    assert count(product, "SELECT count(*) FROM routing_workitem WHERE is_open") == 0
    assert (
        count(
            product,
            "SELECT count(*) FROM routing_outcome WHERE next_probe_at IS NOT NULL AND kind = "
            "'live'",
        )
        == 0
    )


def it_breaks_where_a_connection_is_missing(product: Product) -> None:
    code, said = walkthrough(product.var, "--crm", "nowhere")

    assert code == 1
    assert "There is no active connection “nowhere”" in said
