"""Worker processes of a bench. Each has a world of its own and does one job at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

from django.db import connections

from bench.world import World

Job = Callable[..., Any]  # of this package's modules: it travels by name
_fork = get_context("fork")  # settings and registries as they are, without starting again


@dataclass(frozen=True, slots=True)
class Worker:
    pipe: Connection

    def start(self, job: Job, *args: Any) -> None:
        self.pipe.send((job, args))

    def answer(self) -> Any:
        done, answer = self.pipe.recv()
        if not done:
            raise AssertionError(answer)
        return answer

    def do(self, job: Job, *args: Any) -> Any:
        self.start(job, *args)
        return self.answer()


@contextmanager
def working(count: int) -> Iterator[list[Worker]]:
    connections.close_all()  # no process shares another's connection
    workers, processes = [], []
    for number in range(1, count + 1):
        mine, theirs = _fork.Pipe()
        process = _fork.Process(target=_work, args=(f"B{number}", theirs), daemon=True)
        process.start()
        workers.append(Worker(mine))
        processes.append(process)
    try:
        yield workers
    finally:
        for worker in workers:
            worker.pipe.send(None)
        for process in processes:
            process.join(30)


def together(workers: Sequence[Worker], job: Job, *args: Any) -> list[Any]:
    """The same job in all of them at once."""
    for worker in workers:
        worker.start(job, *args)
    return [worker.answer() for worker in workers]


_inherited: list[Any] = []  # kept, because closing one would speak on the parent's socket


def _work(code: str, pipe: Connection) -> None:
    for each in connections.all(initialized_only=True):
        _inherited.append(each.connection)
        each.connection = None
    world = World.made(code)
    while (message := pipe.recv()) is not None:
        job, args = message
        try:
            pipe.send((True, job(world, *args)))
        except AssertionError as error:
            pipe.send((False, f"{job.__name__}: {error}"))
    connections.close_all()
