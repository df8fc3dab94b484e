"""The status line of a work page, the column “Waits for” and its filter."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from delivery.approvals.details import DecideDetails
from delivery.approvals.operations import approvals, deliverables
from delivery.approvals.operations.reviewing import expire_due
from delivery.briefs.operations import briefs
from delivery.models import Brief, Check, Deliverable, Request
from delivery.requests.operations import requests
from routing.desk.addresses import page_of
from routing.desk.waits import _waits, with_waits
from routing.kernel.events import Event
from routing.kernel.roles import QA
from routing.models import User, WorkItem
from routing.work.details import HandOverDetails
from routing.work.operations import items
from tests.delivery.making import (
    done,
    fresh,
    hand_in,
    make_brief,
    make_deliverables,
    make_engagement,
    question,
    with_the_client,
)
from tests.desk import signed_in, url, words
from tests.world import World, by, make_request, make_user

pytestmark = [
    pytest.mark.in_zone("UTC"),
    pytest.mark.django_db,
    pytest.mark.usefixtures("without_second_factor"),
    pytest.mark.requirement("L7", "Q13"),
]
DAY = timedelta(days=1)


def status(row: Any, user: User) -> str:
    """Return the status line of a page, in words."""
    page = signed_in(user).get(page_of(row))
    assert page.status_code == 200
    line = page.context["waits"]
    if line is None:
        return ""
    text = type("Page", (), {"content": str(line.sentence).encode()})
    return " ".join([words(text), *map(str, line.more)])


def weekday(at: datetime) -> str:
    return f"{timezone.localtime(at):%A}"


def test_it_names_the_person_the_act_the_version_and_the_day(world: World) -> None:
    """A3: “Waits for Dana Whitfield to approve version 2 since Tuesday”."""
    page = hand_in(world, make_deliverables(world)[0])

    said = status(question(page), world.alice)

    assert said == f"Waits for Alice to approve version 1 since {timezone.localtime():%H:%M}"


def test_several_people_are_named_and_many_are_counted(world: World) -> None:
    Check.objects.create(name="Tone", kind="judgment", position=1)
    page = hand_in(world, make_deliverables(world)[0])
    since = f"since {timezone.localtime():%H:%M}"
    assert status(page, world.alice) == f"Waits for Quin to sign off version 1 {since}"

    make_user("Rita", QA)
    assert status(page, world.alice) == f"Waits for Quin or Rita to sign off version 1 {since}"

    make_user("Abe", QA)
    assert "Waits for Abe, Quin or Rita to sign off" in status(page, world.alice)

    make_user("Zoe", QA)
    assert "Waits for the QA reviewers (4 people) to sign off" in status(page, world.alice)


def test_it_says_since_when_the_turn_is_theirs_and_not_since_the_last_change(
    world: World,
) -> None:
    now = timezone.now()
    row = make_request(world.acme, at=now - 5 * DAY)
    done(requests.triage([row.pk], by=by(world.bob), at=now - 3 * DAY))
    WorkItem.objects.filter(pk=row.item_id).update(changed_at=now)

    assert status(row, world.bob).endswith(f"since {weekday(now - 3 * DAY)}")

    people = HandOverDetails(owner=world.olga.pk, backup=world.bob.pk, doer=None)
    at = now - 2 * DAY
    done(items.hand_over([row.item_id], by=by(world.alice), at=at, reason="x", details=people))
    assert status(row, world.bob) == (
        f"Waits for Olga to accept or reject the request since {weekday(at)}"
    )

    people = HandOverDetails(owner=world.olga.pk, backup=world.alice.pk, doer=None)
    done(items.hand_over([row.item_id], by=by(world.olga), at=now, reason="x", details=people))
    assert status(row, world.bob).endswith(f"since {weekday(at)}")


def test_an_escalation_begins_no_turn(world: World) -> None:
    """The events of clocks have levels for states."""
    at = timezone.now() - 3 * DAY
    row = make_request(world.acme, at=at)
    Event.objects.create(
        kind="routing.clock.breach",
        item_id=row.item_id,
        from_state="warning",
        to_state="breach",
        actor=User.objects.system(),
        at=timezone.now(),
    )

    assert status(row, world.alice).endswith(f"since {weekday(at)}")


def test_it_leads_to_the_parts_that_the_work_waits_for(world: World) -> None:
    page = hand_in(world, make_deliverables(world)[0])
    asked, request = question(page), Request.objects.get(pk=page.request_id)

    said = words(signed_in(world.alice).get(page_of(page)))

    assert f"Waits for {asked.item.ref} , the approval of version 1, since" in said
    assert "Alice: approve version 1" in said
    assert f"Waits for {page.item.ref} to be finished since" in status(request, world.alice)


def test_work_on_hold_says_why_and_who_can_resume_it(world: World) -> None:
    page = hand_in(world, make_deliverables(world)[0])
    whole = Request.objects.select_related("item").get(pk=page.request_id)
    at = timezone.now() - 2 * DAY
    done(items.hold([whole.item_id], by=by(world.alice), at=at, reason="Budget"))
    ends = "Reason: Budget Who can resume it: Account manager, Operations lead"

    assert status(whole, world.alice) == f"On hold since {weekday(at)} {ends}"
    # The time and the reference are elements of their own.
    assert status(page, world.alice) == (
        f"On hold since {weekday(at)} , together with {whole.item.ref} {ends}"
    )


def test_what_the_product_does_says_what_it_does(world: World) -> None:
    page = hand_in(world, make_deliverables(world)[0])
    WorkItem.objects.filter(pk=page.item_id).update(state="publishing")
    Deliverable.objects.filter(pk=page.pk).update(state="publishing")

    said = status(fresh(page), world.alice)

    assert said.startswith("Throughline has been publishing version 1 since")


def test_a_client_without_access_is_said_to_be_out_of_reach(world: World) -> None:
    row = make_request(world.acme, Request.State.NEEDS_INFORMATION)
    WorkItem.objects.filter(pk=row.item_id).update(waiting_on=WorkItem.WaitingOn.CLIENT)

    said = status(fresh(row), world.alice)

    assert said.startswith("Waits for the client's requesters to answer a question since")
    assert said.endswith("Nobody can do this at the moment.")


def test_the_second_approval_names_those_who_may_give_it(world: World) -> None:
    brief = make_brief(world, engagement=make_engagement(world, amount=500))
    done(briefs.submit([brief.pk], by=by(world.alice), at=timezone.now()))
    assert status(fresh(brief), world.alice).startswith("Waits for Bob to approve the brief")

    done(briefs.approve_first([brief.pk], by=by(world.bob), at=timezone.now()))

    assert status(fresh(brief), world.alice).startswith(
        "Waits for Olga to give the second approval of the brief"
    )


def test_ended_work_waits_for_nobody(world: World) -> None:
    row = make_request(world.acme, Request.State.REJECTED)

    assert status(row, world.alice) == ""


def test_an_expired_approval_makes_the_work_wait_for_its_owner(world: World) -> None:
    """G8: “With the client” stood there while it waited for the agency."""
    page = with_the_client(world, make_deliverables(world)[0])
    later = question(page).expires_at
    expire_due(at=later)

    said = words(signed_in(world.alice).get(page_of(page)))

    assert "Waits for Alice to ask the client again about version 1 since" in said
    assert "With the client" not in said
    assert "Waiting for the client" not in said


def columns(user: User, model: Any, query: str = "?whose=all") -> dict[str, str]:
    page = signed_in(user).get(url(model, "changelist") + query)
    admin, rows = page.context["cl"].model_admin, page.context["cl"].result_list
    return {getattr(row, "item", row).ref: str(admin.waits(row)) for row in rows}


def test_lists_say_whom_each_item_waits_for(world: World) -> None:
    page = hand_in(world, make_deliverables(world)[0])
    asked, new = question(page), make_request(world.acme)
    held = make_request(world.acme)
    done(items.hold([held.item_id], by=by(world.alice), at=timezone.now(), reason="x"))
    brief = make_brief(world, request=make_request(world.acme, Request.State.ACCEPTED))

    found = columns(world.alice, WorkItem)

    assert found[asked.item.ref] == "Alice"
    assert found[page.item.ref] == asked.item.ref
    assert found[new.item.ref] == "Alice"
    assert found[held.item.ref] == "On hold"
    assert found[brief.request.item.ref] == brief.item.ref
    assert columns(world.alice, Deliverable) == {page.item.ref: asked.item.ref}
    assert columns(world.alice, Brief)[brief.item.ref] == "Alice"


def test_the_filter_finds_work_by_whom_it_waits_for(world: World) -> None:
    Check.objects.create(name="Tone", kind="judgment", position=1)
    in_qa = hand_in(world, make_deliverables(world)[0])
    Check.objects.all().delete()
    internal = question(hand_in(world, make_deliverables(world)[0]))
    client = question(with_the_client(world, make_deliverables(world)[0]))
    started = make_deliverables(world)[0]
    done(deliverables.start([started.pk], by=by(world.cora), at=timezone.now()))
    new = make_request(world.acme)
    wanted = {
        "qa": in_qa.item,
        "agency": internal.item,
        "client": client.item,
        "assignee": started.item,
        "owner": new.item,
        "product": client.item.parent,
    }

    for value, item in wanted.items():
        found = set(columns(world.alice, WorkItem, f"?whose=all&waits={value}"))
        others = {each.ref for each in wanted.values() if each} - {item.ref if item else ""}
        assert item is not None
        assert (item.ref in found, found & others) == (True, set()), value
    assert set(columns(world.alice, WorkItem, "?whose=all&waits=decision")) == {internal.item.ref}
    mine = set(columns(world.alice, WorkItem, "?whose=all&waits=me"))
    assert {internal.item.ref, new.item.ref} <= mine
    assert started.item.ref in set(columns(world.cora, Deliverable, "?whose=all&waits=me"))
    assert columns(world.alice, Deliverable, "?waits=nonsense")


def test_a_long_list_asks_the_database_no_more_often_than_a_short_one(world: World) -> None:
    browser, counts = signed_in(world.alice), []
    for many in (1, 6):
        for _number in range(many):
            hand_in(world, make_deliverables(world)[0])
            make_request(world.acme)
        with CaptureQueriesContext(connection) as queries:
            browser.get(url(WorkItem, "changelist") + "?whose=all")
        counts.append(len(queries))

    assert counts[0] == counts[1] <= 7


def test_a_part_that_a_person_may_not_see_is_not_named(world: World) -> None:
    page = hand_in(world, make_deliverables(world)[0])
    asked = question(page)
    # A creative sees the work of their teams and what they own or do.
    WorkItem.objects.filter(pk=asked.item_id).update(team=None)

    assert columns(world.cora, Deliverable) == {page.item.ref: "Its parts"}
    assert asked.item.ref not in status(page, world.cora)
    done(
        approvals.approve(
            [asked.pk], by=by(world.alice), at=timezone.now(), details=DecideDetails()
        )
    )


def test_whose_turn_it_is_costs_a_list_no_building_of_queries(world: World) -> None:
    """Django needs half the time of a page to make this SQL, so it is made once for each reader."""
    request = make_request(world.acme, title="50 % off, they’re “new”")
    [first], [second] = (
        with_waits(Request.objects.filter(pk=request.pk), by(world.alice)) for _ in range(2)
    )
    everything = with_waits(WorkItem.objects.filter(pk=request.item_id), by(world.olga)).get()

    assert first.turn_key == second.turn_key == everything.turn_key == "request.captured.owner"
    assert _waits(Request, by(world.alice)) is _waits(Request, by(world.alice))
    assert _waits(Request, by(world.alice)) is not _waits(Request, by(world.cora))
