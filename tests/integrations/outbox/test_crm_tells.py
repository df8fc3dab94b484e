"""What the CRM is told of the work about a deal after it was routed (DEFECTS A9)."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from delivery.approvals.operations import deliverables
from delivery.deliverables.details import EditDeliverableDetails
from delivery.deliverables.operations import editing
from delivery.models import Deliverable, Request
from delivery.requests.details import EditRequestDetails
from delivery.requests.operations import requests
from demo.sandbox.faults import InjectedFault
from integrations.models import Connection, Outbound
from integrations.outbox.crm import VERB, update_deal
from routing.cover.operations import leaving
from routing.kernel.roles import AM
from routing.models import Run, WorkItem
from routing.runs.operations import runs
from routing.work.details import HandOverDetails
from routing.work.operations import items
from tests.delivery.making import done, make_deliverables
from tests.integrations.conftest import Sandbox
from tests.integrations.outbox.remote import Time, deliver
from tests.integrations.outbox.test_crm import SYSTEM, make_run, only, properties
from tests.world import NOW, World, by, make_request, make_user

pytestmark = pytest.mark.requirement("N5")


def with_request(world: World, deal: str) -> tuple[Run, Request]:
    """A routed run about a deal, with the request that it opened."""
    run = make_run(world, deal)
    request = make_request(world.acme, parent=run.item)
    WorkItem.objects.filter(pk__in=[run.item_id, request.item_id]).update(run=run)
    return run, Request.objects.select_related("item").get(pk=request.pk)


def told() -> dict[str, str]:
    """What the last message about the deal says."""
    row = Outbound.objects.filter(verb=VERB).order_by("-pk").first()
    assert row is not None
    found = {}
    for name, value in row.content["properties"].items():
        found[name.removeprefix("throughline_")] = value
    return found


def test_a9_a_new_owner_of_the_request_or_of_the_run_is_told(
    hubspot: Connection, sandbox: Sandbox, world: World
) -> None:
    run, request = with_request(world, sandbox.deal())
    pair = HandOverDetails(world.bob.pk, world.alice.pk, None)
    back = HandOverDetails(world.alice.pk, world.bob.pk, None)

    done(items.hand_over([request.item_id], by=by(world.olga), at=NOW, reason="x", details=pair))
    of_request = told()
    done(items.hand_over([run.item_id], by=by(world.olga), at=NOW, reason="x", details=back))

    assert (of_request["owner"], told()["owner"]) == ("Bob", "Alice")


def test_a9_hold_and_resume_are_told(hubspot: Connection, sandbox: Sandbox, world: World) -> None:
    run, _request = with_request(world, sandbox.deal())

    done(items.hold([run.item_id], by=by(world.alice), at=NOW, reason="Budget."))
    held = told()
    done(items.resume([run.item_id], by=by(world.alice), at=NOW))

    assert (held["state"], told()["state"]) == ("on_hold", "routed")


def test_a9_a_hold_of_the_request_alone_is_told(
    hubspot: Connection, sandbox: Sandbox, world: World
) -> None:
    _run, request = with_request(world, sandbox.deal())

    done(items.hold([request.item_id], by=by(world.alice), at=NOW, reason="Budget."))

    assert told()["state"] == "on_hold"


def test_a9_cancelling_tells_the_end_and_its_day(
    hubspot: Connection, sandbox: Sandbox, world: World
) -> None:
    type(world.acme).objects.filter(pk=world.acme.pk).update(timezone="Pacific/Auckland")
    run, _request = with_request(world, sandbox.deal())

    done(runs.cancel([run.pk], by=by(world.alice), at=NOW, reason="Lost."))

    day = NOW.astimezone(ZoneInfo("Pacific/Auckland")).date()
    assert told() == {"state": "cancelled", "ended_on": day.isoformat()}


def test_a9_a_request_that_ends_its_run_tells_it(
    hubspot: Connection, sandbox: Sandbox, world: World
) -> None:
    _run, request = with_request(world, sandbox.deal())

    done(requests.reject([request.pk], by=by(world.alice), at=NOW, reason="No."))

    assert told()["state"] == "cancelled"


def test_a9_dates_are_told_and_cleared(hubspot: Connection, sandbox: Sandbox, world: World) -> None:
    _run, request = with_request(world, sandbox.deal())

    def edit(day: date | None) -> str:
        details = EditRequestDetails(wanted_date=day)
        done(requests.edit([request.pk], by=by(world.alice), at=NOW, details=details))
        return told()["needed_by"]

    assert edit(date(2027, 3, 1)) == "2027-03-01"
    assert edit(None) == ""


def test_a9_the_planned_day_is_told_when_the_brief_is_approved(
    hubspot: Connection, sandbox: Sandbox, world: World
) -> None:
    _run, request = with_request(world, sandbox.deal())
    Request.objects.filter(pk=request.pk).update(state=Request.State.ACCEPTED)
    WorkItem.objects.filter(pk=request.item_id).update(state="accepted")
    plan = [
        {"key": key, "title": key, "format": "page", "amount": "1", "due": day}
        for key, day in (("one", "2027-01-15"), ("two", "2027-02-20"))
    ]

    make_deliverables(world, request=Request.objects.get(pk=request.pk), planned=plan)

    assert told()["planned_for"] == "2027-02-20"


def test_a9_a_planned_day_that_somebody_moves_or_cancels_is_told(
    hubspot: Connection, sandbox: Sandbox, world: World
) -> None:
    """The last day of what goes on counts, and none is planned once all is cancelled."""
    _run, request = with_request(world, sandbox.deal())
    Request.objects.filter(pk=request.pk).update(state=Request.State.ACCEPTED)
    WorkItem.objects.filter(pk=request.item_id).update(state="accepted")
    plan = [
        {"key": key, "title": key, "format": "page", "amount": "1", "due": day}
        for key, day in (("one", "2027-01-15"), ("two", "2027-02-20"))
    ]
    one, two = make_deliverables(world, request=Request.objects.get(pk=request.pk), planned=plan)

    later = iter(NOW + timedelta(minutes=number) for number in range(1, 9))

    def cancel(row: Deliverable) -> str:
        at = next(later)
        done(deliverables.cancel([row.pk], by=by(world.alice), at=at, reason="Not needed."))
        return told()["planned_for"]

    details = EditDeliverableDetails(due_date=date(2027, 3, 1))
    done(editing.edit([one.pk], by=by(world.alice), at=NOW, details=details))

    assert told()["planned_for"] == "2027-03-01"
    assert cancel(one) == "2027-02-20"
    assert cancel(two) == ""


def test_a9_the_successor_of_an_owner_who_left_is_told(
    hubspot: Connection, sandbox: Sandbox, world: World
) -> None:
    with_request(world, sandbox.deal())
    heir = make_user("Hana", AM, team=world.team)

    leaving.deactivate(world.alice, heir=heir, by=by(world.olga), at=NOW, reason="Left.")

    assert told()["owner"] == "Hana"


def test_a9_an_account_without_the_properties_for_dates_still_gets_the_rest(
    hubspot: Connection, sandbox: Sandbox, world: World, time: Time
) -> None:
    deal = sandbox.deal(dealname="Site")
    run = make_run(world, deal)
    body = b'{"status":"error","message":"Property does not exist"}'
    sandbox.crm.faults.add("PATCH", InjectedFault(400, body))

    update_deal(run, {"state": "cancelled", "ended_on": "2026-11-23"}, by=SYSTEM(), at=NOW)
    deliver(time)

    assert properties(sandbox, deal) == {"dealname": "Site", "throughline_state": "cancelled"}
    assert only().evidence["left_out"] == ["throughline_ended_on"]
