"""
The heads of the chain, published in a file: one JSON line for each seal.

The owner of the database could rewrite rows and seals alike, and the chain would verify. The file
must be where that person cannot change it.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import structlog
from django.conf import settings
from django.db import connection

from routing.audit.models import Seal
from routing.kernel.sql import run

log = structlog.get_logger(__name__)
HEAD = re.compile(r"[0-9a-f]{64}")


def publish(sealed: Seal) -> None:
    """
    Write the head to SEAL_HEADS_FILE and to the log.

    :raises OSError: if the file cannot be written. The seal itself is committed.
    """
    head = {
        "seal": sealed.pk,
        "ledger": sealed.ledger,
        "rows": sealed.row_count,
        "head": sealed.head,
        "at": sealed.sealed_at.isoformat(),
    }
    log.info("sealed", database=connection.settings_dict["NAME"], **head)
    if settings.SEAL_HEADS_FILE:
        _append(Path(settings.SEAL_HEADS_FILE), json.dumps(head).encode())


def _append(path: Path, line: bytes) -> None:
    """
    Append one line and flush it to the disk.
    """
    # A full disk or a power failure may leave half a line. A line break before this one keeps the
    # two apart, so that only the broken line cannot be read.
    with path.open("a+b", buffering=0) as file:
        torn = file.seek(0, os.SEEK_END) and os.pread(file.fileno(), 1, file.tell() - 1) != b"\n"
        whole = (b"\n" if torn else b"") + line + b"\n"
        if file.write(whole) != len(whole):
            raise OSError(f"{path} took only a part of the head of a seal: is its disk full?")
        os.fsync(file.fileno())


def missing_heads() -> str:
    """
    Return what is wrong with the first published line that is not in the chain or cannot be read,
    or an empty string.
    """
    path = Path(settings.SEAL_HEADS_FILE) if settings.SEAL_HEADS_FILE else None
    if path is None or not path.exists():
        return ""
    published: dict[str, int] = {}
    for number, line in enumerate(path.read_bytes().split(b"\n"), start=1):
        if line.strip():
            found = _read(line)
            if found is None:
                return f"line {number} of the published heads ({path.name}) cannot be read"
            published.update([found])
    gone = run(
        "SELECT p.head FROM unnest(%s::text[]) AS p(head) WHERE NOT EXISTS (SELECT FROM "
        "routing_seal s WHERE s.head = p.head)",
        [list(published)],
    )
    if not gone:
        return ""
    first = min(published[head] for (head,) in gone)
    return f"seal {first}: published, but no longer in the chain"


def _read(line: bytes) -> tuple[str, int] | None:
    """Return the head and the number of the seal, or None for a line that is not one of ours."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    match found:
        case {"head": str(head), "seal": int(seal)} if HEAD.fullmatch(head):
            return head, seal
        case _:
            return None
