"""
``python -m bench.jobs``: one process of procrastinate's workers, one job at a time, for the bare
change of the outbox bench.
"""

from __future__ import annotations

from importlib import import_module

import django


def main() -> None:
    django.setup()
    bare = import_module("bench.outbox_bare")  # models need settings, so it is imported only now
    bare.jobs.run_worker(queues=[bare.JOBS], concurrency=1)


if __name__ == "__main__":
    main()
