"""Every way to write a state is seen, and nothing that only reads one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.house.rules import Source, sources
from tests.house.state_writes import past_the_door, state_writes
from tests.house.state_writes_allowed import ALLOWED

WRITES = {
    "an assignment": ('row.state = "closed"',),
    "setattr": ('setattr(row, "state", "closed")', 'object.__setattr__(row, "state", "closed")'),
    "an augmented assignment": ('row.state += "d"',),
    "unpacking": (
        'row.state, row.at = "closed", at',
        "(title, (row.state, at)) = values",
        "for row.state in states: pass",
        "with opened() as row.state: pass",
        'row.state: str = "closed"',
    ),
    "the dictionary of an object": (
        'row.__dict__["state"] = "closed"',
        'row.__dict__.update(state="closed")',
        'row.__dict__.update({"state": "closed"})',
        'vars(row)["state"] = "closed"',
    ),
    "an update of a queryset": (
        'Request.objects.filter(pk=1).update(state="closed")',
        "rows.update(is_open=False)",
        'rows.update(**{"state": "closed"})',
        'rows.update(**dict(state="closed"))',
    ),
    "bulk_update": (
        'Request.objects.bulk_update(rows, ["title", "state"])',
        'Request.objects.bulk_update(rows, fields=("state",))',
        'Request.objects.bulk_create(rows, update_conflicts=True, update_fields=["state"])',
    ),
    "SQL": (
        """run("UPDATE delivery_request SET title = %s, state = 'closed' WHERE id = %s")""",
        """run('update "delivery_request" r set "state" = new.state from new')""",
        """run(f"UPDATE {table} SET at = {at}, state = %s WHERE id = 1")""",
        """run("UPDATE delivery_request " + "SET state = %s")""",
        """run("UPDATE delivery_request SET (title, state) = (%s, %s)")""",
        """run("INSERT INTO delivery_request (id, state) VALUES (1, 'closed')")""",
        """run("INSERT INTO x (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET state = EXCLUDED.state")""",  # noqa: E501
        """run(b"UPDATE delivery_request SET state = 'closed'".decode())""",
    ),
    "a statement of named columns": (
        """insert_into(Request, "new", item_id="id", state="'closed'")""",
        'insert_into(Request, "new", **columns)',
    ),
    "a manager that creates": (
        'Request.objects.create(item=item, state="closed")',
        'Request.objects.create(**{"item": item, "state": "closed"})',
        'Request.objects.get_or_create(pk=1, defaults={"state": "closed"})',
        'Request.objects.update_or_create(pk=1, defaults={"state": "closed"})',
    ),
    "a dictionary that has a name": (
        'def act():\n    values = {"state": "closed"}\n    rows.update(**values)',
        'def act():\n    values = {}\n    values["state"] = "closed"\n    rows.update(**values)',
    ),
}
READS = (
    "state = row.state",
    'if row.state == "closed": pass',
    'rows.filter(state="closed").update(title="x")',
    'rows.update(title=F("state"))',
    'values["state"] = row.state',
    'setattr(row, "title", "state of the work")',
    "row._state.adding = True",
    'Request.objects.bulk_update(rows, ["title"])',
    """run("UPDATE delivery_request SET title = 'x' WHERE state = 'closed'")""",
    """run("UPDATE delivery_request r SET title = n.title FROM n WHERE r.id = n.id AND n.state = 'closed'")""",  # noqa: E501
    """run("SELECT state FROM delivery_request")""",
    """run("INSERT INTO seen (id) SELECT id FROM delivery_request WHERE state = 'closed'")""",
    'insert_into(Seen, "delivery_request WHERE state = %s", id="id")',
    'def act():\n    """UPDATE sets: SET state = what the verb says."""',
)
SAMPLES = [
    pytest.param(text, id=f"{way} {number}")
    for way, texts in WRITES.items()
    for number, text in enumerate(texts, 1)
]


def source(text: str, path: str = "routing/work/sample.py") -> Source:
    return Source(Path(path), text + "\n")


@pytest.mark.parametrize("text", SAMPLES)
def test_a_write_is_found(text: str) -> None:
    assert past_the_door([source(text)], {}) != []


@pytest.mark.parametrize("text", READS)
def test_what_only_reads_is_not_found(text: str) -> None:
    assert list(state_writes(source(text))) == []


def test_a_write_is_named_by_where_it_stands_and_how_it_is_done() -> None:
    found = source('class Desk:\n    def end(self, rows):\n        rows.update(state="closed")')

    [line] = past_the_door([found], {})

    assert line.startswith("routing/work/sample.py:3: update, in Desk.end")


def test_a_write_that_is_allowed_in_one_place_is_found_in_another() -> None:
    text = 'def end(rows):\n    rows.update(state="closed")\n\n\ndef close(rows):\n    rows.update(state="closed")'  # noqa: E501

    [line] = past_the_door([source(text)], {"routing/work/sample.py::end": "a reason"})

    assert "in close" in line


def test_migrations_and_tests_are_not_the_product() -> None:
    text = 'rows.update(state="closed")'

    assert (
        past_the_door(
            [source(text, "routing/migrations/0002_x.py"), source(text, "tests/test_x.py")], {}
        )
        == []
    )


def test_each_allowed_place_is_still_one_and_says_why() -> None:
    places = {write.place for each in sources() for write in state_writes(each)}

    assert ALLOWED.keys() - places == set()
    assert all(ALLOWED.values())
