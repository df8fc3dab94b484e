"""Store uploads, and remove files that nothing refers to."""

from __future__ import annotations

import errno
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from django.conf import settings
from django.core.files.base import File as Upload
from django.db import transaction
from django.db.models import Q

from routing.kernel.roles import EVERYONE, grant
from routing.kernel.sql import run as sql
from routing.kernel.storage import private
from routing.people.actors import Actor
from routing.people.clients import Client
from routing.work.display import size
from routing.work.file_types import images, names
from routing.work.file_types.kinds import FileType, kind_of
from routing.work.file_types.pictures import presentable
from routing.work.file_types.refusal import NotKept
from routing.work.file_types.streams import FileScan, look
from routing.work.files import File, FileQuerySet
from routing.work.previews import forget, want
from routing.work.registry import eraser

log = structlog.get_logger(__name__)
# Seed of the advisory locks on storage keys: shared to store a file, exclusive to remove one.
KEEPING = 7_203_010
UNREFERENCED = timedelta(days=1)  # longer than any upload or transaction may take

grant("routing.view_file", *EVERYONE)


def keep(upload: Upload[Any], *, name: str, client: Client | None, by: Actor, at: datetime) -> File:
    """
    Check, store and record an upload. The caller checks permission.

    All bytes are on disk before there is a row. If the row is never committed, ``sweep_orphans``
    removes them.

    :param upload: seekable; a ``ContentFile`` for bytes in memory
    :param client: people who may see the client may see the file; None for the uploader alone
    :raises NotKept: with instructions; nothing was stored
    """
    shown = names.clean(name)
    with accepted(upload, shown) as (kept, seen, kind):
        return _keep(kept, seen, kind, names.with_ending(shown, kind.type), client, by, at)


@contextmanager
def accepted(upload: Upload[Any], name: str) -> Iterator[tuple[Upload[Any], FileScan, FileType]]:
    """
    Yield the file as it is kept, and what it is. Images are upright and without metadata.

    :raises NotKept: with instructions
    """
    seen, kind = examine(upload, name)
    if kind.type not in images.FORMATS:
        yield upload, seen, kind
        return
    with presentable(upload, kind.type) as picture:
        # Looked at again, because the digest and the pixels are those of what is kept.
        yield (picture, *examine(picture, name))


def _keep(
    upload: Upload[Any],
    seen: FileScan,
    kind: FileType,
    name: str,
    client: Client | None,
    by: Actor,
    at: datetime,
) -> File:
    key = f"{seen.sha256[:2]}/{seen.sha256}"
    _store(key, upload)
    with transaction.atomic():
        sql("SELECT pg_advisory_xact_lock_shared(hashtextextended(%s, %s))", [key, KEEPING])
        # A sweep may have removed the bytes between the first call and the lock. From here on it
        # cannot. The first call keeps the slow copy out of the lock.
        _store(key, upload)
        if kind.width is not None:
            want(seen.sha256, at=at)
        return File.objects.create(
            sha256=seen.sha256,
            size=seen.size,
            type=kind.type,
            name=name,
            width=kind.width,
            height=kind.height,
            uploader_id=by.user_id,
            client=client,
            storage_key=key,
            uploaded_at=at,
        )


def examine(upload: Upload[Any], name: str) -> tuple[FileScan, FileType]:
    """
    Detect the type of an upload without storing it.

    :raises NotKept: with instructions
    """
    if upload.size > settings.FILE_MAX_BYTES:
        raise NotKept("too_large", limit=size(settings.FILE_MAX_BYTES))
    stream: Any = upload
    seen = look(stream)
    if not seen.size or seen.is_blank:
        raise NotKept("empty")
    if seen.is_infected:
        raise NotKept("virus")
    names.check(name)
    kind = kind_of(stream, name, seen, most_pixels=settings.FILE_MAX_PIXELS)
    names.check_ending(name, kind.type)
    return seen, kind


def _store(key: str, upload: Upload[Any]) -> None:
    storage = private()
    if storage.exists(key):
        return
    upload.seek(0)
    try:
        storage.save(key, upload)
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            log.exception("no_room_for_files", key=key)
            raise NotKept("no_room") from error
        raise


def content_of(file: File) -> bytes:
    """
    Return all bytes of a file.

    :raises FileNotFoundError: if they are missing from the storage
    """
    with private().open(file.storage_key) as stream:
        content: bytes = stream.read()
    return content


def sweep_orphans(at: datetime) -> int:
    """
    Remove unfinished files and files without a row once they are a day old. Return their number.

    It can run more than once at a time.
    """
    storage = private()
    removed = 0
    folders, _files = storage.listdir("")
    for folder in folders:
        keys = [f"{folder}/{name}" for name in storage.listdir(folder)[1]]
        known = set(File.objects.filter(storage_key__in=keys).values_list("storage_key", flat=True))
        removed += sum(_remove(key, before=at - UNREFERENCED) for key in keys if key not in known)
    return removed


def _remove(key: str, *, before: datetime | None = None) -> bool:
    """
    Remove bytes that no row refers to, unless somebody is storing the same bytes now, or they are
    younger than ``before``.
    """
    # Without waiting for the lock: if somebody holds it, the bytes are about to get a row.
    storage = private()
    with transaction.atomic():
        [(mine,)] = sql(
            "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, %s))", [key, KEEPING]
        )
        if not mine or File.objects.filter(storage_key=key).exists():
            return False
        try:
            if before is not None and storage.get_modified_time(key) >= before:
                return False
        except FileNotFoundError:  # another sweep took it, or it has its final name by now
            return False
        storage.delete(key)
    return True


@eraser
def forget_names(contact_id: int, email: str, at: datetime) -> None:
    """Clear the names of a person's files, and every name that contains their address."""
    named = Q(uploader__contact=contact_id)
    if email:
        named |= Q(name__icontains=email)
    File.objects.filter(named).update(name="", erased_at=at)


def erase_uploads(
    contact_id: int, *, by: Actor, at: datetime, only: Collection[int] | None = None
) -> int:
    """
    Delete the bytes of what a contact uploaded, and return the number of files. Bytes that
    somebody else uploaded as well stay.

    :param only: ids of files, None for everything
    :raises PermissionDenied: if ``by`` may not erase
    """
    by.require("routing.erase_contact", to="erase personal data")
    own = File.objects.filter(uploader__contact=contact_id)
    return _erase_bytes(own if only is None else own.filter(pk__in=only), at)


def erase_file(file_id: int, *, by: Actor, at: datetime) -> int:
    """
    Delete the bytes and the name of one file, and return 1, or 0 if they were gone already.

    :raises PermissionDenied: if ``by`` may not erase
    """
    by.require("routing.erase_contact", to="erase personal data")
    return _erase_bytes(File.objects.filter(pk=file_id), at)


def _erase_bytes(rows: FileQuerySet, at: datetime) -> int:
    with transaction.atomic():
        found = list(rows.kept().select_for_update(of=("self",)).order_by("pk"))
        File.objects.filter(pk__in=[file.pk for file in found]).update(
            name="", storage_key="", erased_at=at
        )
        for file in found:
            forget(file.sha256)
            # After the commit, since a rollback could not restore them. If the process dies in
            # between, the next sweep removes them.
            transaction.on_commit(partial(_remove, file.storage_key))
    return len(found)


__all__ = ["File", "NotKept", "erase_uploads", "examine", "keep", "sweep_orphans"]
