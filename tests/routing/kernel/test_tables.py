"""Statements take their columns from the models, and what is left out takes its default."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.db import models

from routing.kernel.sql import run
from routing.kernel.tables import insert_into
from routing.models import Event, RunStep, User, WorkItem
from routing.work.items import RefCounter
from tests.world import NOW, World

ROOT = Path(__file__).parents[3]
ONE_PLACE = "routing/kernel/tables.py"


def test_a_statement_names_what_it_is_given_and_the_defaults_of_the_rest() -> None:
    sql = insert_into(RunStep, "new", run_id="run", name="'act'", due_at="%(at)s")

    assert sql == (
        'INSERT INTO "routing_runstep" ("run_id", "name", "state", "due_at", "attempts", "lease", '
        "\"last_error\") SELECT run, 'act', 'due', %(at)s, 0, 0, '' FROM new"
    )


def test_what_the_database_fills_in_itself_is_left_to_it() -> None:
    sql = insert_into(WorkItem, "new", **_all_of(WorkItem, without="is_timed"))

    assert "is_timed" not in sql
    assert '"id"' not in sql


def _all_of(model: type[models.Model], *, without: str) -> dict[str, str]:
    names = [field.attname for field in model._meta.concrete_fields if not field.primary_key]
    return {name: name for name in names if name != without}


def test_a_key_that_is_no_number_of_the_database_is_written() -> None:
    assert insert_into(RefCounter, "new", alias="c", prefix="prefix", last="1") == (
        'INSERT INTO "routing_refcounter" AS c ("prefix", "last") SELECT prefix, 1 FROM new'
    )


def test_a_name_that_is_no_field_and_a_field_without_a_value_are_refused() -> None:
    with pytest.raises(TypeError, match="no field runn"):
        insert_into(RunStep, "new", runn="1")
    with pytest.raises(TypeError, match="due_at has no default"):
        insert_into(RunStep, "new", run_id="run", name="name")


def test_a_default_with_a_quote_or_a_percent_sign_is_written_as_it_is(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Event._meta.get_field("source"), "default", "it's 5 %")
    sql = insert_into(Event, "", kind="%(kind)s", actor_id="%(actor)s", at="%(at)s")

    system = User.objects.system().pk
    [(source,)] = run(f"{sql} RETURNING source", {"kind": "a.b.c", "actor": system, "at": NOW})

    assert source == "it's 5 %"


def test_no_statement_writes_its_columns_by_hand() -> None:
    found = []
    for package in ("routing", "delivery", "integrations"):
        for path in sorted((ROOT / package).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if "migrations" not in path.parts and name != ONE_PLACE:
                found += [name for _ in re.finditer(r"INSERT INTO", path.read_text())]

    assert found == []
