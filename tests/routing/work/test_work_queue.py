"""The work queue."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from delivery.models import Request
from routing.models import WorkItem
from routing.work.details import HandOverDetails
from routing.work.operations import items
from tests.delivery.requests.test_request_page import others_secret
from tests.desk import signed_in, url, words
from tests.world import NOW, World, by, make_client, make_request

pytestmark = [pytest.mark.usefixtures("without_second_factor"), pytest.mark.requirement("L7")]


def refs(page) -> list[str]:
    return [item.ref for item in page.context["cl"].result_list]


def test_my_work_is_what_i_own_back_up_or_do(world: World) -> None:
    owned, others = (
        make_request(world.acme),
        make_request(make_client("OTH", world.team, world.olga, world.quin)),
    )
    items.hand_over(
        [owned.item_id],
        by=by(world.alice),
        at=NOW,
        reason="x",
        details=HandOverDetails(owner=world.olga.pk, backup=world.quin.pk, doer=world.cora.pk),
    )

    assert refs(signed_in(world.cora).get(url(WorkItem, "changelist"))) == [owned.item.ref]
    assert set(refs(signed_in(world.olga).get(url(WorkItem, "changelist")))) == {
        owned.item.ref,
        others.item.ref,
    }
    assert refs(signed_in(world.bob).get(url(WorkItem, "changelist"))) == []


def test_all_work_leaves_out_what_may_not_be_seen(world: World) -> None:
    make_request(world.acme)
    hidden = others_secret(world)

    assert refs(signed_in(world.alice).get(url(WorkItem, "changelist"), {"whose": "all"})) == [
        "ACM-1"
    ]
    assert hidden.item.ref in refs(
        signed_in(world.olga).get(url(WorkItem, "changelist"), {"whose": "all"})
    )
    assert signed_in(world.alice).get(url(WorkItem, "change", hidden.item_id)).status_code == 404


def test_what_is_due_first_comes_first(world: World) -> None:
    rows = [make_request(world.acme) for _ in range(3)]
    for row, days in zip(rows, (3, 1, 2), strict=True):
        WorkItem.objects.filter(pk=row.item_id).update(
            next_due_at=timezone.now() + timedelta(days=days)
        )

    assert refs(signed_in(world.alice).get(url(WorkItem, "changelist"))) == [
        "ACM-2",
        "ACM-3",
        "ACM-1",
    ]


def test_its_lasting_address_leads_to_the_noun(world: World) -> None:
    row = make_request(world.acme)

    answer = signed_in(world.alice).get(url(WorkItem, "change", row.item_id))

    assert answer["Location"] == url(Request, "change", row.pk)


def test_nothing_is_saved_added_or_deleted_there(world: World) -> None:
    row, browser = make_request(world.acme), signed_in(world.olga)

    assert (
        browser.post(url(WorkItem, "change", row.item_id), {"owner": world.cora.pk}).status_code
        == 403
    )
    assert browser.post(url(WorkItem, "add"), {"ref": "X-1"}).status_code == 403
    assert browser.post(url(WorkItem, "delete", row.item_id), {"post": "yes"}).status_code == 403
    assert browser.post(url(WorkItem, "history", row.item_id)).status_code == 403


def test_holding_in_bulk_answers_for_each(world: World) -> None:
    free, held = make_request(world.acme), make_request(world.acme)
    items.hold([held.item_id], by=by(world.alice), at=NOW, reason="Before")

    page = signed_in(world.alice).post(
        url(WorkItem, "bulk", "hold"), {"ids": [free.item_id, held.item_id], "reason": "Now"}
    )

    assert {(line.item.ref, line.done) for line in page.context["lines"]} == {
        (free.item.ref, True),
        (held.item.ref, False),
    }
    assert "Already on hold." in words(page)


def test_bulk_without_permission_or_sight_does_nothing(world: World) -> None:
    mine, hidden = make_request(world.acme), others_secret(world)

    assert (
        signed_in(world.cora)
        .post(url(WorkItem, "bulk", "hold"), {"ids": [mine.item_id], "reason": "x"})
        .status_code
        == 403
    )
    signed_in(world.alice).post(
        url(WorkItem, "bulk", "hold"), {"ids": [hidden.item_id], "reason": "x"}
    )

    assert not WorkItem.objects.filter(held_at__isnull=False).exists()


def test_a_list_of_fifty_costs_what_a_list_of_five_costs(world: World) -> None:
    browser, counts = signed_in(world.alice), []
    for number in (5, 45):
        for _ in range(number):
            make_request(world.acme)
        with CaptureQueriesContext(connection) as queries:
            browser.get(url(WorkItem, "changelist"))
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_the_sidebar_counts_and_links_what_waits_for_me(world: World) -> None:
    late = make_request(world.acme)
    make_request(world.acme)
    WorkItem.objects.filter(pk=late.item_id).update(next_due_at=timezone.now() - timedelta(hours=2))
    browser = signed_in(world.alice)

    page = browser.get("/admin/")
    [work_group, *_] = page.context["sidebar_navigation"]
    badges = {item["title"]: (item.get("badge"), item["link"]) for item in work_group["items"]}

    assert badges["My work"][0] == 2
    assert badges["My overdue"][0] == 1
    assert refs(browser.get(badges["My overdue"][1])) == [late.item.ref]


def test_the_first_page_says_what_to_do_when_there_is_nothing(world: World) -> None:
    assert "You have no open work." in words(signed_in(world.quin).get("/admin/"))
