"""Operations for migrations of tables that are large and in use."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.operations import AddIndexConcurrently

_IS_THERE = "SELECT FROM pg_class WHERE relname = %s AND relkind = 'i'"


class AddIndexOnce(AddIndexConcurrently):
    """
    Make an index while work goes on, unless it is there.

    A migration without a transaction that was interrupted begins anew, so each of its steps must
    pass over what it has done before.
    """

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        with schema_editor.connection.cursor() as cursor:
            cursor.execute(_IS_THERE, [self.index.name])
            if cursor.rowcount:
                return
        super().database_forwards(app_label, schema_editor, from_state, to_state)
