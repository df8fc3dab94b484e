"""A list is saved under a name, alone or with a team, and opens with the same rows."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from delivery.models import Request
from routing.desk.opening import ListState
from routing.desk.operations.views import (
    ViewRefused,
    ViewValues,
    change_view,
    make_view,
    remove_view,
    take_over_view,
)
from routing.desk.saved_views import View
from routing.kernel.roles import AM
from routing.models import User, WorkItem
from tests.desk import signed_in, url, words
from tests.world import NOW, World, by, make_request, make_user

pytestmark = [
    pytest.mark.requirement("L7"),
    pytest.mark.django_db,
    pytest.mark.usefixtures("without_second_factor"),
]
REQUESTS, WORK = url(Request, "changelist"), url(WorkItem, "changelist")
ACCEPTED = ListState("open=all&state=accepted,captured", "what,client,due_at", "-client")


def saved(
    user: User,
    name: str = "Mine",
    *,
    state: ListState = ACCEPTED,
    team: int | None = None,
    role: str = "",
    is_pinned: bool = True,
) -> View:
    values = ViewValues(name, team, role, is_pinned)
    return make_view("requests", state, values, by=by(user), at=NOW)


def test_a_list_is_saved_from_its_page_and_opened_again(world: World) -> None:
    make_request(world.acme, Request.State.ACCEPTED, title="Poster")
    make_request(world.acme, Request.State.REJECTED, title="Gone")
    browser = signed_in(world.alice)

    page = browser.get(f"{REQUESTS}?open=all&state=accepted&cols=what,client&o=-2")
    form = browser.get(page.context["bar"].save)
    page = browser.post(
        page.context["bar"].save, {"name": "Accepted ones", "is_pinned": "on"}, follow=True
    )

    assert form.status_code == 200
    view = View.objects.get()
    assert (view.slug, view.query, view.columns, view.sort, view.owner) == (
        "accepted-ones",
        "open=all&state=accepted",
        "what,client",
        "-client",
        world.alice,
    )
    assert view.history.get().history_user == world.alice
    assert QueryDict(page.request["QUERY_STRING"]).dict() == {
        "open": "all",
        "state": "accepted",
        "cols": "what,client",
        "o": "-2",
        "view": "accepted-ones",
    }
    assert "Accepted ones" in words(page)
    assert [row.item.title for row in page.context["cl"].result_list] == ["Poster"]


def test_the_name_stays_through_search_paging_a_row_and_back(world: World) -> None:
    row = make_request(world.acme, Request.State.ACCEPTED, title="Poster")
    view, browser = saved(world.alice), signed_in(world.alice)

    page = browser.get(f"{REQUESTS}?view={view.slug}", follow=True)
    query = page.request["QUERY_STRING"]
    searched = browser.get(f"{REQUESTS}?{query}&q=poster")
    opened = browser.get(
        url(Request, "change", row.pk), {"_changelist_filters": f"{query}&q=poster"}
    )
    back = browser.get(opened.context["back_to_list"])

    for shown in (page, searched, back):
        assert shown.context["bar"].view.view == view
        assert [each.pk for each in shown.context["cl"].result_list] == [row.pk]
    assert not page.context["bar"].view.differs
    assert searched.context["bar"].view.differs


def test_a_bulk_step_leads_back_to_the_view(world: World) -> None:
    row = make_request(world.acme, Request.State.ACCEPTED)
    view, browser = saved(world.alice), signed_in(world.alice)
    page = browser.get(f"{REQUESTS}?view={view.slug}", follow=True)
    address = f"{REQUESTS}?{page.request['QUERY_STRING']}"

    asked = browser.post(address, {"action": "hold", "_selected_action": [row.pk]})

    assert f"view={view.slug}" in asked.context["back"]
    again = browser.get(asked.context["back"])
    assert again.context["bar"].view.view == view


def test_a_team_opens_what_one_shares_and_nobody_else_does(world: World) -> None:
    shared = saved(world.alice, team=world.team.pk)
    own = saved(world.alice, name="Private")
    stranger = make_user("Sam", AM)

    def found(user: User) -> set[View]:
        return set(View.objects.seen_by(by(user)))

    assert found(world.bob) == {shared}
    assert found(world.alice) == {shared, own}
    assert found(stranger) == set()
    assert signed_in(stranger).get(url(View, "open", shared.slug)).status_code == 404


def test_refusals(world: World) -> None:
    view = saved(world.alice, team=world.team.pk)
    stranger = make_user("Sam", AM)

    with pytest.raises(ViewRefused, match="team that you belong to"):
        saved(stranger, team=world.team.pk)
    with pytest.raises(ViewRefused, match="operations lead"):
        saved(world.alice, role="account_manager")
    with pytest.raises(ViewRefused, match="no value of the filter"):
        saved(world.alice, state=ListState("state=nonsense", "", ""))
    with pytest.raises(ViewRefused, match="There is no list"):
        make_view("requsts", ACCEPTED, ViewValues("X"), by=by(world.alice), at=NOW)
    with pytest.raises(ViewRefused, match="still owns"):
        take_over_view(view.pk, by=by(world.bob), at=NOW)
    with pytest.raises(PermissionDenied):
        change_view(view.pk, ViewValues("Theirs"), by=by(world.bob), at=NOW)
    with pytest.raises(PermissionDenied):
        remove_view(view.pk, by=by(world.bob), at=NOW)
    with pytest.raises(View.DoesNotExist):
        remove_view(view.pk, by=by(stranger), at=NOW)
    assert View.objects.get() == view


def test_a_view_of_somebody_who_left_stays_readable_and_is_taken_over(world: World) -> None:
    view = saved(world.alice, team=world.team.pk)
    User.objects.filter(pk=world.alice.pk).update(is_active=False)
    browser = signed_in(world.bob)

    page = browser.get(f"{REQUESTS}?view={view.slug}", follow=True)
    assert "Alice has left" in words(page)
    page = browser.post(page.context["bar"].view.take_over, follow=True)

    view.refresh_from_db()
    assert view.owner == world.bob
    assert not page.context["bar"].view.take_over


def test_an_operations_lead_sets_what_a_list_opens_with_for_a_role(world: World) -> None:
    view = saved(world.olga, role="account_manager")
    browser = signed_in(world.alice)

    page = browser.get(REQUESTS, follow=True)
    assert page.context["bar"].view.view == view
    left = browser.get(REQUESTS + page.context["bar"].view.leave)

    assert left.context["bar"].view is None
    assert not signed_in(world.quin).get(REQUESTS, follow=True).redirect_chain
    with pytest.raises(ViewRefused, match="another default view"):
        saved(world.olga, name="Second", role="account_manager")


def test_a_changed_list_is_kept_under_its_view_and_a_view_is_removed(world: World) -> None:
    view, browser = saved(world.alice), signed_in(world.alice)
    page = browser.get(f"{REQUESTS}?open=all&state=accepted&view={view.slug}")

    browser.post(page.context["bar"].view.keep, {"query": page.context["bar"].query})
    view.refresh_from_db()
    kept = (view.query, view.columns, view.sort)
    browser.post(url(View, "remove", view.pk))

    assert kept == ("open=all&state=accepted", "", "")
    assert not View.objects.exists()
    assert [each.history_type for each in View.history.order_by("history_id")] == ["+", "~", "-"]


def test_the_sidebar_has_pinned_views_in_one_query_and_their_numbers_in_one_each(
    world: World,
) -> None:
    for n in range(3):
        make_request(world.acme, Request.State.ACCEPTED, title=f"Poster {n}")
    browser = signed_in(world.bob)
    browser.get(WORK)
    with CaptureQueriesContext(connection) as before:
        browser.get(WORK)
    shared = saved(world.alice, team=world.team.pk, name="Accepted")
    saved(world.alice, team=world.team.pk, name="Loose", is_pinned=False)
    saved(world.bob, name="Also mine")

    with CaptureQueriesContext(connection) as after:
        page = browser.get(WORK)
    counts = browser.get(url(View, "counts")).json()["counts"]

    assert len(after) == len(before)
    assert "Accepted" in words(page)
    assert "Loose" not in words(page)
    assert counts == {shared.slug: "3", "also-mine": "3"}


def test_columns_have_other_numbers_for_those_who_may_take_no_steps(world: World) -> None:
    """A view is sorted by names, because the list of an auditor has no boxes to tick."""
    view = saved(world.olga, role="auditor")

    ours = signed_in(world.olga).get(f"{REQUESTS}?view={view.slug}", follow=True)
    theirs = signed_in(world.audrey).get(REQUESTS, follow=True)

    assert "o=-2" in ours.request["QUERY_STRING"]
    assert "o=-1" in theirs.request["QUERY_STRING"]
    assert not theirs.context["bar"].view.differs
