"""The Monday list: what is stalled and what is missing of it, hand-offs, and failure modes."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse

from routing.kernel.events import Event
from routing.kernel.roles import AM
from routing.models import Client, ExceptionCase, ExceptionRoute, WorkItem
from routing.runs.monday import newest_stalled
from routing.sla.operations.first_response import RESPONDED
from routing.work.details import HandOverDetails
from routing.work.operations.items import hand_over
from tests.desk import signed_in, url, words
from tests.routing.runs.stories import crm_of, run_about, usual_flow
from tests.world import NOW, World, by, make_user

pytestmark = [
    pytest.mark.usefixtures("without_second_factor"),
    pytest.mark.requirement("P12", "R12", "V3"),
]
PAGE = "admin:routing_run_monday"


def test_it_lists_what_stalled_hand_offs_and_failures_of_what_one_may_see(world: World) -> None:
    usual_flow(world)
    with crm_of(world) as crm:
        run = run_about("9001")
        crm.facts.pop("company.domain")
        crm.facts.pop("deal.amount")
        stopped = run_about("9002")
    request = WorkItem.objects.get(run=run, kind="request")
    WorkItem.objects.filter(pk=request.pk).update(next_due_at=NOW - timedelta(hours=1))
    case = ExceptionCase.objects.get(run=stopped)

    first, second = newest_stalled(by(world.olga), NOW, 5)

    assert (first.run, second.run) == (stopped, run)
    assert (first.about, first.owner, first.action) == (
        case.item,
        case.item.owner,
        "resolve the exception",
    )
    assert (second.about, second.owner, second.source) == (request, request.owner, run.source)
    assert (second.since, second.heard_at) == (NOW - timedelta(hours=1), None)
    assert second.trigger
    Event.objects.create(kind=RESPONDED.kind, item=request, object_id=1, actor=world.bob, at=NOW)
    assert newest_stalled(by(world.olga), NOW, 5)[1].heard_at == NOW

    people = HandOverDetails(owner=world.bob.pk, backup=world.olga.pk, doer=None)
    [moved] = hand_over(
        [request.pk], by=by(world.alice), at=NOW + timedelta(minutes=1), reason="x", details=people
    )
    assert moved.done
    with time_machine.travel(NOW + timedelta(hours=1), tick=False):
        said = signed_in(world.olga).get(reverse(PAGE))
    shown = words(said)
    assert run.item.ref in shown
    assert stopped.item.ref in shown
    assert shown.count("Missing") == 1
    route = ExceptionRoute.objects.get(reason=case.reason)
    assert url(ExceptionRoute, "change", route.pk) in said.content.decode()
    assert "Route it : " in shown
    assert "Alice Bob 1" in shown
    Client.objects.filter(pk=world.acme.pk).update(restricted=True)
    with time_machine.travel(NOW + timedelta(hours=1), tick=False):
        hidden = words(signed_in(make_user("Dan", AM)).get(reverse(PAGE)))
    assert run.item.ref not in hidden
    assert "Alice Bob" not in hidden
