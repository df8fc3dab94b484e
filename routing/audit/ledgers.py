"""
Append-only tables: the triggers that protect them, and the rights of the app's database role.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.db import connections, models, transaction
from django.db.migrations.executor import MigrationExecutor
from psycopg import sql
from simple_history.models import HistoricalChanges

from routing.audit.models import Redaction, Seal, SealedRow
from routing.kernel.events import Event
from routing.kernel.roles import sync_groups
from routing.kernel.texts import redactable_fields
from routing.people.staff import User
from routing.runs.operations.exception_defaults import ensure_routes
from routing.work.items import DoorOnly

# The second layer beside the rights of the role: it also stops the owner of the tables. A redaction
# must be the owner's and must announce itself for the transaction.
REFUSE = """
CREATE OR REPLACE FUNCTION refuse_rewrite() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND current_setting('throughline.redacting', true) = 'on'
        AND pg_has_role(current_user, (SELECT relowner FROM pg_class
            WHERE oid = TG_RELID), 'MEMBER') THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME,
        TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;
"""


# The instant at which the database wrote a history row. No model knows the column, and the app's
# role cannot set it. Rows from before it existed have none.
RECORDED = "recorded_at"


@dataclass(frozen=True, slots=True)
class Ledger:
    """
    An append-only table that is sealed. Its free text may be redacted, so it is sealed apart from
    the facts.
    """

    table: str
    key: str
    facts: tuple[str, ...]
    free_text: tuple[str, ...]


def history_models() -> list[type[models.Model]]:
    return [model for model in apps.get_models() if issubclass(model, HistoricalChanges)]


def append_only_models() -> list[type[models.Model]]:
    own = [model for model in apps.get_models() if getattr(model, "append_only", False)]
    return [*history_models(), *own, Event, Seal, SealedRow, Redaction]


def ledgers() -> list[Ledger]:
    """Return all evidence except the seals themselves, by table name."""
    evidence = [model for model in append_only_models() if model not in {Seal, SealedRow}]
    return sorted((_ledger(model) for model in evidence), key=lambda ledger: ledger.table)


def _ledger(model: type[Any]) -> Ledger:
    tracked = getattr(model, "instance_type", None)
    free = set(redactable_fields(tracked or model)) | set(getattr(model, "text_digests", ()))
    if tracked:
        free.add("history_change_reason")
    columns = [str(field.column) for field in model._meta.concrete_fields]
    columns += [RECORDED] if tracked else []
    return Ledger(
        model._meta.db_table,
        str(model._meta.pk.column),
        tuple(column for column in columns if column not in free),
        tuple(column for column in columns if column in free),
    )


def after_migrate(sender: AppConfig, using: str, **_: Any) -> None:
    """
    Set up triggers, rights, groups and exception routing after the last app's migrations.

    Whoever goes back to an earlier migration keeps what is set up; the code from before renews it.
    """
    # Django sends the signal for each app with models. Before the last one, tables are missing.
    with_models = [app for app in apps.get_app_configs() if app.models_module]
    if sender is not with_models[-1] or _is_left_behind(using):
        return
    record_instants(using)
    hold_append_only(using)
    grant_rights(using, settings.DATABASES["default"]["USER"])
    sync_groups(using)
    ensure_routes(using)


def _is_left_behind(using: str) -> bool:
    """Return whether migrations of this code are still to be applied."""
    executor = MigrationExecutor(connections[using])
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def record_instants(using: str) -> None:
    """Give each history table that lacks it the column for the instant of recording."""
    with connections[using].cursor() as cursor:
        for model in history_models():
            table = model._meta.db_table
            if RECORDED in _columns(cursor, table):
                continue
            # Two steps, so that the rows that are there stay empty: nobody knows when they were
            # written. ``now()`` would be the start of the transaction.
            cursor.execute(
                f'ALTER TABLE "{table}" ADD COLUMN {RECORDED} timestamptz, '
                f"ALTER COLUMN {RECORDED} SET DEFAULT clock_timestamp()"
            )


def _columns(cursor: Any, table: str) -> list[str]:
    """Return the columns of a table in their order, those of newer and older code included."""
    cursor.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 "
        "AND NOT attisdropped ORDER BY attnum",
        [f'"{table}"'],
    )
    return [name for (name,) in cursor.fetchall()]


def hold_append_only(using: str) -> None:
    with connections[using].cursor() as cursor:
        cursor.execute(REFUSE)
        for model in append_only_models():
            table = model._meta.db_table
            cursor.execute(
                f"CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON "
                f'"{table}"'
                " FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite()"
            )


def grant_rights(using: str, role: str) -> None:
    """
    Give the app's role the rights it needs: it can neither rewrite evidence nor delete work or
    people.
    """
    # Development may use one role for both. A system check refuses that in production.
    if role == connections[using].settings_dict["USER"]:
        return
    evidence = [model._meta.db_table for model in append_only_models()]
    lasting = [
        model._meta.db_table
        for model in apps.get_models()
        if issubclass(model, DoorOnly) or model is User or getattr(model, "lasting", False)
    ]
    app = sql.Identifier(role)
    # One transaction: the rights for all tables come first, and no session may use them meanwhile.
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        for statement in (
            "GRANT USAGE ON SCHEMA public TO {app}",
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {app}",
            "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {app}",
            "REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {app}",
        ):
            cursor.execute(sql.SQL(statement).format(app=app))
        for table in evidence:
            cursor.execute(
                sql.SQL("REVOKE UPDATE, DELETE, TRUNCATE ON {t} FROM {app}").format(
                    t=sql.Identifier(table), app=app
                )
            )
        for table in lasting:
            cursor.execute(
                sql.SQL("REVOKE DELETE ON {t} FROM {app}").format(t=sql.Identifier(table), app=app)
            )
        cursor.execute(
            sql.SQL("REVOKE INSERT ON {t} FROM {app}").format(
                t=sql.Identifier(Redaction._meta.db_table), app=app
            )
        )
        for model in history_models():
            _grant_columns(cursor, model, app)


def _grant_columns(cursor: Any, model: type[models.Model], app: sql.Identifier) -> None:
    """Let the app's role write history rows without their number and their instant of recording."""
    table = model._meta.db_table
    from_database = {str(model._meta.pk.column), RECORDED}
    columns = [name for name in _columns(cursor, table) if name not in from_database]
    parts = {
        "t": sql.Identifier(table),
        "app": app,
        "columns": sql.SQL(", ").join(sql.Identifier(name) for name in columns),
    }
    cursor.execute(sql.SQL("REVOKE INSERT ON {t} FROM {app}").format(**parts))
    cursor.execute(sql.SQL("GRANT INSERT ({columns}) ON {t} TO {app}").format(**parts))
