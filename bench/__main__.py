"""
``python -m bench NAME``: one workload of those below, by the variable NAME too; SCALE=0.1 is
shorter. JSON on stdout.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from importlib import import_module

import django

from bench import server

# Where each is, and what it takes from there: models need settings, so nothing is imported before
# them.
WORKLOADS = {
    "lifecycle": ("bench.run", "lifecycle"),
    "lists": ("bench.lists", "lists"),
    "search": ("bench.lists", "search"),
    "intake": ("bench.intake", "intake"),
    "sweep": ("bench.sweep", "sweep"),
    "drain": ("bench.drain", "drain"),
    "outbox": ("bench.outbox", "outbox"),
    "pages": ("bench.desk", "pages"),
    "calendar": ("bench.calendar", "calendar"),
    "cover": ("bench.cover", "cover"),
    "exports": ("bench.exports", "exports"),
    "figures": ("bench.figures", "figures"),
    "held": ("bench.held", "held"),
    "lint": ("bench.lint", "lint"),
    "promises": ("bench.promises", "promises"),
    "rules": ("bench.rules", "rules"),
    "backtest": ("bench.backtest", "backtests"),
}
ALIASES = {
    "W1": "lifecycle",
    "W2": "lifecycle",
    "W3": "sweep",
    "W4": "intake",
    "W5": "drain",
    "W6": "lists",
    "W7": "search",
    "W8": "outbox",
    "W9": "pages",
}
PARTS = {"W1": ("W1",), "W2": ("W2",)}  # of a life cycle


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "name",
        nargs="?",
        default=os.environ.get("NAME") or "lifecycle",
        choices=[*WORKLOADS, *ALIASES],
    )
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--scale", type=float, default=float(os.environ.get("SCALE") or 1))
    wanted = parser.parse_args()
    module, function = WORKLOADS[ALIASES.get(wanted.name, wanted.name)]
    with server.running() as database:
        django.setup()
        workload = getattr(import_module(module), function)
        what = PARTS.get(wanted.name, ("W1", "W2")) if function == "lifecycle" else database
        result = workload(what, repetitions=wanted.repetitions, scale=wanted.scale)
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
