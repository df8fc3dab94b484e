"""A flow has exception routes of its own, which go before those of the agency."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.db.utils import IntegrityError

from routing.flows.change_classes import ChangeClass
from routing.flows.files.difference import differences
from routing.flows.files.stored import content_of
from routing.flows.operations import copy, publish
from routing.kernel.reasons import Reason
from routing.models import Clock, ExceptionCase, ExceptionRoute, FlowVersion, VersionRoute
from routing.people.actors import Actor
from routing.runs.operations.capture import capture
from tests.desk import signed_in, url, words
from tests.journeys.crm import FakeCRM, answering
from tests.journeys.test_lead_to_brief import signals, work
from tests.routing.runs.stories import usual_flow
from tests.world import NOW, World, by

pytestmark = [
    pytest.mark.usefixtures("without_second_factor"),
    pytest.mark.requirement("G4", "Q15"),
]


def routed(world: World, flow: FlowVersion, taker: str, minutes: int) -> FlowVersion:
    """Publish a version with a route of its own for missing facts."""
    draft = copy(flow, by=by(world.olga), at=NOW, reason="Sooner")
    draft.exception_routes.create(
        reason=Reason.MISSING_FIELDS, taker=taker, timebox_minutes=minutes
    )
    return publish(draft, by=by(world.olga), at=NOW, reason="Sooner")


def stopped(world: World) -> ExceptionCase:
    """Let a deal come whose amount is missing."""
    crm = FakeCRM(world.acme)
    del crm.facts["deal.amount"]
    with answering(crm):
        capture(signals()[:1], by=Actor.system(), at=NOW)
        work()
    return ExceptionCase.objects.select_related("item").get()


def test_a_route_of_the_flow_names_the_owner_and_the_timebox(world: World) -> None:
    agency = ExceptionRoute.objects.get(reason=Reason.MISSING_FIELDS)
    assert (agency.taker, agency.timebox_minutes) == ("policy", 240)
    routed(world, usual_flow(world), "agency", 30)

    case = stopped(world)

    assert (case.item.owner, case.item.backup) == (world.agency.owner, world.agency.backup)
    assert Clock.objects.get(item=case.item).target == timedelta(minutes=30)


def test_no_timebox_is_meant(world: World) -> None:
    routed(world, usual_flow(world), "policy", 0)

    case = stopped(world)

    assert case.item.owner == world.olga
    assert not Clock.objects.filter(item=case.item).exists()


def test_another_reason_and_another_flow_keep_the_route_of_the_agency(world: World) -> None:
    draft = copy(usual_flow(world), by=by(world.olga), at=NOW, reason="Sooner")
    draft.exception_routes.create(reason=Reason.NO_RULE, taker="agency", timebox_minutes=30)
    publish(draft, by=by(world.olga), at=NOW, reason="Sooner")

    case = stopped(world)

    assert case.item.owner == world.olga
    assert Clock.objects.get(item=case.item).target == timedelta(minutes=240)


def test_it_is_compared_copied_shown_and_frozen_with_the_version(world: World) -> None:
    flow = usual_flow(world)
    version = routed(world, flow, "agency", 30)

    [change] = differences(content_of(flow), content_of(version))
    assert (change.path, change.change_class) == (
        "exception_routes[missing_fields]",
        ChangeClass.ROUTING,
    )
    again = copy(version, by=by(world.olga), at=NOW, reason="Again")
    assert differences(content_of(version), content_of(again)) == []
    page = words(signed_in(world.olga).get(url(FlowVersion, "change", again.pk)))
    assert "Exception routes of this flow" in page
    with pytest.raises(IntegrityError, match="published"), transaction.atomic():
        VersionRoute.objects.filter(version=version).update(timebox_minutes=1)
