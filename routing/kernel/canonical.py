"""Canonical text of a database row and of a JSON value, and the chain over their digests."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from functools import cache
from hashlib import sha256
from typing import Any

# The text form of a value depends on these settings of the session. Code that compares digests pins
# them for its transaction, or a session with another time zone would report tampering.
SETTINGS = {
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "lc_monetary": "C",
}
PINNED = ", ".join(f"set_config('{name}', '{value}', true)" for name, value in SETTINGS.items())

# to_char returns nothing for infinity and drops the sign of years before Christ. Two different
# values would then have one digest.
COMMON = "isfinite({c}) AND {c} >= '0001-01-01 00:00Z'"
AS_TEXT = {
    "timestamp with time zone": "CASE WHEN "
    + COMMON
    + " THEN to_char({c} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US') ELSE {c}::text END",
    "date": "CASE WHEN " + COMMON + " THEN to_char({c}, 'YYYY-MM-DD') ELSE {c}::text END",
}


def text_sql(column: str, types: Mapping[str, str], alias: str) -> str:
    """Return SQL for the text of one column, as its digest reads it; NULL stays NULL."""
    return AS_TEXT.get(types[column], "{c}::text").format(c=f'{alias}."{column}"')


def digest_sql(columns: Sequence[str], types: Mapping[str, str], alias: str) -> str:
    """
    Return SQL for the SHA-256, as hex, of the columns.

    Columns that are added later do not change the digest. Neither do the session's settings, once
    ``SELECT {PINNED}`` has run in the same transaction.

    :param types: PostgreSQL's type name of each column
    """
    if not columns:
        return "''"
    # Netstrings (length, colon, text), with ``-`` for NULL. Without the lengths, text could move
    # from one column to the next and the digest would be the same.
    parts = []
    for column in columns:
        text = text_sql(column, types, alias)
        parts.append(f"coalesce(octet_length({text})::text || ':' || {text}, '-') || ','")
    return f"encode(sha256(convert_to({' || '.join(parts)}, 'UTF8')), 'hex')"


def link(previous: str, rows: Iterable[tuple[int, str, str]]) -> str:
    """
    Return the head of a chain after one more batch: the SHA-256, as hex, of the previous head and a
    line ``id digest text_digest`` for each row.
    """
    body = "\n".join([previous, *(f"{row_id} {digest} {text}" for row_id, digest, text in rows)])
    return sha256(body.encode()).hexdigest()


def _as_object(value: Any) -> dict[str, Any]:
    """:raises TypeError: if the value is not a dataclass, as ``json`` does"""
    return {name: getattr(value, name) for name in _names(value.__class__)}


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


# The form of all new JSON: sorted keys, no spaces, no escapes, no NaN. Dataclasses are encoded
# field by field, because ``asdict`` would copy every value first.
CANONICAL = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_as_object
)
# The forms behind digests that are stored in rows or were sent to other systems. Changing a byte
# here would make every one of those digests wrong.
ESCAPED = json.JSONEncoder(sort_keys=True, separators=(",", ":"))
SPACED = json.JSONEncoder()


def as_json(value: Any) -> str:
    """
    Return the canonical JSON text of a value.

    :raises ValueError: for NaN and infinity, which JSON does not have
    """
    return CANONICAL.encode(value)


def json_digest(value: Any, form: json.JSONEncoder = CANONICAL) -> str:
    """Return the SHA-256, as hex, of a value's JSON text in UTF-8."""
    # Text from outside may hold half a surrogate pair, which strict UTF-8 refuses to encode.
    return sha256(form.encode(value).encode("utf-8", "surrogatepass")).hexdigest()
