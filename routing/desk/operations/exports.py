"""
Export lists: short ones at once, long ones by a worker. Each leaves a record of who took what.
"""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Callable
from datetime import datetime
from typing import IO, Any

import structlog
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.core.files.base import File
from django.db import transaction
from django.db.models import Q
from django.http import QueryDict

from routing.desk.export_jobs import Export, ExportRecord
from routing.desk.exporting import ExportedFile, ListToExport, list_to_export, write_list
from routing.desk.exports import TooManyRows
from routing.desk.named_lists import UnknownList
from routing.kernel.queues import Lease, finish, lease
from routing.kernel.storage import private
from routing.people.actors import Actor
from routing.work.registry import announce, reactions

log = structlog.get_logger(__name__)
Clock = Callable[[], datetime]
Way, Fault = ExportRecord.Way, Export.Fault

MOST_AT_ONCE = 5_000  # rows; longer lists are written by a worker
MOST_RUNNING = 3  # exports of one person at a time
FINISHED = announce("routing.export.finish")
FOLDER = "exports"  # in the private storage, whose sweep removes what has no file row after a day


class TooManyExports(ValueError):
    """The person has as many exports running as one may have."""


class _Stopped(Exception):
    """The export was cancelled, or another worker has it."""


def export_now(
    found: ListToExport, form: str, out: IO[bytes], *, way: str, at: datetime
) -> ExportedFile:
    """
    Write a list into ``out`` and record who exported what.

    :param way: a value of ``ExportRecord.Way``
    :raises TooManyRows: if the format cannot hold the list
    """
    written = write_list(found, form, out, at=at)
    _record(found, form, written, way, at)
    return written


def ask_for_export(found: ListToExport, form: str, *, at: datetime) -> Export:
    """
    Have a worker write a list, which the person finds in “My exports”.

    :raises TooManyExports: if too many of theirs are running
    """
    if Export.objects.running().filter(user=found.user).count() >= MOST_RUNNING:
        raise TooManyExports
    return Export.objects.create(
        user=found.user,
        list_name=found.name,
        query=found.query.urlencode(),
        format=form,
        asked_at=at,
        due_at=at,
        total=found.count(),
    )


def cancel_export(pk: int, *, at: datetime) -> bool:
    """Cancel an export that is not finished. Return False if there is nothing to cancel."""
    # Its worker sees it before it writes the next rows.
    rows = Export.objects.running().filter(pk=pk)
    return bool(rows.update(cancelled_at=at, due_at=None, expires_at=at + Export.KEPT))


def note_download(pk: int, *, at: datetime) -> None:
    """Note the first download, after which the sidebar counts the export no longer."""
    Export.objects.filter(pk=pk, fetched_at=None).update(fetched_at=at)


def forget_exports(*, at: datetime) -> int:
    """Remove the files and rows of exports that are a day old, and return their number."""
    gone = Export.objects.filter(expires_at__lte=at)
    for key in gone.exclude(storage_key="").values_list("storage_key", flat=True):
        private().delete(key)  # again and without harm, if the next statement fails
    count, _models = gone.delete()
    return count


# -- The worker ------------------------------------------------------------------------------------


def write_exports(*, clock: Clock) -> int:
    """
    Write one export that is due, and return 1, or 0 if there is none.

    It may run twice at a time, and it may fail or be killed at any time: once its lease has ended,
    another worker begins anew. Only the file of the newest lease counts.

    :param clock: returns the current time, aware
    """
    at = clock()
    due = Export.objects.due(at).order_by("due_at", "pk").values_list("pk", flat=True)
    for pk in due[:MOST_RUNNING]:
        taken = lease(Export.objects.due(at).filter(pk=pk), _take(at))
        if taken is not None:
            _write(*taken, clock)
            return 1
    return 0


def _take(at: datetime) -> Callable[[Export], bool]:
    def take(row: Export) -> bool:
        if row.attempts >= Export.MOST_ATTEMPTS:  # it has killed its workers
            _end(Q(pk=row.pk), at, fault=Fault.FAILED)
            return False
        row.due_at, row.done = at + Export.LEASE, 0
        row.lease, row.attempts = row.lease + 1, row.attempts + 1
        row.save(update_fields=["due_at", "done", "lease", "attempts"])
        return True

    return take


def _write(row: Export, held: Lease, clock: Clock) -> None:
    mine = Q(pk=row.pk, lease=held.token)
    try:
        with tempfile.TemporaryFile() as out:
            found = list_to_export(row.list_name, row.user, QueryDict(row.query))
            written = write_list(
                found, row.format, out, at=clock(), progress=_progress(held, clock)
            )
            _keep(row, held, found, written, out, clock())
    except _Stopped:
        return
    except PermissionDenied:
        _end(mine, clock(), fault=Fault.DENIED)
    except (UnknownList, SuspiciousOperation):
        _end(mine, clock(), fault=Fault.GONE)
    except TooManyRows:
        _end(mine, clock(), fault=Fault.TOO_MANY)
    except OSError as error:
        log.exception("export_without_room", export=row.pk)
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        _end(mine, clock(), fault=Fault.NO_ROOM)


def _progress(held: Lease, clock: Clock) -> Callable[[int], None]:
    def progress(done: int) -> None:
        """:raises _Stopped: if this worker is no longer to write it"""
        rows = held.of(Export.objects.running())
        if not rows.update(done=done, due_at=clock() + Export.LEASE):
            raise _Stopped

    return progress


def _keep(
    row: Export,
    held: Lease,
    found: ListToExport,
    written: ExportedFile,
    out: IO[bytes],
    at: datetime,
) -> None:
    """
    Store a file that is whole, and record the export in the transaction that makes it ready.

    :raises _Stopped: if the export was cancelled, or another worker has it
    """
    out.seek(0)
    # The token is in the name: a worker that was overtaken does not touch the file of another.
    key = private().save(f"{FOLDER}/{row.key}-{held.token}", File(out))
    with transaction.atomic():
        current: Any = finish(Export.objects.running(), held)
        if current is not None:
            current.due_at, current.finished_at, current.expires_at = None, at, at + Export.KEPT
            current.storage_key, current.size = key, written.size
            current.sha256, current.done = written.sha256, written.rows
            current.total = written.rows
            current.file_name = f"{row.list_name}-{at:%Y%m%dT%H%M%SZ}.{row.format}"
            current.save()
            _record(found, row.format, written, Way.JOB, at)
            _tell(current, at)
    if current is None:
        private().delete(key)
        raise _Stopped


def _end(rows: Q, at: datetime, *, fault: str) -> None:
    ended = {"fault": fault, "due_at": None, "finished_at": at, "expires_at": at + Export.KEPT}
    with transaction.atomic():
        for row in Export.objects.running().filter(rows).select_for_update():
            Export.objects.filter(pk=row.pk).update(**ended)
            _tell(row, at)


def _tell(row: Export, at: datetime) -> None:
    """Have its person told that an export is ready or failed, in the transaction that says so."""
    for reaction in reactions(FINISHED.kind):
        reaction([row], Actor.system(), at)


def _record(found: ListToExport, form: str, written: ExportedFile, way: str, at: datetime) -> None:
    ExportRecord.objects.create(
        user=found.user,
        list_name=found.name,
        filters=[list(each) for each in found.filters],
        format=form,
        way=way,
        rows=written.rows,
        sha256=written.sha256,
        at=at,
    )
