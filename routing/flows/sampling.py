"""Draw a stratified sample. Pure: the same seed and the same rows give the same sample."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256


@dataclass(frozen=True, slots=True)
class Sampled:
    """A drawn row: its stratum and its key."""

    stratum: str
    key: str


def draw_sample(
    rows: Iterable[tuple[str, str]], sizes: Mapping[str, int], seed: int
) -> list[Sampled]:
    """
    Draw rows of each stratum, all of them if there are fewer than its size.

    The order of the rows does not matter. The strata come in the order of ``sizes``. A row that
    stands in several strata is drawn for the first of them that draws it.

    :param rows: stratum and key of each row; a stratum without a size is left out
    :param sizes: how many rows of each stratum, in the order in which they are drawn
    """
    known: dict[str, set[str]] = defaultdict(set)
    for stratum, key in rows:
        known[stratum].add(key)
    drawn: list[Sampled] = []
    taken: set[str] = set()
    for stratum, size in sizes.items():
        left = known[stratum] - taken
        chosen = _first(sorted(left), size, seed)
        taken.update(chosen)
        drawn += [Sampled(stratum, key) for key in chosen]
    return drawn


def _first(keys: Sequence[str], size: int, seed: int) -> list[str]:
    # By digest and not by a generator: a row more or less moves no other row, and no version of
    # Python draws otherwise.
    return sorted(keys, key=lambda key: (_rank(seed, key), key))[: max(size, 0)]


def _rank(seed: int, key: str) -> str:
    return sha256(f"{seed}:{key}".encode()).hexdigest()
