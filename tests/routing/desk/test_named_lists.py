"""A list has a name, by which a command shows the rows that the page shows."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.http import QueryDict

from routing.desk.named_lists import UnknownList, named_list, named_lists, rows_of
from tests.delivery.making import make_deliverables
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("without_second_factor")]


def test_the_lists_of_the_desk_have_names() -> None:
    assert {"approvals", "clients", "events", "exceptions", "outbox", "requests", "work"} <= set(
        named_lists()
    )


def test_a_name_that_is_none_is_answered_with_similar_ones() -> None:
    with pytest.raises(UnknownList, match="requests"):
        named_list("request")


def test_rows_are_those_of_the_page_for_this_person(world: World) -> None:
    [page] = make_deliverables(world)
    everything = QueryDict("whose=all&open=all")

    assert page.item in rows_of(named_list("work"), world.alice, everything)
    assert page.item not in rows_of(named_list("work"), world.alice, QueryDict("open=held"))


def test_who_may_not_see_a_list_gets_no_rows(world: World) -> None:
    with pytest.raises(PermissionDenied):
        rows_of(named_list("outbox"), world.cora, QueryDict())
