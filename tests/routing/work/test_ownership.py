"""Ownership of work: hold, resume, reassign, and people who leave."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction

from delivery.models import Request
from delivery.requests.operations import requests
from routing.cover.operations import leaving
from routing.cover.operations.leaving import CannotLeave
from routing.kernel.roles import AM, QA
from routing.models import Client, Event, Team, User, WorkItem
from routing.work.details import HandOverDetails
from routing.work.operations import items
from tests.world import NOW, World, by, make_client, make_request, make_user

pytestmark = pytest.mark.requirement("O1", "O2", "O8", "O20", "O22")


def test_hold_reaches_open_children_and_resume_frees_only_those(world: World) -> None:
    parent = make_request(world.acme)
    child = make_request(world.acme, parent=parent.item)
    grandchild = make_request(world.acme, parent=child.item)
    own_hold = make_request(world.acme, parent=parent.item)
    items.hold([own_hold.item_id], by=by(world.alice), at=NOW, reason="Its own")

    items.hold([parent.item_id], by=by(world.alice), at=NOW, reason="Budget")
    held = set(WorkItem.objects.held().values_list("pk", flat=True))
    [refused] = items.resume([child.item_id], by=by(world.alice), at=NOW)
    items.resume([parent.item_id], by=by(world.alice), at=NOW)

    assert held == {parent.item_id, child.item_id, grandchild.item_id, own_hold.item_id}
    assert [refusal.code for refusal in refused.refusals] == ["held"]
    assert set(WorkItem.objects.held().values_list("pk", flat=True)) == {own_hold.item_id}


def test_what_is_held_refuses_every_step_but_cancel(world: World) -> None:
    request = make_request(world.acme, Request.State.TRIAGED)
    items.hold([request.item_id], by=by(world.alice), at=NOW, reason="Budget")

    [accepted] = requests.accept([request.pk], by=by(world.alice), at=NOW)
    [cancelled] = requests.cancel([request.pk], by=by(world.alice), at=NOW, reason="No budget")

    assert [(refusal.code, refusal.evidence) for refusal in accepted.refusals] == [
        ("hold", "Budget")
    ]
    assert cancelled.done


@pytest.mark.requirement("A1", "O3")
def test_hand_over_writes_who_why_and_when_into_history(world: World) -> None:
    request = make_request(world.acme)

    [result] = items.hand_over(
        [request.item_id],
        by=by(world.alice),
        at=NOW,
        reason="Holiday",
        details=HandOverDetails(owner=world.bob.pk, backup=world.olga.pk, doer=world.cora.pk),
    )

    item = WorkItem.objects.get(pk=request.item_id)
    latest = item.history.first()
    assert result.done
    assert (item.owner, item.backup, item.doer) == (world.bob, world.olga, world.cora)
    assert (latest.history_user_id, latest.history_change_reason, latest.history_date) == (
        world.alice.pk,
        "Holiday",
        NOW,
    )
    assert Event.objects.filter(kind="routing.workitem.hand_over", item=item).count() == 1


def test_hand_over_needs_a_reason_and_two_active_people(world: World) -> None:
    request, gone = make_request(world.acme), make_user("Gone", AM, is_active=False)

    def codes(reason: str = "", **people: Any) -> list[str]:
        details = HandOverDetails(**people)
        [result] = items.hand_over(
            [request.item_id], by=by(world.alice), at=NOW, reason=reason, details=details
        )
        return [refusal.code for refusal in result.refusals]

    assert codes(owner=world.bob.pk, backup=world.olga.pk, doer=None) == ["reason"]
    assert codes(owner=world.bob.pk, backup=world.bob.pk, doer=None, reason="x") == ["pair"]
    assert codes(owner=world.bob.pk, backup=gone.pk, doer=None, reason="x") == ["pair"]
    assert codes(owner=world.bob.pk, backup=None, doer=None, reason="x") == ["pair"]


@pytest.mark.parametrize(
    ("who", "may"),
    [
        ("its owner", True),
        ("its backup", True),
        ("a manager of its team", True),
        ("a manager elsewhere", False),
        ("QA", False),
        ("operations", True),
    ],
)
def test_who_may_hand_over(world: World, who: str, may: bool) -> None:
    request = make_request(world.acme)
    person = {
        "its owner": world.alice,
        "its backup": world.bob,
        "a manager of its team": make_user("Tina", AM, team=world.team),
        "a manager elsewhere": make_user("Eve", AM),
        "QA": make_user("Quentin", QA, team=world.team),
        "operations": world.olga,
    }[who]

    [result] = items.hand_over(
        [request.item_id],
        by=by(person),
        at=NOW,
        reason="Holiday",
        details=HandOverDetails(owner=world.bob.pk, backup=world.olga.pk, doer=None),
    )

    assert result.done == may


@pytest.mark.parametrize("pair", ["no owner", "no backup", "one person twice"])
def test_the_database_refuses_open_work_without_a_pair(world: World, pair: str) -> None:
    item = make_request(world.acme).item
    spoilt: dict[str, dict[str, Any]] = {
        "no owner": {"owner": None},
        "no backup": {"backup": None},
        "one person twice": {"backup": item.owner},
    }

    with (
        pytest.raises(IntegrityError, match="open_work_has_owner_and_backup"),
        transaction.atomic(),
    ):
        WorkItem.objects.filter(pk=item.pk).update(**spoilt[pair])


@pytest.mark.django_db(transaction=True)
def test_the_database_refuses_a_commit_that_leaves_an_inactive_owner(
    committed_world: World,
) -> None:
    make_request(committed_world.acme)

    with pytest.raises(IntegrityError, match="still owns or backs up"), transaction.atomic():
        User.objects.filter(pk=committed_world.alice.pk).update(is_active=False)

    gone = make_user("Gone", AM, is_active=False)
    with pytest.raises(IntegrityError, match="inactive owner or backup"), transaction.atomic():
        WorkItem.objects.update(backup=gone)


@pytest.mark.requirement("O10")
def test_leaving_hands_everything_to_the_successor_at_once(world: World) -> None:
    heir = make_user("Heir", AM)
    owned, backed = (
        make_request(world.acme),
        make_request(make_client("BEE", world.team, world.bob, world.alice)),
    )

    moved = leaving.deactivate(
        world.alice, heir=heir, by=by(world.olga), at=NOW, reason="Left the company"
    )
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

    assert moved == 2
    assert WorkItem.objects.get(pk=owned.item_id).owner == heir
    assert WorkItem.objects.get(pk=backed.item_id).backup == heir
    assert Client.objects.get(pk=world.acme.pk).owner == heir
    assert Team.objects.get(pk=world.team.pk).lead == heir
    assert not User.objects.get(pk=world.alice.pk).is_active


def test_leaving_is_refused_whole_when_the_successor_already_stands_beside(world: World) -> None:
    request = make_request(world.acme)

    with pytest.raises(CannotLeave) as refusal:
        leaving.deactivate(world.alice, heir=world.bob, by=by(world.olga), at=NOW, reason="Left")

    assert [result.row for result in refusal.value.results] == [request.item, world.acme]
    assert User.objects.get(pk=world.alice.pk).is_active


def test_only_operations_may_let_people_go(world: World) -> None:
    with pytest.raises(PermissionDenied):
        leaving.deactivate(world.alice, heir=world.cora, by=by(world.bob), at=NOW, reason="Left")


def test_losing_a_role_ends_every_session(world: World) -> None:
    before = world.alice.get_session_auth_hash()

    leaving.set_roles(world.alice, [QA], by=by(world.olga), at=NOW, reason="New job")

    alice = User.objects.get(pk=world.alice.pk)
    assert alice.get_session_auth_hash() != before
    assert alice.history.first().history_change_reason == "New job (+qa_reviewer, -account_manager)"
    assert alice.history.first().history_date == NOW


def test_overdue_is_strictly_before_the_given_instant(world: World) -> None:
    item = make_request(world.acme).item
    WorkItem.objects.filter(pk=item.pk).update(next_due_at=NOW)

    assert not WorkItem.objects.overdue(NOW).exists()
    assert WorkItem.objects.overdue(NOW + timedelta(microseconds=1)).get() == item
