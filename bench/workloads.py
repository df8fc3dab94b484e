"""Workloads with their contenders and aims."""

from __future__ import annotations

from bench import orm, ours, raw, set_orm
from bench.measure import OURS, Contender, Workload

NAIVE, HELPERS, LIMIT = "naive ORM", "simple-history's bulk helpers", "raw SQL, the limit"
SET_ORM = "set-based ORM"
BATCH = 500

LIFE = Workload(
    "W1",
    "One request at a time: created, then four transitions, each its own commit",
    {
        OURS: Contender(ours.one, (), 1, times=100),
        NAIVE: Contender(orm.one, (), 1, times=25, aim=3, stretch=4),
        SET_ORM: Contender(set_orm.one, (), 1, times=50, aim=1.3),
        LIMIT: Contender(raw.one, (), 1, times=200, aim=0.40, stretch=0.5),
    },
    processes=(1, 2),
)
BATCHES = Workload(
    "W2",
    f"The same life for batches of {BATCH}, each step one commit; 10,000 a repetition, of the "
    f"slower ones fewer",
    {
        OURS: Contender(ours.batch, (BATCH,), BATCH, times=5),
        NAIVE: Contender(orm.one, (), 1, times=60, aim=28, stretch=40),
        HELPERS: Contender(orm.batch, (BATCH,), BATCH, times=1, aim=5),
        SET_ORM: Contender(set_orm.batch, (BATCH,), BATCH, times=2, aim=1.3),
        LIMIT: Contender(raw.batch, (BATCH,), BATCH, times=5, aim=0.35, stretch=0.45),
    },
)
ALL = {workload.name: workload for workload in (LIFE, BATCHES)}
