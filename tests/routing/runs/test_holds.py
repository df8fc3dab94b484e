"""
A hold reaches everything below an item, whoever may see it, and ends with the item whose hold it
is.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from delivery.flows.lead_to_brief import publish_lead_to_brief
from delivery.models import Request
from delivery.requests.operations import requests
from routing.kernel.roles import AM
from routing.models import ExceptionCase, Run, Team, WorkItem
from routing.people.actors import Actor
from routing.people.clients import Client
from routing.runs.operations import runs
from routing.runs.operations.capture import capture
from routing.sla.operations.calendars import ensure_defaults
from routing.work.details import HandOverDetails
from routing.work.operations import items
from tests.journeys.crm import FakeCRM, answering
from tests.journeys.test_lead_to_brief import signals
from tests.journeys.test_lead_to_brief import work as drain
from tests.world import NOW, World, by, make_client, make_request, make_user

LATER = NOW + timedelta(hours=1)


def held() -> set[int]:
    return set(WorkItem.objects.held().values_list("pk", flat=True))


@pytest.fixture
def family(world: World) -> tuple[Request, Request, Actor]:
    """
    A restricted client's request, a part of it, and an account manager who sees the whole alone, as
    its owner.
    """
    other = Team.objects.create(name="Other", lead=world.olga)
    secret = make_client("SEC", other, world.olga, world.bob)
    parent = make_request(secret)
    child = make_request(secret, parent=parent.item)
    eve = make_user("Eve", AM)
    # Before the client is restricted: afterwards, nobody may be named who is not cleared.
    [hers] = items.hand_over(
        [parent.item_id],
        by=by(world.olga),
        at=NOW,
        reason="Hers",
        details=HandOverDetails(owner=eve.pk, backup=world.bob.pk, doer=None),
    )
    assert hers.done
    Client.objects.filter(pk=secret.pk).update(restricted=True)
    return parent, child, by(eve)


def test_who_holds_and_resumes_the_whole_moves_parts_that_they_do_not_see(
    family: tuple[Request, Request, Actor],
) -> None:
    parent, child, eve = family

    [hidden] = items.hold([child.item_id], by=eve, at=NOW, reason="Budget")
    items.hold([parent.item_id], by=eve, at=NOW, reason="Budget")
    while_held = held()
    items.resume([parent.item_id], by=eve, at=LATER)

    assert [refusal.code for refusal in hidden.refusals] == ["gone"]
    assert while_held == {parent.item_id, child.item_id}
    assert held() == set()
    assert child.item.history.latest().history_user_id == eve.user_id


def test_work_that_is_made_below_a_hold_is_held_with_it(world: World) -> None:
    parent = make_request(world.acme)
    items.hold([parent.item_id], by=by(world.alice), at=NOW, reason="Budget")

    child = make_request(world.acme, parent=parent.item)  # which says in memory that it is free
    grandchild = make_request(world.acme, parent=child.item)
    item = WorkItem.objects.get(pk=grandchild.item_id)
    [refused] = items.resume([child.item_id], by=by(world.alice), at=LATER)

    assert (item.held_at, item.held_by_id, item.hold_reason) == (NOW, parent.item_id, "Budget")
    assert item.history.get().held_by_id == parent.item_id
    assert [refusal.code for refusal in refused.refusals] == ["held"]
    items.resume([parent.item_id], by=by(world.alice), at=LATER)
    assert held() == set()


def test_what_ends_releases_what_it_held_and_leaves_other_holds_alone(world: World) -> None:
    parent = make_request(world.acme)
    child = make_request(world.acme, parent=parent.item)
    grandchild = make_request(world.acme, parent=child.item)
    own_hold = make_request(world.acme, parent=parent.item)
    items.hold([own_hold.item_id], by=by(world.alice), at=NOW, reason="Its own")
    items.hold([parent.item_id], by=by(world.alice), at=NOW, reason="Budget")

    [result] = requests.cancel([parent.pk], by=by(world.alice), at=LATER, reason="No budget")

    assert result.done
    assert held() == {own_hold.item_id}
    freed = grandchild.item.history.latest()
    assert (freed.held_at, freed.history_user_id, freed.history_date) == (
        None,
        world.alice.pk,
        LATER,
    )
    assert requests.triage([child.pk], by=by(world.alice), at=LATER)[0].done


def test_a_part_that_ends_below_a_hold_frees_nothing_else(world: World) -> None:
    parent = make_request(world.acme)
    child = make_request(world.acme, parent=parent.item)
    grandchild = make_request(world.acme, parent=child.item)
    items.hold([parent.item_id], by=by(world.alice), at=NOW, reason="Budget")

    requests.cancel([child.pk], by=by(world.alice), at=LATER, reason="No budget")

    assert held() == {parent.item_id, grandchild.item_id}
    items.resume([parent.item_id], by=by(world.alice), at=LATER)
    assert held() == set()


def test_a_held_run_that_is_called_off_takes_its_exception_with_it(world: World) -> None:
    ensure_defaults(at=NOW)
    publish_lead_to_brief(
        owner=world.olga,
        backup=world.bob,
        high_value=world.team,
        usual=world.team,
        by=by(world.olga),
        at=NOW,
    )
    with answering(FakeCRM(world.acme)) as crm:
        del crm.facts["deal.amount"]
        capture(signals()[:1], by=Actor.system(), at=NOW)
        drain()
    run = Run.objects.get()
    items.hold([run.item_id], by=by(world.olga), at=NOW, reason="Wait")
    assert len(held()) == 2

    [result] = runs.cancel([run.pk], by=by(world.olga), at=LATER, reason="Off")

    assert result.done
    assert not ExceptionCase.objects.get().is_open
    assert held() == set()
    assert not WorkItem.objects.open().exists()
