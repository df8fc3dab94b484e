"""
A connection to PostgreSQL with a limit on each wait for an answer.

So a frozen server gives a 503 and not a hanging page. Only the web uses it: its threads are few,
and a sender or a reader waits for each of them.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any, TypeVar

from psycopg import Connection
from psycopg.abc import PQGen
from psycopg.conninfo import make_conninfo
from psycopg.errors import OperationalError
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow

RV = TypeVar("RV")
ACTIVE, IDLE = TransactionStatus.ACTIVE, TransactionStatus.IDLE
PATIENCE_S = 20.0  # more than any page may take
DOUBT_S = 1.0  # after each such time without an answer, check if the server lives
REST_S = 1.0  # after a wait without an answer, nobody waits for this long
CONNECT_S = 2  # psycopg allows no less
FREE_S = 1.8  # to wait for a free connection of the pool

_here = threading.local()


@contextmanager
def answer_within(seconds: float) -> Iterator[None]:
    """Limit all waits of this thread together, for callers that give up soon themselves."""
    before = getattr(_here, "until", None)
    _here.until = monotonic() + seconds
    try:
        yield
    finally:
        _here.until = before


class DatabaseWatch:
    """
    Remembers for all threads of the process if the database answers.

    After a wait without an answer, new statements are refused at once, and once a second one thread
    tries again. Otherwise every thread would wait, and those behind them, too.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asks_again_at = 0.0  # while the database answers
        self._trier = 0
        self.answered_at = 0.0

    @property
    def doubts(self) -> bool:
        return bool(self._asks_again_at)

    def ask(self) -> None:
        """:raises OperationalError: if the database did not answer a moment ago"""
        if not self._asks_again_at:
            return
        me, now = threading.get_ident(), monotonic()
        with self._lock:
            if not self._asks_again_at or self._trier == me:
                return
            if now < self._asks_again_at:
                raise OperationalError("The database did not answer a moment ago.")
            self._trier, self._asks_again_at = me, now + DOUBT_S + REST_S

    def answered(self) -> None:
        self.answered_at = monotonic()
        if self._asks_again_at:
            with self._lock:
                self._trier, self._asks_again_at = 0, 0.0

    def missed(self) -> None:
        with self._lock:
            self._trier, self._asks_again_at = 0, monotonic() + REST_S


watch = DatabaseWatch()


class BoundedConnection(Connection[TupleRow]):
    """
    Limits how long a statement waits for the server.

    PostgreSQL's own time-outs need a server that runs and a network that delivers. After a wait in
    vain the connection is closed, since the fate of its statement is unknown. The server rolls its
    transaction back.
    """

    # Whoever holds a connection asks the watch first. The pool sets up a new one in a thread of its
    # own: the request that tries again waits for it, so it may not be refused on that account.
    held = False

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """:raises OperationalError: if no answer came in time"""
        if timeout is not None:  # the caller handles its own time-out
            return super().wait(gen, interval, timeout)
        if self.held and self.info.transaction_status is IDLE:
            watch.ask()
        began, until = monotonic(), getattr(_here, "until", None)
        last = min(until or math.inf, began + PATIENCE_S)
        while True:
            since = monotonic()
            try:
                found = super().wait(gen, interval, min(DOUBT_S, max(0.0, last - since)))
            except OperationalError as error:
                # psycopg's class for this time-out is private, so two signs identify it. An error
                # that the server sent has a code, and after it the connection is no longer active.
                if error.sqlstate is not None or self.info.transaction_status is not ACTIVE:
                    raise
                # psycopg goes on with the same generator after an interruption, too. Whoever gives
                # up soon has no time to find out more.
                if monotonic() < last and (until or watch.answered_at > since or self._lives()):
                    continue
                if watch.answered_at <= began:
                    watch.missed()
                waited = monotonic() - began
                self.close()
                raise OperationalError(
                    f"The database did not answer within {waited:.1f} s."
                ) from None
            watch.answered()
            return found

    def _lives(self) -> bool:
        """Return whether the server lets somebody in: then the statement is slow, or waits."""
        if watch.doubts:
            return False
        where = make_conninfo("", **self.info.get_parameters(), password=self.info.password or None)
        try:
            Connection.connect(where, connect_timeout=CONNECT_S).close()
        except OperationalError as error:
            return error.sqlstate is not None  # it refuses: too many connections, for example
        watch.answered()
        return True


def pool_options(size: int) -> dict[str, Any]:
    """
    Return Django's options for a pool of ``size`` connections.

    It limits each wait: for a free connection, for a new one and for an answer.
    """
    return {
        "connect_timeout": CONNECT_S,
        "pool": {
            # All from the start: many requests at once would wait for as many new sessions.
            "min_size": size,
            "max_size": size,
            "timeout": FREE_S,
            # The pool would try a lost connection again after 1, 2, 4… s, and requests that come
            # meanwhile would wait for it in vain. It forgets it instead, and the next request makes
            # a new one at once.
            "reconnect_timeout": 0,
            "connection_class": BoundedConnection,
        },
    }
