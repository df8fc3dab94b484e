"""Django looks for a class of this name in a module of this name."""

from __future__ import annotations

from contextlib import ExitStack
from time import monotonic
from typing import Any

from django_prometheus.db.backends.postgresql import base
from psycopg.errors import OperationalError
from psycopg_pool import ConnectionPool

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
            return self._living(conn_params, began + self.pool.timeout)
        except OperationalError:
            if watch.answered_at < began:  # otherwise it is only slow to let somebody in
                watch.missed()
            raise

    def _living(self, conn_params: dict[str, Any], until: float) -> Any:
        """
        Return a connection whose session the server has not ended.

        The check of psycopg_pool waits for longer after each dead connection, so that a request
        gives up after two or three of them, although the server is well. Here the first one that
        is found lets the pool replace all of them.

        :param until: when to give up, on the monotonic clock, in seconds
        :raises OperationalError: if there is none in time, or one gave no answer
        """
        while True:
            found = super().get_new_connection(conn_params)
            with ExitStack() as undo:
                undo.callback(self.pool.putconn, found)
                try:
                    ConnectionPool.check_connection(found)
                except OperationalError as error:
                    ended = found.broken or error.sqlstate is not None
                    if not ended or monotonic() > until:
                        raise
                else:
                    undo.pop_all()
                    found.held = True
                    return found
            self.pool.check()
