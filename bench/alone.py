"""
Run a workload of one side of ``make bench-pair``, with as few other contenders and checks as its
bench allows.

The bench package is that of the side, found through PYTHONPATH, so this file uses nothing that
7d0cd11's bench lacks. It prints ``ready`` once everything is set up, and waits for a line: two
sides set up at the same time, but are measured one after the other.
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
LONGER = 5  # times the usual slices: short ones at a small scale would measure disturbances


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
    """Return the workload's trimmed function and its first argument, None for the database."""
    workers = import_module("bench.workers")  # before modules that import its functions by name
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
    function = getattr(trimmed[name](), name)
    if name == "lifecycle":
        return function, ("W1", "W2")
    return function, None


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
    Keep three contenders, because the workload divides by their figures.

    The cheapest one, the limit, also takes the place of naive. It refuses signatures for naive's
    address, which does not affect our figures.
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
    Set names of a module.

    :raises AttributeError: if a name is new, because then the bench would measure something else
    """
    for name, value in values.items():
        getattr(module, name)
        setattr(module, name, value)


def after_waiting(context: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a context manager, so that it waits for its turn once it is entered."""

    @contextmanager
    def waiting(*args: Any) -> Iterator[Any]:
        with context(*args) as made:
            wait()
            yield made

    return waiting


def after_setting_up(function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a function that sets up, so that it waits for its turn before it returns."""

    def set_up_and_wait(*args: Any) -> Any:
        made = function(*args)
        wait()
        return made

    return set_up_and_wait


def wait() -> None:
    sys.stdout.write(f"{READY}\n")
    sys.stdout.flush()
    if not sys.stdin.readline():
        raise EOFError("The process that started this is gone.")


if __name__ == "__main__":
    main()
