"""People at the desk: roles, and leaving."""

from __future__ import annotations

from typing import Any

import pytest

from routing.models import Team, User, WorkItem
from tests.desk import signed_in, url, words
from tests.world import World, make_request, make_user

pytestmark = pytest.mark.usefixtures("without_second_factor")


def person(user: User, **changes: Any) -> dict[str, Any]:
    roles = list(user.groups.values_list("name", flat=True))
    return {
        "full_name": user.full_name,
        "email": user.email,
        "timezone": user.timezone,
        "roles": roles,
        "reason": "Because",
    } | changes


def test_an_operations_lead_adds_a_colleague_with_roles(world: World) -> None:
    sent = {
        "full_name": "Nia New",
        "email": "Nia@agency.test",
        "timezone": "Europe/Oslo",
        "roles": ["creative"],
        "reason": "Joined",
    }

    signed_in(world.olga).post(url(User, "add"), sent)

    nia = User.objects.get(email="nia@agency.test")
    assert (nia.is_staff, nia.is_superuser, nia.has_usable_password()) == (True, False, False)
    assert list(nia.groups.values_list("name", flat=True)) == ["creative"]
    assert nia.history.latest().history_user == world.olga


def test_losing_a_role_ends_sessions_and_is_recorded_with_its_reason(world: World) -> None:
    theirs = signed_in(world.bob)

    signed_in(world.olga).post(
        url(User, "change", world.bob.pk), person(world.bob, roles=["creative"], reason="Moved")
    )

    assert theirs.get("/admin/").status_code == 302
    assert world.bob.history.latest().history_change_reason == "Moved (+creative, -account_manager)"


def test_nobody_becomes_more_than_the_form_says(world: World) -> None:
    forged = person(
        world.bob,
        is_superuser="on",
        is_staff="",
        is_active="",
        user_permissions=[1],
        groups=[1],
        password="x",
        kind="service",
    )

    signed_in(world.olga).post(url(User, "change", world.bob.pk), forged)

    after = User.objects.get(pk=world.bob.pk)
    assert (after.is_superuser, after.is_staff, after.is_active, after.kind) == (
        False,
        True,
        True,
        "person",
    )
    assert after.password == world.bob.password
    assert list(after.groups.values_list("name", flat=True)) == ["account_manager"]


def test_a_superuser_is_changed_by_superusers_only(world: World) -> None:
    root = make_user("Root", is_superuser=True)

    answer = signed_in(world.olga).post(
        url(User, "change", root.pk), person(root, email="mine@agency.test")
    )

    assert answer.status_code == 403


@pytest.mark.parametrize("who", ["alice", "audrey", "cora"])
def test_others_do_not_see_people_at_all(world: World, who: str) -> None:
    browser = signed_in(getattr(world, who))

    assert browser.get(url(User, "changelist")).status_code == 403
    assert browser.get(url(User, "change", world.bob.pk)).status_code == 403
    assert (
        browser.post(
            url(User, "change", world.bob.pk), person(world.bob, full_name="X")
        ).status_code
        == 403
    )
    assert (
        browser.post(
            url(User, "deactivate", world.bob.pk), {"heir": world.olga.pk, "reason": "x"}
        ).status_code
        == 403
    )
    assert User.objects.get(pk=world.bob.pk).is_active


def test_history_is_shown_and_refuses_posts(world: World) -> None:
    browser = signed_in(world.olga)

    assert browser.get(url(User, "history", world.bob.pk)).status_code == 200
    assert browser.post(url(User, "history", world.bob.pk)).status_code == 403
    assert browser.post(url(User, "delete", world.bob.pk), {"post": "yes"}).status_code == 403


def test_leaving_lists_what_hands_over_and_then_hands_it_over(world: World) -> None:
    row, browser = make_request(world.acme), signed_in(world.olga)

    page = words(browser.get(url(User, "deactivate", world.alice.pk)))
    browser.post(url(User, "deactivate", world.alice.pk), {"heir": world.quin.pk, "reason": "Left"})

    item = WorkItem.objects.get(pk=row.item_id)
    assert "1 open item" in page
    assert row.item.ref in page
    assert "ACM Ltd" in page
    assert "Test agency" not in page
    assert (item.owner, User.objects.get(pk=world.alice.pk).is_active) == (world.quin, False)
    assert Team.objects.get().lead == world.quin


def test_leaving_to_somebody_on_the_other_side_is_refused_with_the_items(world: World) -> None:
    row = make_request(world.acme)

    page = signed_in(world.olga).post(
        url(User, "deactivate", world.alice.pk), {"heir": world.bob.pk, "reason": "Left"}
    )

    assert page.status_code == 409
    assert row.item.ref in words(page)
    assert "already owner or backup here" in words(page)
    assert User.objects.get(pk=world.alice.pk).is_active


def test_leaving_names_every_place_and_whatever_the_successor_cannot_take(world: World) -> None:
    browser, where = (
        signed_in(make_user("Root", is_superuser=True)),
        url(User, "deactivate", world.olga.pk),
    )

    page = browser.post(where, {"heir": world.bob.pk, "reason": "Left"})

    assert page.status_code == 409
    assert words(page).count("Test agency") == 2  # in the refusal, and in the list
    assert "Choose another owner and backup" in words(page)
    assert User.objects.get(pk=world.olga.pk).is_active


def test_groups_and_foreign_tables_have_no_pages(world: World) -> None:
    browser = signed_in(make_user("Root", is_superuser=True))

    assert browser.get("/admin/auth/group/").status_code == 404
    assert browser.get("/admin/account/emailaddress/").status_code == 404
