"""
Compare two commits: the working tree against REF, workload by workload, as ``make bench-pair
REF=<commit>`` does.

Each pair runs both sides in fresh processes with a fresh PostgreSQL each. They set themselves up at
once, then one is measured and then the other, while the first is gone and the second waits: A B, B
A, A B … A pair gives one ratio a figure, new over old, above 1 where the new side is better.
Printed is one JSON object: the median of the ratios, its order-statistics interval (see
``bench.interval``), and whether that reaches 95 % and its lower end is above 0.9, which is what "no
lower" means. Six pairs are the fewest that can; nine forgive one bad pair on each side, twelve two.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench import checkout, own
from bench.alone import NAMES, READY
from bench.checkout import Checkout
from bench.interval import WANTED, Interval
from bench.own import Measured

NO_LOWER = 0.9
PAIRS, SCALE, REPETITIONS = 6, 0.1, 5
DRIVER = Path("bench", "alone.py")
# Than 7d0cd11, the first commit that can be compared with.
YOUNGER = {"outbox": Path("bench", "outbox.py")}
STOP_S = 90
ENDS_OF_A_LOG = 3_000
Figures = dict[str, Measured]
Pair = dict[str, tuple[Measured, Measured]]  # the new one and the old one


@dataclass(frozen=True, slots=True)
class Size:
    scale: float
    repetitions: int

    @property
    def options(self) -> list[str]:
        return ["--scale", str(self.scale), "--repetitions", str(self.repetitions)]


class Side:
    """One run of one side. It sets up at once, and waits for its turn to be measured."""

    def __init__(self, checkout: Checkout, driver: Path, name: str, size: Size) -> None:
        self.name = f"{name} of {checkout.name}"
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed with the process
        self._process = subprocess.Popen(
            [checkout.python, "-P", str(driver), name, *size.options],
            cwd=checkout.folder,
            env={**os.environ, "PYTHONPATH": str(checkout.folder)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )

    def until_ready(self) -> None:
        if self._line() != READY:
            raise self._failed()

    def measured(self) -> Figures:
        """Let it begin, and return its figures once it has ended."""
        assert self._process.stdin
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        found = self._line()
        if self._process.wait(STOP_S) or not found:
            raise self._failed()
        return own.of(json.loads(found))

    def close(self) -> None:
        """
        End it, if it has not ended by itself; interrupted, it stops its servers and removes what
        they kept.
        """
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(STOP_S)
        self._process.stdout.close()
        self._log.close()

    def _line(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline().strip()

    def _failed(self) -> RuntimeError:
        self._log.seek(0)
        return RuntimeError(
            f"{self.name} failed. Its log ends:\n{self._log.read()[-ENDS_OF_A_LOG:]}"
        )


def main() -> None:
    """Print the comparison as JSON; what is going on goes to stderr."""
    parser = argparse.ArgumentParser(prog="python -m bench.pair", description=__doc__)
    environ = {name: value for name, value in os.environ.items() if value}
    parser.add_argument("ref", nargs="?", default=environ.get("REF"))
    parser.add_argument("--name", default=environ.get("NAME"), choices=NAMES)
    parser.add_argument("--pairs", type=int, default=int(environ.get("PAIRS", PAIRS)))
    parser.add_argument("--scale", type=float, default=float(environ.get("SCALE", SCALE)))
    parser.add_argument(
        "--repetitions", type=int, default=int(environ.get("REPETITIONS", REPETITIONS))
    )
    wanted = parser.parse_args()
    if not wanted.ref:
        parser.error("name the commit to compare with: REF=<commit>")
    size = Size(wanted.scale, wanted.repetitions)
    with tempfile.TemporaryDirectory(prefix="throughline-pair-") as base:
        old = checkout.of_commit(wanted.ref, Path(base, "old"))
        new = checkout.of_working_tree(Path(base, "new"))
        pairs: dict[str, list[tuple[Measured, Measured]]] = {}
        for name in [wanted.name] if wanted.name else NAMES:
            if not (has(old, name) and has(new, name)):
                sys.stderr.write(f"{name}: left out, because only one side has it\n")
                continue
            for number in range(wanted.pairs):
                found = one_pair(old, new, name, size, new_first=bool(number % 2))
                for figure, values in found.items():
                    pairs.setdefault(figure, []).append(values)
    about = {"new": new.name, "old": old.name, "pairs": wanted.pairs, **asdict(size)}
    sys.stdout.write(json.dumps({**about, **compared(pairs)}) + "\n")


def has(side: Checkout, name: str) -> bool:
    """
    Return whether its bench has this workload; a commit without the module of a younger one has
    not.
    """
    module = YOUNGER.get(name)
    return module is None or (side.folder / module).exists()


def one_pair(old: Checkout, new: Checkout, name: str, size: Size, *, new_first: bool) -> Pair:
    """Return the new and the old figure, by name: of those that both sides have."""
    began, driver = time.monotonic(), new.folder / DRIVER
    order = [new, old] if new_first else [old, new]
    figures: dict[str, Figures] = {}
    with ExitStack() as stack:
        sides: dict[str, Side] = {}
        for each in order:
            sides[str(each.folder)] = Side(each, driver, name, size)
            stack.callback(sides[str(each.folder)].close)
        for side in sides.values():
            side.until_ready()
        for folder, side in sides.items():
            figures[folder] = side.measured()
    ours, theirs = figures[str(new.folder)], figures[str(old.folder)]
    found = {figure: (ours[figure], theirs[figure]) for figure in ours if figure in theirs}
    ratios = ", ".join(f"{figure} {a.over(b):.2f}" for figure, (a, b) in found.items())
    sys.stderr.write(f"{name}, {time.monotonic() - began:.0f} s: {ratios}\n")
    return found


def compared(pairs: Mapping[str, Sequence[tuple[Measured, Measured]]]) -> dict[str, Any]:
    """
    Return, by figure, the median ratio with its interval, and whether all are no lower than before.
    """
    figures = {name: _compared(values) for name, values in pairs.items()}
    return {"figures": figures, "no_lower": all(each["no_lower"] for each in figures.values())}


def _compared(values: Sequence[tuple[Measured, Measured]]) -> dict[str, Any]:
    ratios = [new.over(old) for new, old in values]
    interval = Interval.of(ratios)
    unit = "ms" if values[0][0].is_time else "per_s"
    return {
        **{name: round(value, 3) for name, value in asdict(interval).items()},
        "no_lower": interval.low > NO_LOWER and interval.confidence >= WANTED,
        f"new_{unit}": round(median(new.value for new, _ in values), 3),
        f"old_{unit}": round(median(old.value for _, old in values), 3),
        "ratios": [round(ratio, 3) for ratio in ratios],
    }


if __name__ == "__main__":
    main()
