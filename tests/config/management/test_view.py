"""``manage.py view``: the rows of a saved view are those of its page, for every role."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from delivery.models import Request
from routing.desk.opening import ListState
from routing.desk.operations.views import ViewValues, make_view
from routing.desk.saved_views import View
from routing.models import Client, User, WorkItem, WorkNoun
from tests.delivery.making import make_deliverables
from tests.desk import signed_in, url
from tests.world import NOW, World, by, make_client, make_request

pytestmark = [
    pytest.mark.requirement("L7"),
    pytest.mark.django_db,
    pytest.mark.usefixtures("without_second_factor"),
]
PEOPLE = ("alice", "bob", "cora", "quin", "olga", "ivan", "audrey")
LISTS = {
    "work": "kind=request,deliverable&open=all&whose=all",
    "requests": "open=all&state=captured,accepted",
    "exceptions": "open=all&whose=all",
    "approvals": "open=all&state=pending",
    "clients": "owner=me",
    "events": "day=2000-01-01..&source=throughline",
    "outbox": "standing=all",
}


def show(slug: str, user: User) -> dict[str, Any]:
    out = StringIO()
    call_command("view", "show", slug, "--as", user.email, "--json", stdout=out)
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def named(row: Any) -> str:
    if isinstance(row, WorkNoun):
        return row.item.ref
    if isinstance(row, WorkItem):
        return row.ref
    return row.code if isinstance(row, Client) else str(row.pk)


@pytest.fixture
def views(world: World) -> dict[str, View]:
    """A view of each list that everybody can open, over work of an open and a restricted client."""
    make_deliverables(world)
    hidden = make_client("HID", world.team, world.olga, world.bob, restricted=True)
    for client in (world.acme, hidden):
        for state in (Request.State.CAPTURED, Request.State.ACCEPTED, Request.State.REJECTED):
            make_request(client, state)
    made = {}
    for name, query in LISTS.items():
        values, kept = ViewValues(f"All of {name}", role="creative"), ListState(query, "", "")
        made[name] = make_view(name, kept, values, by=by(world.olga), at=NOW)
    return made


@pytest.mark.parametrize("who", PEOPLE)
def test_rows_shown_are_those_counted_and_those_of_the_command(
    world: World, views: dict[str, View], who: str
) -> None:
    user: User = getattr(world, who)
    browser = signed_in(user)

    for name, view in views.items():
        page = browser.get(url(View, "open", view.slug), follow=True)
        if page.status_code == 403:
            with pytest.raises(CommandError, match="may not see the list") as refused:
                show(view.slug, user)
            assert refused.value.returncode == 1
            continue
        cl = page.context["cl"]
        refs = [named(row) for row in cl.result_list]
        body = show(view.slug, user)
        assert (body["count"], body["refs"]) == (cl.result_count, refs), name


def test_an_unknown_view_is_refused_with_similar_ones(world: World, views: dict[str, View]) -> None:
    out = StringIO()

    with pytest.raises(CommandError, match="Similar: all-of-requests") as refused:
        call_command(
            "view", "show", "all-of-request", "--as", world.olga.email, "--json", stdout=out
        )

    assert refused.value.returncode == 1
    [refusal] = json.loads(out.getvalue())["refusals"]
    assert refusal["code"] == "unknown_view"


def test_views_are_listed_for_a_person(world: World, views: dict[str, View]) -> None:
    out = StringIO()

    call_command("view", "list", "--as", world.alice.email, "--json", stdout=out)

    body = json.loads(out.getvalue())
    assert body["schema"] == {"name": "throughline.view.list", "version": 1}
    assert {view["slug"] for view in body["views"]} == {view.slug for view in views.values()}
