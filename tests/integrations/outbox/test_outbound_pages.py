"""Pages of the outbox: the reason for waiting, the attempts, and who may retry or discard."""

from __future__ import annotations

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from integrations.base.adapter import Permanent
from integrations.models import Connection, Outbound
from integrations.outbox.waiting import why_waiting
from routing.desk.base import DeskAdmin
from routing.work.operations.items import hold
from tests.desk import signed_in, url, words
from tests.integrations.outbox.conftest import connection, shelf, shelves, time  # noqa: F401  # fixtures
from tests.integrations.outbox.remote import Shelf, Time, deliver, send, state_of
from tests.world import NOW, World, by, make_request

pytestmark = [
    pytest.mark.usefixtures("without_second_factor"),
    pytest.mark.requirement("E14", "N3"),
]


@pytest.fixture
def dead(connection: Connection, shelf: Shelf, time: Time, world: World) -> Outbound:  # noqa: F811
    """One that failed, and one held behind it."""
    shelf.before = [Permanent("The other side answered 422: too long", 422)]
    item = make_request(world.acme).item_id
    row, _held = send(connection, "a", "b", item_id=item)
    deliver(time)
    return row


def test_its_page_says_what_failed_and_why_and_the_next_one_says_what_it_waits_for(
    dead: Outbound, world: World
) -> None:
    browser = signed_in(world.olga)

    failed = words(browser.get(url(Outbound, "change", dead.pk)))
    held = words(browser.get(url(Outbound, "change", Outbound.objects.get(key="b").pk)))

    assert "too long" in failed
    assert "422" in failed
    assert "A person" in failed
    assert f"Message #{dead.pk} for the same object, which failed." in held


@pytest.mark.requirement("N10")
def test_it_is_tried_again_with_a_reason(dead: Outbound, world: World, time: Time) -> None:  # noqa: F811
    page = url(Outbound, "step", dead.pk, "replay")
    browser = signed_in(world.olga)
    assert browser.get(page).status_code == 200
    assert "Enter a reason" in words(browser.post(page, {"reason": ""}))
    assert state_of("a") == "dead"

    answer = browser.post(page, {"reason": "They corrected it."})

    assert answer.status_code == 302
    assert (state_of("a"), state_of("b")) == ("pending", "pending")
    late = browser.post(page, {"reason": "Once more."})
    assert late.status_code == 409
    assert "Olga changed it on" in words(late)  # defect E5


def test_it_is_discarded_by_the_integrations_owner_alone(dead: Outbound, world: World) -> None:
    page = url(Outbound, "step", dead.pk, "discard")

    for user in (world.olga, world.audrey, world.alice):
        assert signed_in(user).post(page, {"reason": "Because."}).status_code == 403
    assert state_of("a") == "dead"

    assert signed_in(world.ivan).post(page, {"reason": "Not wanted."}).status_code == 302
    assert state_of("a") == "discarded"


def test_those_who_may_only_look_find_no_buttons_and_others_find_nothing(
    dead: Outbound, world: World
) -> None:
    seen = signed_in(world.audrey).get(url(Outbound, "change", dead.pk)).content.decode()

    assert "/step/" not in seen
    assert (
        signed_in(world.audrey)
        .post(url(Outbound, "step", dead.pk, "replay"), {"reason": "x"})
        .status_code
        == 403
    )
    assert signed_in(world.cora).get(url(Outbound, "changelist")).status_code == 403
    assert signed_in(world.cora).get(url(Outbound, "change", dead.pk)).status_code == 403
    assert signed_in(world.olga).get(url(Outbound, "step", dead.pk, "deliver")).status_code == 404
    assert (
        signed_in(world.olga)
        .post(url(Outbound, "change", dead.pk), {"state": "delivered"})
        .status_code
        == 403
    )


def test_many_are_tried_again_from_the_list(dead: Outbound, world: World) -> None:
    chosen = {
        "action": "replay_selected",
        "_selected_action": [dead.pk, Outbound.objects.get(key="b").pk],
    }

    answer = signed_in(world.ivan).post(url(Outbound, "changelist"), chosen, follow=True)

    assert "Retrying 1 message." in words(answer)
    assert state_of("a") == "pending"


def test_the_list_costs_the_same_however_long(connection: Connection, world: World) -> None:  # noqa: F811
    browser = signed_in(world.olga)
    item = make_request(world.acme).item_id
    counts = []
    for size in (2, 30):
        for number in range(size):
            send(connection, f"{size}-{number}", obj=f"thing:{size}:{number}", item_id=item)
        with CaptureQueriesContext(database) as queries:
            assert browser.get(url(Outbound, "changelist")).status_code == 200
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_it_says_what_each_waits_for(connection: Connection, world: World) -> None:  # noqa: F811
    request = make_request(world.acme)
    [row] = send(connection, "a", item_id=request.item_id)

    def why() -> str:
        return why_waiting(Outbound.objects.get(pk=row.pk), NOW)

    assert why() == "A worker."
    Connection.objects.update(is_active=False)
    assert "is inactive" in why()
    hold([request.item_id], by=by(world.alice), at=NOW, reason="The client asked.")
    assert why() == f"{request.item.ref} is on hold."


def test_the_run_page_tells_what_went_out(dead: Outbound, world: World) -> None:
    listed = words(signed_in(world.ivan).get(url(Outbound, "changelist")))

    assert "test.a" in listed
    assert "too long" in listed


def test_failed_messages_are_read_page_by_page_forwards_and_back(
    connection: Connection,  # noqa: F811
    shelf: Shelf,  # noqa: F811
    time: Time,  # noqa: F811
    world: World,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(DeskAdmin, "list_per_page", 2)
    keys = ("a", "b", "c", "d", "e")
    shelf.before = [Permanent("Too long", 422)] * len(keys)
    for key in keys:
        send(connection, key, obj=f"thing:{key}")
    deliver(time)
    browser, address = signed_in(world.olga), url(Outbound, "changelist")

    pages, query = [], "?standing=dead&o=1"
    while query:
        turned = browser.get(address + query).context["cl"]
        pages.append([row.key for row in turned.result_list])
        query = turned.later
    before = browser.get(address + turned.earlier).context["cl"]

    assert pages == [["a", "b"], ["c", "d"], ["e"]]
    assert [row.key for row in before.result_list] == ["c", "d"]
