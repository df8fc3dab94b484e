"""The product's own Celery application, which knows the naive hook's task too."""

from __future__ import annotations

from config.celery import app

app.conf.imports = ("bench.naive_hook",)
