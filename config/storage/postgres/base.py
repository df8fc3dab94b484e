"""Django looks for a class of this name in a module of this name."""

from __future__ import annotations

from time import monotonic
from typing import Any

from django_prometheus.db.backends.postgresql import base
from psycopg.errors import OperationalError

from config.storage.bounded import watch


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's own with metrics. In the web, where a pool is, it tells the watch what it finds."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """:raises OperationalError: if no connection could be had in time"""
        if not self.pool:
            return super().get_new_connection(conn_params)
        watch.ask()
        began = monotonic()
        try:
            return super().get_new_connection(conn_params)
        except OperationalError:
            if watch.answered_at < began:  # otherwise it is only slow to let somebody in
                watch.missed()
            raise
