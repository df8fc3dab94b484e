"""
Run a workload of one side of ``make bench-pair``: of the other contenders and the checks as little
as its bench allows.

The bench package is the side's own, found through PYTHONPATH, so this file relies on nothing that
7d0cd11's bench lacks. It writes ``ready`` once everything is set up, and waits for a line: two
sides set themselves up at once, but are measured one after the other.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from types import ModuleType
from typing import Any

import django

from bench import server

READY = "ready"
NAMES = ("lifecycle", "sweep", "intake", "drain", "lists", "search", "outbox", "pages")
TWO_LAGS = (0.0, 0.0)  # quantiles need two
LONGER = 5  # times its usual slices at the same scale: at a small one a hiccup would decide


def main() -> None:
    """Print ``ready``, wait, and print the result as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--repetitions", type=int, required=True)
    parser.add_argument("--scale", type=float, required=True)
    wanted = parser.parse_args()
    with server.running() as database:
        django.setup()
        workload, about = prepared(wanted.name)
        first = about or database
        result = workload(first, repetitions=wanted.repetitions, scale=wanted.scale)
    sys.stdout.write(json.dumps(result) + "\n")


def prepared(name: str) -> tuple[Callable[..., dict[str, Any]], Any]:
    """
    Return the workload's function, trimmed, and its first argument: None where that is the
    database.
    """
    workers = import_module("bench.workers")  # before whoever imports its functions by name
    change(workers, working=after_waiting(workers.working))
    trimmed = {
        "lifecycle": lifecycle,
        "sweep": sweep,
        "intake": intake,
        "drain": drain,
        "lists": lists,
        "search": lists,
        "outbox": outbox,
        "pages": desk,
    }
    module = trimmed[name]()
    return getattr(module, name), ("W1", "W2") if name == "lifecycle" else None


def lifecycle() -> ModuleType:
    checks, workloads = import_module("bench.checks"), import_module("bench.workloads")
    change(checks, ALL=())
    trimmed = {name: only_ours(workload) for name, workload in workloads.ALL.items()}
    trimmed["W1"] = only_ours(trimmed["W1"], longer=LONGER)
    change(workloads, ALL=trimmed)
    return import_module("bench.run")


def sweep() -> ModuleType:
    module = import_module("bench.sweep")
    workload = module.workload
    change(module, workload=lambda due: only_ours(workload(due)), _passes=lambda *_: True)
    return module


def drain() -> ModuleType:
    checks = import_module("bench.drain_checks")
    change(checks, ALL={}, AFTERWARDS={})
    module = import_module("bench.drain")
    ours = import_module("bench.measure").OURS
    change(module, EVENTS={ours: module.EVENTS[ours]}, AIMS={}, lags=lambda *_, **__: TWO_LAGS)
    return module


def intake() -> ModuleType:
    """
    Keep three contenders, because it divides by their figures; but the limit, which costs least,
    stands in for naive.

    It refuses what is signed for naive's address, which no figure of ours feels.
    """
    module = import_module("bench.intake")
    paths = {**module.PATHS, "naive": module.PATHS["limit"]}
    change(module, PATHS=paths, QUEUED=("ours",), REQUESTS=module.REQUESTS * LONGER)
    change(module, _serving=after_waiting(module._serving))  # noqa: SLF001 - where its set-up ends
    return module


def outbox() -> ModuleType:
    module = import_module("bench.outbox")
    change(
        module, CONTENDERS=(import_module("bench.measure").OURS,), CHANGES=module.CHANGES * LONGER
    )
    change(module, _serving=after_waiting(module._serving))  # noqa: SLF001 - where its set-up ends
    return module


def lists() -> ModuleType:
    pages, module = import_module("bench.pages"), import_module("bench.lists")
    change(pages, NAIVE_TIMES=1)
    change(module, _set_up=after_setting_up(module._set_up))  # noqa: SLF001 - where its set-up ends
    return module


def desk() -> ModuleType:
    module = import_module("bench.desk")
    change(module, _set_up=after_setting_up(module._set_up))  # noqa: SLF001 - where its set-up ends
    return module


def only_ours(workload: Any, longer: int = 1) -> Any:
    name = import_module("bench.measure").OURS
    ours = workload.contenders[name]
    return replace(workload, contenders={name: replace(ours, times=ours.times * longer)})


def change(module: ModuleType, **values: Any) -> None:
    """
    :raises AttributeError: if the module has no such name, for then it measures something else than
    is thought
    """
    for name, value in values.items():
        getattr(module, name)
        setattr(module, name, value)


def after_waiting(context: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a context manager: ready once it has begun, and then it is its turn."""

    @contextmanager
    def waiting(*args: Any) -> Iterator[Any]:
        with context(*args) as made:
            wait()
            yield made

    return waiting


def after_setting_up(function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a function that sets up: ready once it has returned, and then it is its turn."""

    def set_up_and_wait(*args: Any) -> Any:
        made = function(*args)
        wait()
        return made

    return set_up_and_wait


def wait() -> None:
    sys.stdout.write(f"{READY}\n")
    sys.stdout.flush()
    if not sys.stdin.readline():
        raise EOFError("Whoever started this is gone.")


if __name__ == "__main__":
    main()
