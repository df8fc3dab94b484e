"""
Restoring a dump as docs/howto/back-up-and-restore.md says: the same commands, on the database of an
earlier slice.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection, connections

from config.embedded import identity, places
from config.paths import ROOT
from config.storage import databases, dumps
from routing.audit.ledgers import ledgers
from routing.audit.verify import verify
from routing.models import WorkItem
from tests.plugin import APP
from tests.upgrade.conftest import Upgraded

# Drills, because a database of then is migrated first.
pytestmark = [pytest.mark.drill, pytest.mark.requirement("I8", "P7")]

HOWTO = (ROOT / "docs" / "howto" / "back-up-and-restore.md").read_text()


def commands(*programs: str) -> list[str]:
    """The lines of the how-to that call one of these programs on the owner's database."""
    return [
        line
        for line in HOWTO.splitlines()
        if line.startswith(programs) and "DATABASE_OWNER_URL" in line and "--file" not in line
    ]


def test_a_dump_comes_back_whole_and_evidence_is_closed_again(
    upgraded: Upgraded, tmp_path: Path
) -> None:
    programs = places.postgres_programs(identity.choose())
    now = connections["owner"].settings_dict["NAME"]
    parts = databases.parse(os.environ["DATABASE_OWNER_URL"])
    owner = databases.build(
        user=parts["user"],
        password=parts["password"],
        host=parts["host"],
        dbname=now,
        port=parts.get("port", ""),
    )
    items = set(WorkItem.objects.values_list("ref", "state", "owner"))
    dumps.dump(str(programs / "pg_dump"), owner, tmp_path / "now.dump")
    connections.close_all()

    environ = {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "DATABASE_OWNER_URL": owner,
        "PGOPTIONS": "-c client_min_messages=warning",
    }
    for line in commands("psql", "pg_restore"):
        subprocess.run(
            ["/bin/sh", "-ec", line], env=environ, cwd=tmp_path, check=True, capture_output=True
        )
    call_command("migrate", verbosity=0, interactive=False)

    assert len(commands("psql", "pg_restore")) == 2
    assert set(WorkItem.objects.values_list("ref", "state", "owner")) == items
    assert len(items) > 50
    assert verify().whole
    with connection.cursor() as cursor:
        for ledger in ledgers():
            cursor.execute(
                "SELECT has_table_privilege(%s, %s, 'SELECT'), has_table_privilege(%s, %s, "
                "'UPDATE')",
                [APP, ledger.table] * 2,
            )
            assert cursor.fetchone() == (True, False), ledger.table
