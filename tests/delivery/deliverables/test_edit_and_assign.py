"""A deliverable is edited and assigned from its page, and parts go along with their request."""

from __future__ import annotations

from datetime import date

import pytest

from delivery.deliverables.details import AssignDetails
from delivery.deliverables.operations import editing
from delivery.models import Deliverable, Request
from routing.models import WorkItem
from tests.delivery.making import fresh, make_deliverables
from tests.desk import signed_in, url, words
from tests.world import NOW, World, by

pytestmark = pytest.mark.usefixtures("without_second_factor")
PLAN = [{"key": f"k{n}", "title": f"Page {n}", "format": "page"} for n in (1, 2)]


def test_title_date_and_priority_are_edited_g9(world: World) -> None:
    [page] = make_deliverables(world)
    browser, path = signed_in(world.alice), url(Deliverable, "step", page.pk, "edit")

    form = browser.get(path)
    answer = browser.post(
        path,
        {
            "title": "Opening day",
            "initial-title": page.item.title,
            "due_date": "2026-12-24",
            "initial-due_date": "",
            "priority": "3",
            "initial-priority": "3",
        },
        follow=True,
    )

    assert form.status_code == 200
    after = fresh(page)
    assert (after.item.title, after.due_date) == ("Opening day", date(2026, 12, 24))
    assert after.history.latest().history_user == world.alice
    assert "Alice edited the deliverable" in words(answer)
    assert browser.post(path, {"title": "", "priority": "3"}).status_code == 200
    assert fresh(page).item.title == "Opening day"


def test_an_assignee_is_set_without_a_reason_g9(world: World) -> None:
    [page] = make_deliverables(world)
    path = url(Deliverable, "step", page.pk, "assign")

    answer = signed_in(world.alice).post(path, {"doer": world.cora.pk}, follow=True)

    assert fresh(page).item.doer == world.cora
    assert "Alice chose the assignee" in words(answer)
    assert (fresh(page).item.owner, fresh(page).item.backup) == (page.item.owner, page.item.backup)


def test_many_are_assigned_and_dated_at_once_g9(world: World) -> None:
    pages = make_deliverables(world, planned=PLAN)
    browser, ids = signed_in(world.alice), [page.pk for page in pages]

    shown = browser.post(
        url(Deliverable, "changelist"), {"action": "edit", "_selected_action": ids}
    )
    assert "Title" not in [str(field.label) for field in shown.context["form"].visible_fields()]
    browser.post(url(Deliverable, "bulk", "assign"), {"ids": ids, "doer": world.cora.pk})
    browser.post(url(Deliverable, "bulk", "edit"), {"ids": ids, "due_date": "2026-12-24"})

    after = [fresh(page) for page in pages]
    assert {row.item.doer_id for row in after} == {world.cora.pk}
    assert {row.due_date for row in after} == {date(2026, 12, 24)}
    assert [row.item.title for row in after] == ["Page 1", "Page 2"]


def test_only_those_who_can_make_it_are_assigned_g9(world: World) -> None:
    [page] = make_deliverables(world)

    for person in (world.audrey, world.quin):
        [result] = editing.assign(
            [page.pk], by=by(world.alice), at=NOW, details=AssignDetails(person.pk)
        )
        assert not result.done
        assert "cannot upload versions" in str(result.refusals[0].message)
    assert (
        signed_in(world.cora)
        .post(url(Deliverable, "step", page.pk, "assign"), {"doer": world.cora.pk})
        .status_code
        == 403
    )


def test_reassigning_a_request_shows_its_parts_and_takes_the_chosen_ones_along_g10(
    world: World,
) -> None:
    one, two = make_deliverables(world, planned=PLAN)
    WorkItem.objects.filter(pk=one.item_id).update(doer=world.cora)
    browser = signed_in(world.olga)
    path = url(Request, "step", one.request_id, "hand_over")

    form = browser.get(path)
    text = words(form)
    for part in (one, two):
        assert f"{part.item.ref} {part.item.title}. Owner: Alice" in text
    assert set(form.context["form"]["along"].initial) == {one.item_id, two.item_id}
    answer = browser.post(
        path,
        {
            "owner": world.olga.pk,
            "backup": world.bob.pk,
            "along": [one.item_id],
            "reason": "Alice is away.",
        },
        follow=True,
    )

    owners = [fresh(row).item.owner for row in (one.request, one, two)]
    assert owners == [world.olga, world.olga, world.alice]
    assert fresh(one).item.doer == world.cora
    assert f"Reassigned with it: {one.item.ref}." in words(answer)
    assert f"Unchanged: {two.item.ref}." in words(answer)
    assert fresh(one).item.history.latest().history_change_reason == "Alice is away."


def test_a_part_of_other_work_never_goes_along_g10(world: World) -> None:
    [page] = make_deliverables(world)
    [other] = make_deliverables(world)

    answer = signed_in(world.olga).post(
        url(Request, "step", page.request_id, "hand_over"),
        {
            "owner": world.olga.pk,
            "backup": world.bob.pk,
            "along": [other.item_id],
            "reason": "Forged.",
        },
    )

    assert answer.status_code == 200  # the form refuses what it did not offer
    assert fresh(other).item.owner == world.alice
