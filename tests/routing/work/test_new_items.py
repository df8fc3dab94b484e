"""New work items take from what they are part of what belongs to the whole."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from routing.models import WorkItem
from routing.people.actors import Actor
from routing.work.new_items import INHERITED, new_item
from tests.world import World, make_request

ROOT = Path(__file__).parents[3]


@pytest.fixture
def whole(world: World) -> WorkItem:
    item = make_request(world.acme).item
    item.priority, item.run_id = WorkItem.Priority.URGENT, 7
    return item


def test_a_part_has_the_client_run_team_people_and_priority_of_the_whole(whole: WorkItem) -> None:
    part = new_item("Part", parent=whole)

    assert part.parent == whole
    assert part.title == "Part"
    assert [getattr(part, name) for name in INHERITED] == [
        getattr(whole, name) for name in INHERITED
    ]
    assert part.client_id == whole.client_id


def test_what_it_has_of_its_own_comes_first(world: World, whole: WorkItem) -> None:
    part = new_item("Part", parent=whole, owner_id=world.olga.pk, priority=4, run_id=None)

    assert (part.owner_id, part.backup_id) == (world.olga.pk, whole.backup_id)
    assert (part.priority, part.run_id) == (4, None)


def test_what_comes_after_another_is_part_of_the_same(world: World, whole: WorkItem) -> None:
    first = new_item("First", parent=whole, owner_id=world.olga.pk)

    second = new_item("Second", like=first)

    assert (second.parent_id, second.owner_id) == (whole.pk, world.olga.pk)
    assert new_item("Third", like=first, parent=first).parent == first


def test_a_title_is_cut_to_what_the_column_holds(world: World) -> None:
    assert len(new_item("x" * 300).title) == 200
    assert new_item("Whole").client is None


def test_an_item_is_neither_held_nor_numbered_before_it_is_created(whole: WorkItem) -> None:
    whole.held_at, whole.doer_id = whole.created_at, Actor.system().user_id

    part = new_item("Part", parent=whole)

    assert part._state.adding
    assert (part.ref, part.held_at, part.doer_id) == ("", None, None)


def test_no_other_place_builds_one() -> None:
    found = []
    for package in ("routing", "delivery", "integrations", "config", "demo"):
        for path in sorted((ROOT / package).rglob("*.py")):
            text = path.read_text()
            if re.search(r"\bWorkItem\((?!DoorOnly)", text):
                found.append(path.relative_to(ROOT).as_posix())

    assert found == ["routing/work/new_items.py"]
