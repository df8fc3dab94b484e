"""Operations for migrations of many models, and of tables that are large and in use."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db.migrations.operations import CreateModel, SeparateDatabaseAndState
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

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


class AlterWords(SeparateDatabaseAndState):
    """
    Change what the database does not know: names, help texts and choices.

    After each such change Django makes all models anew that are related to it, a tenth of a second
    each time; here it makes them once, when they are needed next.
    """

    def __init__(self, state_operations: list[Operation]) -> None:
        super().__init__(state_operations=state_operations)

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        vars(state).pop("apps", None)
        super().state_forwards(app_label, state)


class CreateModelOnce(CreateModel):
    """
    Make a table with its indexes and constraints, unless it is there, all of it or nothing.

    For a migration that has no transaction because it makes an index as well.
    """

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        table = to_state.apps.get_model(app_label, self.name)._meta.db_table
        if table in schema_editor.connection.introspection.table_names():
            return
        with schema_editor.connection.schema_editor(atomic=True) as whole:
            super().database_forwards(app_label, whole, from_state, to_state)
