"""Canonical text of a database row and of a JSON value, and the chain over their digests."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from functools import cache
from hashlib import sha256
from typing import Any

# How PostgreSQL writes a value as text depends on these; whoever compares digests pins them for the
# transaction.
SETTINGS = {
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "lc_monetary": "C",
}
PINNED = ", ".join(f"set_config('{name}', '{value}', true)" for name, value in SETTINGS.items())

# to_char says nothing of infinity and of years before Christ, which would pass for NULL and for
# years after.
COMMON = "isfinite({c}) AND {c} >= '0001-01-01 00:00Z'"
AS_TEXT = {
    "timestamp with time zone": "CASE WHEN "
    + COMMON
    + " THEN to_char({c} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US') ELSE {c}::text END",
    "date": "CASE WHEN " + COMMON + " THEN to_char({c}, 'YYYY-MM-DD') ELSE {c}::text END",
}


def digest_sql(columns: Sequence[str], types: Mapping[str, str], alias: str) -> str:
    """
    SQL for the SHA-256, as hex, of the columns as netstrings, NULL as ``-``: no value can pretend
    to be two.

    Independent of columns that are added later, and of the session's settings once ``SELECT
    {PINNED}`` has run in the same transaction.

    :param types: PostgreSQL's type name of each column
    """
    if not columns:
        return "''"
    parts = []
    for column in columns:
        text = AS_TEXT.get(types[column], "{c}::text").format(c=f'{alias}."{column}"')
        parts.append(f"coalesce(octet_length({text})::text || ':' || {text}, '-') || ','")
    return f"encode(sha256(convert_to({' || '.join(parts)}, 'UTF8')), 'hex')"


def link(previous: str, rows: Iterable[tuple[int, str, str]]) -> str:
    """
    The head of a chain after one more batch: SHA-256, as hex, over the last head and ``id digest
    text_digest`` lines.
    """
    body = "\n".join([previous, *(f"{row_id} {digest} {text}" for row_id, digest, text in rows)])
    return sha256(body.encode()).hexdigest()


def _as_object(value: Any) -> dict[str, Any]:
    """:raises TypeError: for what is no dataclass, as JSON does"""
    return {name: getattr(value, name) for name in _names(value.__class__)}


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


# The form of everything new: keys in order, no spaces, letters as they are, no NaN. A dataclass is
# an object of its fields, read as it is written: ``asdict`` would copy it first.
CANONICAL = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_as_object
)
# The forms of digests that rows keep and other systems were sent. Their bytes never change.
ESCAPED = json.JSONEncoder(sort_keys=True, separators=(",", ":"))
SPACED = json.JSONEncoder()


def as_json(value: Any) -> str:
    """
    The one JSON text of a value.

    :raises ValueError: for NaN and infinity, which JSON does not have
    """
    return CANONICAL.encode(value)


def json_digest(value: Any, form: json.JSONEncoder = CANONICAL) -> str:
    """SHA-256 of a value's JSON text in UTF-8, as hex. Half a surrogate pair counts as it is."""
    return sha256(form.encode(value).encode("utf-8", "surrogatepass")).hexdigest()
