"""
A connection to PostgreSQL that waits for an answer only so long, so that a frozen server is a 503
and not a hanging page.
"""

from __future__ import annotations

from typing import TypeVar

from psycopg import Connection
from psycopg.abc import PQGen
from psycopg.errors import OperationalError
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow

RV = TypeVar("RV")
ACTIVE = TransactionStatus.ACTIVE
PATIENCE_S = 20.0  # more than any page may take


class BoundedConnection(Connection[TupleRow]):
    """
    A server that was stopped, or a network that swallows, answers nothing: no time-out of
    PostgreSQL's own ends that.

    A connection that waited in vain is closed, because nobody knows what becomes of its statement;
    what it had begun is rolled back.
    """

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """:raises OperationalError: if no answer came in time"""
        if timeout is not None:  # whoever names one looks after it
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, PATIENCE_S)
        except OperationalError as error:
            # psycopg's class for this is private. An error that the server sent has a code, and
            # after one the connection is no longer busy with a statement.
            if error.sqlstate is None and self.info.transaction_status is ACTIVE:
                self.close()
                raise OperationalError(
                    f"The database did not answer within {PATIENCE_S:.0f} s."
                ) from None
            raise
