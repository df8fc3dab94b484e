"""Two commits compared: which figures, which way is better, and when they are called no lower."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bench import own
from bench.checkout import ROOT, Checkout, pins
from bench.own import Measured
from bench.pair import compared, has


def spread(value):
    return {"median": value, "min": value - 1, "max": value + 1}


def test_throughput_is_better_when_it_rises_and_time_when_it_falls():
    assert Measured(300).over(Measured(200)) == 1.5
    assert Measured(20, is_time=True).over(Measured(30, is_time=True)) == 1.5


@pytest.mark.parametrize(
    ("ratios", "no_lower"),
    [([0.91, 1, 1, 1, 1, 1], True), ([0.9, 1, 1, 1, 1, 1], False), ([2, 2, 2, 2, 2], False)],
    ids=["all above", "one at the bound", "too few pairs to say"],
)
def test_no_lower_means_that_a_whole_interval_of_95_percent_is_above_the_bound(ratios, no_lower):
    found = compared({"W2": [(Measured(100 * ratio), Measured(100)) for ratio in ratios]})

    assert found["no_lower"] is found["figures"]["W2"]["no_lower"] is no_lower


def test_one_figure_that_fell_is_enough_to_say_so():
    same, slower = [(Measured(100), Measured(100))] * 6, [(Measured(50), Measured(100))] * 6

    found = compared({"W2": same, "W3": slower})

    assert found["figures"]["W2"]["no_lower"]
    assert not found["no_lower"]


def test_a_figure_comes_with_its_median_interval_values_and_ratios():
    found = compared({"W4 p99": [(Measured(20, is_time=True), Measured(30, is_time=True))]})

    names = {"median", "low", "high", "confidence", "no_lower", "new_ms", "old_ms", "ratios"}
    assert set(found["figures"]["W4 p99"]) == names


def test_every_workload_gives_our_figures_by_the_same_names_each_time():
    results = [
        {
            "workload": name,
            "processes": processes,
            "items_per_s": {"ours": spread(10), "naive ORM": spread(1)},
        }
        for name, processes in (("W1", 1), ("W1", 2), ("W2", 1))
    ]
    figures = {
        "lifecycle": {"results": results},
        "sweep": {"ours_rows_per_s": spread(1)},
        "intake": {"ours_per_s": spread(1), "ours_p99_ms": spread(1)},
        "drain": {"ours_events_per_s": spread(1), "ours_events_per_s_two_processes": spread(1)},
        "lists": {"rows": 9, "queries": {"queue_first": 5}, "queue_first": {"ours_ms": spread(2)}},
        "search": {"queue_rare": {"ours_ms": spread(2)}, "requests_rare": {"ours_ms": spread(3)}},
        "outbox": {"ours_per_s": spread(1), "celery_per_s": spread(2)},
        "pages": {"queries": {"frame": 4}, "frame": {"ours_ms": spread(2)}},
    }

    found = {
        name: list(own.of({"workload": name, "figures": each})) for name, each in figures.items()
    }

    assert found == {
        "lifecycle": ["W1 one process", "W1 two processes", "W2"],
        "sweep": ["W3"],
        "intake": ["W4 throughput", "W4 p99"],
        "drain": ["W5 one process", "W5 two processes"],
        "lists": ["W6 all pages", "W6 queue_first"],
        "search": ["W7 rare", "W7 common"],
        "outbox": ["W8"],
        "pages": ["W9 frame"],
    }


def test_pages_of_a_search_are_added_up():
    figures = {"queue_rare": {"ours_ms": spread(2)}, "requests_rare": {"ours_ms": spread(3)}}

    assert own.of({"workload": "search", "figures": figures})["W7 rare"] == Measured(
        5, is_time=True
    )


def test_what_one_commit_pins_is_compared_without_comments(tmp_path: Path):
    old, new = tmp_path / "run.txt", tmp_path / "dev.txt"
    django = "django==5.2 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n"
    old.write_text(f"{django}    # via throughline\n")
    new.write_text(f"{django}    # via\n    #   throughline\nruff==1 \\\n    --hash=sha256:cc\n")

    assert len(pins(old)) == 1
    assert pins(old) < pins(new)
    new.write_text("django==5.2 \\\n    --hash=sha256:dd\n")
    assert not pins(old) <= pins(new)


def test_a_workload_that_the_older_commit_lacks_is_left_out(tmp_path: Path):
    old, new = Checkout("old", tmp_path, sys.executable), Checkout("new", ROOT, sys.executable)

    assert has(old, "drain")
    assert has(new, "outbox")
    assert not has(old, "outbox")


def test_what_a_side_leaves_out_is_still_there_to_be_left_out():
    names = "import django; django.setup(); from bench.alone import NAMES, prepared"
    command = [sys.executable, "-c", f"{names}\nfor name in NAMES:\n    prepared(name)"]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr[-2_000:]
