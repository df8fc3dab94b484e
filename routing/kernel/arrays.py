"""
Arrays on their way to PostgreSQL: psycopg's own in Python asks a regular expression of every value,
and of every quote in it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
from psycopg.abc import Buffer
from psycopg.types.array import ListDumper


class QuickListDumper(ListDumper):
    """
    Quotes every value, which PostgreSQL takes for any type, so that nothing need be looked for.

    Nested lists go psycopg's way.
    """

    def dump(self, obj: list[Any]) -> Buffer | None:
        if self.sub_dumper is None or list in set(map(type, obj)):
            return super().dump(obj)
        dump = self.sub_dumper.dump
        return b"{" + self.delimiter.join([_quoted(dump, item) for item in obj]) + b"}"


def _quoted(dump: Callable[[Any], Buffer | None], item: Any) -> bytes:
    if item is None or (dumped := dump(item)) is None:
        return b"NULL"
    return b'"' + bytes(dumped).replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


def register() -> None:
    """For every connection that is opened after this."""
    psycopg.adapters.register_dumper(list, QuickListDumper)
