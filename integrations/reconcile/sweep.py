"""
Look again for what a lost request made late: minutes after the answer was lost, and once a day for
all objects of a connection.

A request whose answer was lost may take effect long after our look-up, and a proxy may repeat one.
So a message that may have created two objects is searched for again after it ended.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from datetime import datetime, timedelta

from django.db.models import Q

from integrations.adapters.registry import adapter_of
from integrations.base.adapter import CallFailed, Temporary
from integrations.base.connections import Connection
from integrations.base.health import watched
from integrations.base.survey import RemoteObject, Surveyor
from integrations.http.network import within
from integrations.outbox.discrepancies import Discrepancy
from integrations.outbox.models import Outbound
from integrations.reconcile.compare import compare
from integrations.reconcile.ours import our_objects
from integrations.reconcile.record import record

Clock = Callable[[], datetime]
# After the last attempt. A request may be held by a proxy or a database for some minutes; what
# comes even later is found by the daily comparison.
SEARCHES = (Outbound.FIRST_SEARCH, timedelta(minutes=20), timedelta(hours=2))
LEASE = timedelta(minutes=10)  # if a worker dies over a search
AGAIN = timedelta(minutes=5)  # after a search without an answer
DAILY = timedelta(days=1)
HOURLY = timedelta(hours=1)  # after a comparison without an answer
AT_ONCE = 50  # searches of one sweep
AT_A_STRETCH = timedelta(seconds=20)  # a slow site must not keep a worker from the others
LONGEST_S = 240.0


def reconcile_due(*, clock: Clock) -> int:
    """
    Search for every message that is due, compare every connection that is due, and count both.

    It may run several times at once, and it may be killed at any time.

    :param clock: returns the current time, aware; it is read again after each call
    """
    return _search_due(clock) + _compare_due(clock)


# -- One object ------------------------------------------------------------------------------------


def _search_due(clock: Clock) -> int:
    at = clock()
    awake = Q(connection__paused_until=None) | Q(connection__paused_until__lte=at)
    due = Outbound.objects.filter(awake, search_at__lte=at, connection__is_active=True)
    done = 0
    for pk, search_at in list(
        due.order_by("search_at", "pk").values_list("pk", "search_at")[:AT_ONCE]
    ):
        if clock() > at + AT_A_STRETCH:
            break
        # Compared and set, so that of two sweeps one searches.
        held = clock() + LEASE
        mine = Outbound.objects.filter(pk=pk, search_at=search_at).update(search_at=held)
        if mine:
            _search(Outbound.objects.select_related("connection").get(pk=pk), held, clock)
            done += 1
    return done


def _search(row: Outbound, held: datetime, clock: Clock) -> None:
    def plan(next_at: datetime | None) -> None:
        # Not if the message was sent again meanwhile, which plans a search of its own.
        Outbound.objects.filter(pk=row.pk, search_at=held).update(search_at=next_at)

    if not adapter_marks(row.connection):
        plan(None)
        return
    try:
        look(row.connection, {row.object_key}, clock=clock)
    except Temporary:
        plan(clock() + AGAIN)
    except CallFailed:  # such as a refused key, about which the connection's owner knows
        plan(clock() + HOURLY)
    else:
        plan(_next_search(row, clock()))


def _next_search(row: Outbound, at: datetime) -> datetime | None:
    if row.state in Outbound.workable:  # its end plans the next search
        return None
    since = row.delivered_at or row.started_at or at
    return next((since + wait for wait in SEARCHES if since + wait > at), None)


# -- All objects of a connection -------------------------------------------------------------------


def _compare_due(clock: Clock) -> int:
    at = clock()
    due = Connection.objects.active().filter(
        Q(reconciled_at=None) | Q(reconciled_at__lte=at - DAILY),
        Q(paused_until=None) | Q(paused_until__lte=at),
    )
    done = 0
    for row in due.order_by("pk"):
        if not adapter_marks(row):
            continue
        same = Connection.objects.filter(pk=row.pk, reconciled_at=row.reconciled_at)
        if not same.update(reconciled_at=at):
            continue
        done += 1
        try:
            look(row, None, clock=clock)
        except CallFailed:
            Connection.objects.filter(pk=row.pk, reconciled_at=at).update(
                reconciled_at=at - DAILY + HOURLY
            )
    return done


def compare_soon() -> None:
    """Have every connection compared by the next sweep."""
    Connection.objects.exclude(reconciled_at=None).update(reconciled_at=None)


def adapter_marks(connection: Connection) -> bool:
    """Return whether objects of the connection are found by a mark."""
    adapter = adapter_of(connection.kind)
    return adapter is not None and adapter.marks


def look(connection: Connection, keys: Collection[str] | None, *, clock: Clock) -> None:
    """
    Compare what is in the external system with our rows, and record the discrepancies.

    Call it outside any transaction.

    :param keys: the objects to look for, or None for all
    :raises CallFailed: if a call fails; then nothing is recorded
    """
    adapter = adapter_of(connection.kind)
    surveyor = adapter.surveyor(connection) if adapter else None
    if surveyor is None:
        return
    ours = our_objects(connection, keys)
    settled = set(
        Discrepancy.objects.filter(
            connection=connection, choice=Discrepancy.Choice.KEEP
        ).values_list("object_type", "remote_id")
    )
    with watched(connection, clock), within(LONGEST_S), surveyor:
        found = _found(surveyor, keys)
        seen = compare(surveyor, found, ours, settled, files=keys is not None)
    # What moved here meanwhile, such as a page that was just created, is looked at another time.
    again = our_objects(connection, {each.object_key for each in seen}) if seen else {}
    still = [each for each in seen if again.get(each.object_key) == ours.get(each.object_key)]
    record(connection, still, keys, at=clock())


def _found(surveyor: Surveyor, keys: Collection[str] | None) -> Iterator[RemoteObject]:
    if keys is None:
        yield from surveyor.marked()
        return
    for key in sorted(keys):
        yield from surveyor.marked(key)
