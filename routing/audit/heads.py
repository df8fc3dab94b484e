"""
The heads of the chain, published where a database owner cannot reach them: one JSON line each, in a
file.
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
    Put the head into SEAL_HEADS_FILE, and into the log.

    :raises OSError: if the file cannot be written; the seal itself is committed
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
    One write, one line: what an earlier write left half done (a full disk, a lost power line) stays
    a line of its own.
    """
    with path.open("a+b", buffering=0) as file:
        torn = file.seek(0, os.SEEK_END) and os.pread(file.fileno(), 1, file.tell() - 1) != b"\n"
        whole = (b"\n" if torn else b"") + line + b"\n"
        if file.write(whole) != len(whole):
            raise OSError(f"{path} took only a part of the head of a seal: is its disk full?")
        os.fsync(file.fileno())


def missing_heads() -> str:
    """
    The first published line that is not in the chain, because its end was cut off, or that cannot
    be read; or empty.
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
    return (
        f"seal {min(published[head] for (head,) in gone)}: published, but no longer in the chain"
        if gone
        else ""
    )


def _read(line: bytes) -> tuple[str, int] | None:
    """Head and number of the seal, or None for a line that is not one of ours."""
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return None
    head, seal = (said.get("head"), said.get("seal")) if isinstance(said, dict) else (None, None)
    return (
        (head, seal)
        if isinstance(head, str) and HEAD.fullmatch(head) and isinstance(seal, int)
        else None
    )
