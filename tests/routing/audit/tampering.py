"""What the running app cannot do to evidence."""

from __future__ import annotations

import psycopg
from django.db import connection


def tamper(dsn: str, statement: str, *params: object) -> None:
    """What a database superuser could do behind everybody's back."""
    with psycopg.connect(dsn, dbname=connection.settings_dict["NAME"], autocommit=True) as superuser:
        superuser.execute("SET session_replication_role = replica")
        superuser.execute(statement, params)
