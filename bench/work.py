"""
The product's own Celery application, which knows the tasks of the naive hook and of the bare change
too.
"""

from __future__ import annotations

from config.celery import app

app.conf.imports = ("bench.naive_hook", "bench.outbox_bare")
