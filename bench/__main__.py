"""``python -m bench [W1 W2 …]``: everything without names, which NAME may give too; SCALE=0.1 makes all slices shorter."""

from __future__ import annotations

import argparse
import os
from importlib import import_module

import django

from bench import server

NAMES = {"W1": ("W1",), "W2": ("W2",), "lifecycle": ("W1", "W2"), "W3": ("sweep",), "sweep": ("sweep",)}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", default=(os.environ.get("NAME") or "lifecycle").split())
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--scale", type=float, default=float(os.environ.get("SCALE") or 1))
    wanted = parser.parse_args()
    unknown = set(wanted.names) - set(NAMES)
    if unknown:
        parser.error(f"no such workload: {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    names = list(dict.fromkeys(name for given in wanted.names for name in NAMES[given]))
    with server.running():
        django.setup()
        if "sweep" in names:  # prints one object of its own
            import_module("bench.sweep").run(repetitions=wanted.repetitions, scale=wanted.scale)
            names.remove("sweep")
        if names:
            import_module("bench.run").run(names, repetitions=wanted.repetitions, scale=wanted.scale)  # models need settings


if __name__ == "__main__":
    main()
