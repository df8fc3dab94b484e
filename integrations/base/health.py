"""The breaker of a connection: after several failures in a row, calls to it are paused."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

import structlog
from django.db import transaction

from integrations.base.adapter import (
    CallFailed,
    Conflict,
    CredentialsRefused,
    NotFound,
    Permanent,
    Temporary,
)
from integrations.base.connections import Connection
from routing.kernel.isolate import isolate

OPENS_AFTER = 5  # failures in a row
FIRST_PAUSE_S, LONGEST_PAUSE_S = 30, 900
# After refused credentials: long enough to stop a storm of refusals, short enough to resume soon
# after the key is restored.
REFUSED_PAUSE_S = 300

log = structlog.get_logger(__name__)
BreakerOpened = Callable[[Connection, datetime], object]

_opened: list[BreakerOpened] = []


def on_breaker_open(function: BreakerOpened) -> BreakerOpened:
    """
    Register a function that is called whenever the breaker of a connection opens, also again after
    a failed attempt.

    It is called just after the failure was recorded, in a transaction of its own: others who add
    messages for the connection must not wait for it. What it raises is logged, and a sweep looks
    for open breakers as well.
    """
    _opened.append(function)
    return function


@contextmanager
def watched(
    connection: Connection, clock: Callable[[], datetime], *, about: str = ""
) -> Iterator[None]:
    """
    Record the health of the connection around a call.

    Use it outside any transaction: a rollback would undo the record.

    :param about: names the object of the call
    :param clock: returns the current time, aware; it is read again at the end, because a pause
        counted from the start of a slow call would be over too soon
    :raises Temporary: at once while the connection is paused, with the remaining seconds
    """
    if not connection.is_active:
        raise Permanent("This connection is inactive.")
    at = clock()
    if connection.paused_until is not None and connection.is_paused(at):
        raise Temporary(
            "Not called: the connection failed too often and is paused.",
            (connection.paused_until - at).total_seconds(),
        )
    began = monotonic()
    try:
        yield
    except CallFailed as error:
        failed(connection, error, clock(), about=about)
        took(connection, monotonic() - began)
        raise
    answered(connection, clock())
    took(connection, monotonic() - began)


def failed(connection: Connection, error: CallFailed, at: datetime, *, about: str = "") -> None:
    """
    Count a failure, and pause the connection after several.

    A missing object or a refused value says nothing about the health of the external system. A
    fault that may be one object's own counts once for each object: one that is tried again and
    again must not pause the connection for all others.
    """
    if isinstance(error, NotFound | Conflict) or not isinstance(
        error, Temporary | CredentialsRefused
    ):
        return
    with transaction.atomic():
        # Locked, because several workers may fail at the same time.
        row = Connection.objects.select_for_update().order_by().get(pk=connection.pk)
        values: dict[str, Any] = {"last_error": str(error)[:300]}
        values["failing_since"] = row.failing_since or at
        known = about in row.failing and row.failures < OPENS_AFTER
        own = isinstance(error, Temporary) and error.of_object and bool(about)
        if isinstance(error, Temporary):
            error.others_pass = about not in row.failing  # any success empties the list
        if own and not known:
            values["failing"] = [*row.failing, about][-OPENS_AFTER:]
        if not (own and known):
            values["failures"] = row.failures + 1
            if pause_s := _pause_of(error, row.failures + 1):
                values["paused_until"] = at + timedelta(seconds=pause_s)
        Connection.objects.filter(pk=row.pk).update(**values)
    if _opens(error, values):
        _tell_opened(row, at)


def _opens(error: CallFailed, values: dict[str, Any]) -> bool:
    """Return whether this failure opens the breaker: a system that asks to wait does not."""
    if "paused_until" not in values:
        return False
    return isinstance(error, CredentialsRefused) or values["failures"] >= OPENS_AFTER


def _tell_opened(connection: Connection, at: datetime) -> None:
    connection.refresh_from_db()

    def tell(_ids: Sequence[int]) -> int:
        with transaction.atomic():
            for function in _opened:
                function(connection, at)
        return len(_opened)

    # Whatever fails here must not change what the call itself led to.
    isolate(tell, [connection.pk], _told_nobody)


def _told_nobody(connection_id: int, error: str) -> None:
    log.error(
        "nobody was told that a breaker opened",
        action="breaker_open",
        connection_id=connection_id,
        error=error,
    )


def _pause_of(error: CallFailed, failures: int) -> float:
    pause_s = REFUSED_PAUSE_S if isinstance(error, CredentialsRefused) else _pause_s(failures)
    return max(pause_s, error.after_s) if isinstance(error, Temporary) else pause_s


def _pause_s(failures: int) -> float:
    if failures < OPENS_AFTER:
        return 0
    return float(min(FIRST_PAUSE_S * 2 ** min(failures - OPENS_AFTER, 10), LONGEST_PAUSE_S))


def answered(connection: Connection, at: datetime) -> None:
    """Record a success, but only if it is news: otherwise every call would update one row."""
    known = connection.last_ok_at
    if (
        connection.failing_since
        or connection.failures
        or connection.paused_until
        or known is None
        or at - known > timedelta(minutes=1)
    ):
        Connection.objects.filter(pk=connection.pk).update(
            failures=0,
            failing=[],
            failing_since=None,
            paused_until=None,
            last_ok_at=at,
            last_error="",
        )


def learn_emoji(connection: Connection, stores_emoji: bool | None) -> None:
    """Record what a system keeps of text. None says nothing new."""
    if stores_emoji is not None and connection.stores_emoji != stores_emoji:
        connection.stores_emoji = stores_emoji
        Connection.objects.filter(pk=connection.pk).update(stores_emoji=stores_emoji)


def took(connection: Connection, call_s: float) -> None:
    """
    Record the duration of a call.

    A connection becomes slow with one slow call, and quick again after several quick ones.
    """
    known = connection.call_s
    now_s = max(call_s, known / 2) if known else call_s
    # A connection that is quick and stays quick needs no update.
    if known is None or max(known, now_s) >= Connection.SLOW_S:
        Connection.objects.filter(pk=connection.pk).update(call_s=now_s)
