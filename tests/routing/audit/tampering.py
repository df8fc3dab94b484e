"""Attempts to tamper with the audit trail."""

from __future__ import annotations

import psycopg
from django.db import connection


def tamper(dsn: str, statement: str, *params: object) -> None:
    """Change rows as a database superuser could without being noticed."""
    with psycopg.connect(
        dsn, dbname=connection.settings_dict["NAME"], autocommit=True
    ) as superuser:
        superuser.execute("SET session_replication_role = replica")
        superuser.execute(statement, params)
