"""Values sent to PostgreSQL as arrays arrive unchanged."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DataError

from routing.kernel.sql import run

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("text", ['a "word"', "back\\slash", "", "NULL", None, "{1,2}", " a,b ", "é\n\t"]),
        ("text", ['a "word"', "back\\slash", "", "NULL", "{1,2}", " a,b ", '\\"', "é\n\t"]),
        ("bigint", [1, None, -(2**40)]),
        ("timestamptz", [datetime(2026, 3, 2, 9, 0, 1, 5, tzinfo=UTC), None]),
        ("interval", [timedelta(hours=2), None, timedelta(0)]),
        ("boolean", [True, False, None]),
        ("text", []),
        ("text", [None]),
    ],
)
def test_every_value_arrives_as_it_was(kind: str, values: list[Any]):
    [(found,)] = run(f"SELECT %s::{kind}[]", [values])

    assert found == values


def test_text_that_postgresql_does_not_know_is_refused():
    with pytest.raises(DataError):
        run("SELECT %s::text[]", [["a", "b\0c"]])


def test_nested_lists_arrive_too():
    [(found,)] = run("SELECT %s::int[]", [[[1, 2], [3, 4]]])

    assert found == [[1, 2], [3, 4]]
