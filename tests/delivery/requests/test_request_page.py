"""The page of a request: to read, with steps, and nothing to save."""

from __future__ import annotations

import pytest

from delivery.models import Request
from delivery.requests.details import EditRequestDetails
from delivery.requests.operations import requests
from routing.kernel.roles import AM
from routing.models import User
from routing.work.details import HandOverDetails
from routing.work.operations import items
from tests.desk import signed_in, url, words
from tests.world import MONDAY, NOW, World, by, make_client, make_request, make_user

pytestmark = pytest.mark.usefixtures("without_second_factor")


def others_secret(world: World) -> Request:
    """A request of a restricted client of a team that Alice is not in."""
    other = make_user("Oskar", AM)
    hidden = make_client("SEC", world.team, other, world.olga, name="Secret Ltd", restricted=True)
    hidden.team = type(world.team).objects.create(name="South", lead=other)
    hidden.save()
    return make_request(hidden, title="Hidden work")


def test_it_offers_one_step_onward_and_the_others_after_it(world: World) -> None:
    page = signed_in(world.alice).get(url(Request, "change", make_request(world.acme).pk))

    panel = page.context["panel"]
    assert panel.first.step.verb == "triage"
    assert [offer.step.verb for offer in panel.others] == ["ask", "edit", "hold", "hand_over"]
    assert [offer.step.verb for offer in panel.dangers] == ["reject", "mark_duplicate", "cancel"]


def test_a_refused_step_is_shown_with_its_reason_and_who_clears_it(world: World) -> None:
    page = signed_in(world.alice).get(
        url(Request, "change", make_request(world.acme, details="").pk)
    )

    assert page.context["panel"].first.step.verb == "ask"
    assert (
        "Triage There is no description. Who can unblock: You: edit the request or ask the client"
        in words(page)
    )


def test_work_on_hold_offers_to_resume_and_says_why_the_rest_waits(world: World) -> None:
    row = make_request(world.acme)
    items.hold([row.item_id], by=by(world.alice), at=NOW, reason="The budget is not settled.")

    page = signed_in(world.alice).get(url(Request, "change", row.pk))

    assert page.context["panel"].first.step.verb == "resume"
    # The reason, the line that says whose turn it is, the gate's evidence, the timeline.
    assert words(page).count("The budget is not settled.") == 4


def test_steps_of_ended_work_are_gone(world: World) -> None:
    page = signed_in(world.alice).get(
        url(Request, "change", make_request(world.acme, Request.State.REJECTED).pk)
    )

    assert page.context["panel"].empty
    assert "This work has ended." in words(page)


def test_view_only_staff_see_the_page_and_which_roles_may(world: World) -> None:
    page = signed_in(world.audrey).get(url(Request, "change", make_request(world.acme).pk))

    assert page.context["panel"].empty
    assert "Not available to your role: Triage" in words(page)
    assert "Account manager, Operations lead" in words(page)


def test_the_page_cannot_be_posted_to(world: World) -> None:
    row = make_request(world.acme)

    answer = signed_in(world.olga).post(
        url(Request, "change", row.pk), {"state": "accepted", "_save": "1"}
    )

    assert answer.status_code == 403
    assert Request.objects.get(pk=row.pk).state == Request.State.CAPTURED


@pytest.mark.parametrize("path", ["history/", "history/1/", "delete/"])
def test_history_revert_and_deletion_are_refused(world: World, path: str) -> None:
    row = make_request(world.acme)
    base = url(Request, "change", row.pk).removesuffix("change/")

    answer = signed_in(world.olga).post(base + path, {"post": "yes", "state": "accepted"})

    assert answer.status_code == 403
    assert Request.objects.get(pk=row.pk).state == Request.State.CAPTURED


@pytest.mark.stands_at(MONDAY)
def test_the_timeline_says_who_what_when_and_why_newest_first(world: World) -> None:
    row = make_request(world.acme, details="")
    requests.edit(
        [row.pk],
        by=by(world.alice),
        at=MONDAY,
        details=EditRequestDetails(details="Five pages", title="Better"),
    )
    items.hand_over(
        [row.item_id],
        by=by(world.alice),
        at=MONDAY.replace(hour=11),
        reason="On leave",
        details=HandOverDetails(owner=world.bob.pk, backup=world.olga.pk, doer=None),
    )

    entries = signed_in(world.alice).get(url(Request, "change", row.pk)).context["entries"]

    assert [str(entry.what) for entry in entries] == [
        "Alice reassigned the work",
        "Alice edited the request",
        "Throughline created the request",
    ]
    assert entries[0].reason == "On leave"
    assert {(change.label, change.before, change.after) for change in entries[0].changes} == {
        ("Owner", "Alice", "Bob"),
        ("Backup", "Bob", "Olga"),
    }


@pytest.mark.parametrize("who", ["alice", "cora"])
def test_what_a_person_may_not_see_is_not_there(world: World, who: str) -> None:
    row, user = others_secret(world), getattr(world, who)
    browser = signed_in(user)

    assert browser.get(url(Request, "change", row.pk)).status_code == 404
    assert browser.get(url(Request, "history", row.pk)).status_code == 404
    assert browser.get(url(Request, "step", row.pk, "triage")).status_code == 404
    assert browser.post(url(Request, "step", row.pk, "triage")).status_code == 404
    assert "Hidden work" not in words(browser.get(url(Request, "changelist")))


def test_autocomplete_knows_only_what_the_person_sees(world: World) -> None:
    others_secret(world)
    make_request(world.acme, title="Open work")
    query = {
        "app_label": "delivery",
        "model_name": "request",
        "field_name": "duplicate_of",
        "term": "work",
    }

    found = signed_in(world.alice).get("/admin/autocomplete/", query).json()["results"]

    assert [each["text"] for each in found] == ["ACM-1 Open work"]


def test_a_stranger_without_any_role_is_refused(world: World) -> None:
    nobody = make_user("Nobody")

    answer = signed_in(nobody).get(url(Request, "change", make_request(world.acme).pk))

    assert answer.status_code == 403
    assert not User.objects.get(pk=nobody.pk).get_all_permissions()


def test_a_page_costs_the_same_however_long_its_history(
    world: World, django_assert_max_num_queries
) -> None:
    row = make_request(world.acme)
    browser = signed_in(world.alice)
    for hour in range(20):
        requests.edit(
            [row.pk],
            by=by(world.alice),
            at=NOW.replace(hour=hour),
            details=EditRequestDetails(details=f"Version {hour}"),
        )

    with django_assert_max_num_queries(25):
        browser.get(url(Request, "change", row.pk))
