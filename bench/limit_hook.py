"""
The least a hook could do on the same server: check the signature, keep the body with one INSERT,
answer; it reads nothing out of it.
"""

from __future__ import annotations

import hmac
import json
import os
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from hashlib import sha256
from threading import local
from typing import Any

import psycopg

from integrations.adapters.hubspot.signing import SIGNATURE, TIMESTAMP, sign

PLACE, SLUG = "/limit/", "limit"
SECRET, URL = "client-secret-of-the-bench", "http://bench.invalid/hooks/limit/"
FIND = "SELECT id FROM integrations_connection WHERE slug = %s"
KEEP = """
    INSERT INTO integrations_inbound (connection_id, received_at, last_received_at, deliveries,
        headers, raw, sha256, state, captured,
        repeated, conflicting, ignored, poison, reason, problems)
    VALUES (%s, %s, %s, 1, '{}', %s, %s, 'processed', 1, 0, 0, 0, 0, '', '[]')
    ON CONFLICT (connection_id, sha256) DO NOTHING"""
_mine = local()


def _session() -> tuple[psycopg.Connection[Any], int]:
    """One a thread, for as long as that lives: no pool."""
    if not hasattr(_mine, "session"):
        session = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
        [(connection_id,)] = session.execute(FIND, [SLUG])
        _mine.session = session, int(connection_id)
    found: tuple[psycopg.Connection[Any], int] = _mine.session
    return found


def hook(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    stamp = environ[_meta(TIMESTAMP)]
    genuine = hmac.compare_digest(sign(SECRET, "POST", URL, body, stamp), environ[_meta(SIGNATURE)])
    if genuine:
        session, connection_id = _session()
        at = datetime.now(UTC)
        session.execute(KEEP, [connection_id, at, at, body, sha256(body).hexdigest()], prepare=True)
    answer = json.dumps({"captured": int(genuine)}).encode()
    start_response(
        "200 OK" if genuine else "401 Unauthorized",
        [("Content-Type", "application/json"), ("Content-Length", str(len(answer)))],
    )
    return [answer]


def _meta(header: str) -> str:
    return f"HTTP_{header.upper().replace('-', '_')}"
