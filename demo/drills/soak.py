"""Random drills, one after the other, and what is left of the product after them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from io import StringIO
from random import Random
from time import monotonic
from typing import Any

from django.core.management import CommandError, call_command

from demo.drills import product
from demo.drills.registry import Drill, drills
from demo.drills.run import DrillResult, run_drill
from demo.walkthrough.transcript import StepFailed
from integrations.models import Inbound, Outbound
from routing.kernel.sql import run as sql
from routing.models import Run, RunStep

# Rows and bytes of the tables that grow with work.
SIZES = """
    SELECT relname, n_live_tup, pg_total_relation_size(relid) FROM pg_stat_user_tables
    WHERE n_live_tup > 100 ORDER BY relname"""
# A person with two equal notifications of one work item at one instant. Constraints hold the rest.
TOLD_TWICE = """
    SELECT count(*) FROM (SELECT 1 FROM routing_notification
        GROUP BY item_id, recipient_id, words, at HAVING count(*) > 1) found"""
MAY_GROW = 1.5  # times the memory after the first drill


@dataclass(frozen=True, slots=True)
class SoakSample:
    """``after_s`` seconds after the start. Memory is the proportional set size of all processes."""

    after_s: float
    memory_bytes: int
    rows: dict[str, int]
    size_bytes: dict[str, int]


@dataclass
class SoakResult:
    """``samples`` are taken before, between and after the drills."""

    seed: int
    drills: list[dict[str, Any]] = field(default_factory=list)
    samples: list[SoakSample] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        samples = [asdict(each) for each in self.samples]
        return {
            "seed": self.seed,
            "drills": self.drills,
            "samples": samples,
            "failed": self.failed,
            "held": not self.failed,
        }


def soak(minutes: float, seed: int, say: Callable[[str], object]) -> SoakResult:
    """
    Run random drills for this long, then check what must always hold.

    :param seed: the same seed chooses the same drills
    :raises StepFailed: if the product does not answer at the start
    """
    result, began = SoakResult(seed), monotonic()
    result.samples.append(_sample(0))
    for drill in _chosen(seed):
        if monotonic() - began > minutes * 60:
            break
        say(f"\n{drill.name}")
        _practise(drill, result, say)
        result.samples.append(_sample(monotonic() - began))
    result.failed += [words for words, found in _invariants() if found]
    if _grew(result.samples):
        result.failed.append("The memory grew by more than half after the first drill.")
    return result


def _chosen(seed: int) -> Iterator[Drill]:
    random, known = Random(seed), list(drills().values())  # noqa: S311  # play, no secret
    while True:
        random.shuffle(known)
        yield from known


def _practise(drill: Drill, result: SoakResult, say: Callable[[str], object]) -> None:
    try:
        done: DrillResult = run_drill(drill, say)
    except StepFailed as error:
        result.failed.append(f"{drill.name}: {error}")
        return
    result.drills.append({"name": drill.name, "held": done.held, "counted": done.counted})
    result.failed += [f"{drill.name}: {why}" for why in done.failed]


def _sample(after_s: float) -> SoakSample:
    found = sql(SIZES)
    return SoakSample(
        round(after_s, 1),
        product.memory_bytes(),
        {name: rows for name, rows, _size in found},
        {name: size for name, _rows, size in found},
    )


def _invariants() -> Iterator[tuple[str, int]]:
    """Yield the sentence of each invariant, and the number of rows that violate it."""
    yield "A person was notified of the same thing twice.", sql(TOLD_TWICE)[0][0]
    yield "Deliveries were stored and never processed.", _count(Inbound, Inbound.State.STORED)
    yield "Steps of ended runs are still due.", _due_of_ended_runs()
    yield "Changes are still being sent.", Outbound.objects.leased().count()
    try:
        call_command("verify", stdout=StringIO(), no_color=True)
    except CommandError as error:
        yield f"The audit trail is not intact: {error}", 1


def _count(model: type[Inbound], state: str) -> int:
    return model.objects.filter(state=state).count()


def _due_of_ended_runs() -> int:
    ended = Run.objects.filter(item__is_open=False)
    return RunStep.objects.filter(run__in=ended, state=RunStep.State.DUE).count()


def _grew(samples: list[SoakSample]) -> bool:
    memory = [each.memory_bytes for each in samples[1:]]
    return len(memory) > 1 and memory[0] > 0 and memory[-1] > MAY_GROW * memory[0]
