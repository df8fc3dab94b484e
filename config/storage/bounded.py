"""
A connection to PostgreSQL with a limit on each wait for an answer.

So a frozen server gives a 503 and not a hanging page.
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
    Limits how long a statement waits for the server.

    PostgreSQL's own time-outs need a server that runs and a network that delivers. After a wait in
    vain the connection is closed, since the fate of its statement is unknown. The server rolls its
    transaction back.
    """

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """:raises OperationalError: if no answer came in time"""
        if timeout is not None:  # the caller handles its own time-out
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, PATIENCE_S)
        except OperationalError as error:
            # psycopg's class for this time-out is private, so two signs identify it. An error
            # that the server sent has a code, and after it the connection is no longer active.
            if error.sqlstate is None and self.info.transaction_status is ACTIVE:
                self.close()
                raise OperationalError(
                    f"The database did not answer within {PATIENCE_S:.0f} s."
                ) from None
            raise
