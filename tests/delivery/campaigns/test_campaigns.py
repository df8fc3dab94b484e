"""A campaign is made of its request, follows its parts, and is proven when all of them are."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from delivery.approvals.operations import deliverables
from delivery.campaigns.operations.making import make_campaign
from delivery.models import Approval, Campaign, Deliverable, Request
from delivery.requests.operations import requests
from routing.kernel.roles import CREATIVE
from routing.models import ExceptionCase, Outcome, Run
from routing.people.actors import Actor
from routing.runs.operations import outcomes, runs
from routing.work.operations import items
from tests.delivery.campaigns.making import (
    accepted,
    approve_part,
    campaign_of,
    launch_part,
    whole,
    with_parts,
)
from tests.delivery.making import codes, done, fresh, with_the_client
from tests.desk import signed_in, url, words
from tests.portal import browser_of, reachable
from tests.world import NOW, World, by, make_client, make_request, make_user

pytestmark = [
    pytest.mark.usefixtures("without_second_factor"),
    pytest.mark.requirement("M1", "M11", "M17", "R5", "U2", "F6"),
]
DAY = date(2027, 3, 18)


def states(row: Campaign) -> tuple[str, str, str]:
    return fresh(row).state, whole(row).state, Run.objects.get().state


def test_a_campaign_is_made_when_its_request_is_accepted(world: World) -> None:
    request = accepted(world, title="Spring", wanted_date=DAY)

    row = campaign_of(request)

    assert (row.state, row.launch_date, row.item.title) == ("planning", DAY, "Spring")
    assert (row.item.client, row.item.run_id) == (world.acme, request.item.run_id)
    assert (row.item.owner, row.item.backup) == (request.item.owner, request.item.backup)
    assert (whole(row).kind, whole(row).state) == ("campaign", "expected")


def test_other_requests_have_none_until_a_person_makes_it_one(world: World) -> None:
    request = accepted(world, kind=Request.Kind.NEW)
    before = Campaign.objects.count()

    done(make_campaign([request.pk], by=by(world.alice), at=NOW))
    [again] = make_campaign([request.pk], by=by(world.alice), at=NOW)

    assert (before, Campaign.objects.count()) == (0, 1)
    assert fresh(request).kind == "campaign"
    assert codes(again) == ["campaign"]


def test_a_change_of_one_deliverable_is_no_campaign(world: World) -> None:
    request = make_request(world.acme, Request.State.ACCEPTED, kind=Request.Kind.CHANGE)

    [result] = make_campaign([request.pk], by=by(world.alice), at=NOW)

    assert codes(result) == ["kind"]


def test_its_state_follows_its_parts_and_the_last_proof_proves_it(world: World) -> None:
    row, (mail, post) = with_parts(world)
    mail, post = approve_part(world, mail), approve_part(world, post)
    seen = [states(row)]

    launch_part(mail, world.alice)
    seen.append(states(row))
    launch_part(post, world.bob, "https://social.example.com/spring")
    seen.append(states(row))
    [proof] = Outcome.objects.filter(item=post.item_id)
    outcomes.prove(proof.pk, {}, by=Actor.system(), at=NOW)
    seen.append(states(row))

    assert seen == [
        ("planning", "expected", "in_delivery"),
        ("launching", "expected", "in_delivery"),
        ("live", "expected", "awaiting_outcome"),
        ("proven", "proven", "complete"),
    ]
    assert whole(row).evidence["parts"] == [mail.item.ref, post.item.ref]
    assert fresh(row).live_at == NOW
    assert fresh(mail).request.state == "closed"


def test_a_cancelled_part_needs_no_proof(world: World) -> None:
    row, (mail, post) = with_parts(world)
    mail = approve_part(world, mail)
    launch_part(mail, world.alice)

    done(deliverables.cancel([post.pk], by=by(world.alice), at=NOW, reason="No budget."))

    assert states(row) == ("proven", "proven", "complete")
    assert whole(row).evidence["parts"] == [mail.item.ref]


def test_the_proof_lapses_with_that_of_a_part_and_returns_with_it(world: World) -> None:
    row, [mail] = with_parts(world, ["newsletter"])
    launch_part(approve_part(world, mail), world.alice)
    [proof] = Outcome.objects.filter(item=mail.item_id)

    outcomes.decay(proof.pk, {"differences": ["Gone."]}, by=Actor.system(), at=NOW)
    lapsed, cases = states(row), ExceptionCase.objects.count()
    outcomes.prove(proof.pk, {}, by=Actor.system(), at=NOW)

    assert lapsed == ("proven", "decayed", "awaiting_outcome")
    assert cases == 1
    assert ExceptionCase.objects.get().item.owner == world.alice
    assert states(row) == ("proven", "proven", "complete")


def test_a_waived_part_counts_and_the_run_completes(world: World) -> None:
    row, [mail] = with_parts(world, ["newsletter"])
    launch_part(approve_part(world, mail), world.alice, "https://news.example.com/spring")
    [proof] = Outcome.objects.filter(item=mail.item_id)

    done(outcomes.waive([proof.pk], by=by(world.olga), at=NOW, reason="Seen in my inbox."))

    assert states(row) == ("proven", "proven", "complete")


def test_a_campaign_whose_own_proof_is_waived_is_closed_and_not_proven(world: World) -> None:
    row, [mail] = with_parts(world, ["newsletter"])
    launch_part(approve_part(world, mail), world.alice, "https://news.example.com/spring")

    done(outcomes.waive([whole(row).pk], by=by(world.olga), at=NOW, reason="Enough."))
    waived = fresh(row).state
    run = Run.objects.get()
    done(runs.close_unproven([run.pk], by=by(world.olga), at=NOW, reason="Enough."))

    assert (waived, fresh(row).state, whole(row).state) == ("live", "closed", "waived")


def test_it_ends_with_its_request(world: World) -> None:
    row, _parts = with_parts(world)

    done(requests.cancel([row.request_id], by=by(world.alice), at=NOW, reason="No budget."))

    row = fresh(row)
    assert (row.state, row.item.is_open, whole(row).state) == ("cancelled", False, "superseded")
    assert row.ended_at == NOW


def test_its_page_says_of_each_part_its_state_stage_and_whom_it_waits_for(world: World) -> None:
    row, (mail, post) = with_parts(world, wanted_date=DAY)
    mail = approve_part(world, mail)
    launch_part(mail, world.alice)
    done(deliverables.start([post.pk], by=by(world.cora), at=NOW))
    browser = signed_in(world.alice)

    page = words(browser.get(url(Campaign, "change", row.pk)))
    listed = words(browser.get(url(Campaign, "changelist")))
    request = words(browser.get(url(Request, "change", row.request_id)))

    assert "Launch date Thu 18 Mar 2027" in page
    assert "Parts live 1 of 2" in page
    assert f"{mail.item.ref} Part 0" in page
    assert "In production 1 of 2: The agency Cora" in page
    assert "Waits for all parts to be live" in page
    assert "1 of 2" in listed
    assert row.item.ref in request


def test_it_is_on_hold_with_its_request_and_names_a_part_that_is_on_hold_alone(
    world: World,
) -> None:
    row, (mail, _post) = with_parts(world)
    browser = signed_in(world.alice)
    act: dict[str, Any] = {"by": by(world.alice), "at": NOW}

    done(items.hold([mail.item_id], reason="No pictures.", **act))
    alone = words(browser.get(url(Campaign, "change", row.pk)))
    listed = words(browser.get(url(Campaign, "changelist")))
    done(items.hold([row.request.item_id], reason="No budget.", **act))
    held = fresh(row).item
    page = words(browser.get(url(Campaign, "change", row.pk)))
    done(items.resume([row.request.item_id], **act))
    after, part = fresh(row).item, fresh(mail).item

    assert f"On hold {mail.item.ref} Part 0 since" in alone
    assert "Reason: No pictures. Who can resume it: Account manager, Operations lead." in alone
    assert "0 of 2, 1 on hold" in listed
    assert (held.held_by, held.hold_reason) == (row.request.item, "No budget.")
    assert f"together with {row.request.item.ref}" in page
    assert "Reason: No budget." in page
    assert after.held_at is None
    assert part.hold_reason == "No pictures."


def test_reassigning_its_request_offers_to_take_it_along(world: World) -> None:
    row, (mail, _post) = with_parts(world)
    browser = signed_in(world.olga)
    step = url(Request, "step", row.request_id, "hand_over")

    form = words(browser.get(step))
    browser.post(
        step,
        {
            "owner": world.bob.pk,
            "backup": world.alice.pk,
            "along": [row.item_id],
            "reason": "Alice is leaving.",
        },
    )

    assert f"Campaign {row.item.ref}" in form
    assert (fresh(row).item.owner, fresh(row).item.backup) == (world.bob, world.alice)
    assert fresh(mail).item.owner == world.alice


def test_its_page_asks_the_database_as_often_for_many_parts(world: World) -> None:
    few, _parts = with_parts(world, ["newsletter", "ads"])
    many, _parts = with_parts(world, ["newsletter", "ads", "social", "by_hand", "ads"])
    browser, asked = signed_in(world.alice), []
    browser.get(url(Campaign, "change", few.pk))

    for row in (few, many):
        with CaptureQueriesContext(connection) as queries:
            browser.get(url(Campaign, "change", row.pk))
        asked.append(len(queries))

    assert asked[0] == asked[1]
    assert asked[1] <= 25


def test_its_delivery_time_is_counted_from_the_request(world: World) -> None:
    row, [mail] = with_parts(world, ["newsletter"])
    launch_part(approve_part(world, mail), world.alice)

    page = words(signed_in(world.alice).get(url(Campaign, "change", row.pk)))

    assert "Delivery time 0 days" in page


def test_people_who_do_not_see_the_client_do_not_see_it(world: World) -> None:
    row, _parts = with_parts(world)
    stranger = make_user("Carol", CREATIVE)

    answer = signed_in(stranger).get(url(Campaign, "change", row.pk))

    assert answer.status_code in {302, 404}


def test_the_owner_hears_of_a_campaign_that_a_colleague_accepted(world: World) -> None:
    request = make_request(world.acme, Request.State.TRIAGED, kind="campaign", details="Spring")

    done(requests.accept([request.pk], by=by(world.bob), at=NOW))

    row = campaign_of(request)
    told = row.item.notifications.values_list("recipient__full_name", "words")
    assert list(told) == [("Alice", "owns")]
    assert not Deliverable.objects.exists()


def test_the_client_sees_the_campaign_its_parts_and_what_waits_for_them(world: World) -> None:
    row, (mail, post) = with_parts(world, wanted_date=DAY)
    with_the_client(world, mail)
    question = Approval.objects.get(version__deliverable=mail, audience="client")
    address = f"/portal/campaigns/{row.item.ref}/"
    browser = browser_of(reachable(world.acme))

    request = browser.get(f"/portal/requests/{row.request.item.ref}/").content.decode()
    page = browser.get(address)
    foreign = make_client("OTH", world.team, world.alice, world.bob)
    stranger = reachable(foreign, "Zoe")

    assert address in request
    assert "In preparation Nothing of it is live yet." in words(page)
    assert "Launch date: Thu 18 Mar 2027" in words(page)
    assert f"/portal/questions/{question.item.ref}/" in page.content.decode()
    assert "Waiting for you" in words(page)
    assert f"{post.item.title}" in words(page)
    assert browser_of(stranger).get(address).status_code == 404
