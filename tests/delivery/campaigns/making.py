"""Campaigns for tests: a request of that kind, its brief from a template, its parts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from delivery.briefs.details import EditBriefDetails, UseTemplateDetails
from delivery.briefs.operations import briefs, templates
from delivery.campaigns.models import Campaign
from delivery.deliverables.details import LaunchByHandDetails
from delivery.models import Answer, Brief, Deliverable, Request
from delivery.progress.operations.launching import launch_by_hand
from delivery.requests.operations import requests
from routing.models import Outcome, User
from tests.delivery.making import (
    done,
    fresh,
    make_brief,
    make_deliverables,
    make_destination,
    make_engagement,
    record_request,
    say,
    with_the_client,
)
from tests.delivery.plans.making import make_template
from tests.delivery.progress.test_launching import picture
from tests.world import NOW, World, by

CHANNELS = ("newsletter", "social")


def accepted(world: World, kind: str = Request.Kind.CAMPAIGN, **fields: Any) -> Request:
    request = record_request(world, details="Spring in all channels", kind=kind, **fields)
    done(requests.triage([request.pk], by=by(world.alice), at=NOW))
    done(requests.accept([request.pk], by=by(world.alice), at=NOW))
    found: Request = fresh(request)
    return found


def campaign_of(request: Request) -> Campaign:
    return Campaign.objects.select_related("item").get(request=request)


def with_parts(
    world: World, channels: Sequence[str] = CHANNELS, **fields: Any
) -> tuple[Campaign, list[Deliverable]]:
    """A campaign with a planned part for each channel."""
    request = accepted(world, **fields)
    plan = [
        {
            "key": f"k{place}",
            "title": f"Part {place}",
            "format": "page",
            "destination": make_destination(world, kind=channel).pk,
        }
        for place, channel in enumerate(channels)
    ]
    return campaign_of(request), make_deliverables(world, planned=plan, request=request)


def from_template(world: World, launch: Any, **fields: Any) -> tuple[Campaign, Brief]:
    """A campaign whose draft brief a template has filled: page D-5, mail D-2, ad D."""
    request = accepted(world, **fields)
    brief = make_brief(world, request=request, engagement=make_engagement(world))
    done(briefs.edit([brief.pk], by=by(world.alice), at=NOW, details=EditBriefDetails(planned=[])))
    details = UseTemplateDetails(make_template(world).template_id, launch)
    done(templates.use_template([brief.pk], by=by(world.alice), at=NOW, details=details))
    return campaign_of(request), fresh(brief)


def approve_brief(world: World, brief: Brief) -> list[Deliverable]:
    done(briefs.submit([brief.pk], by=by(world.alice), at=NOW))
    done(briefs.approve([brief.pk], by=by(world.bob), at=NOW))
    return list(Deliverable.objects.filter(brief=brief).order_by("due_date", "pk"))


def approve_part(world: World, row: Deliverable) -> Deliverable:
    with_the_client(world, row)
    done([say(row, Answer.Word.APPROVE)])
    found: Deliverable = fresh(row)
    return found


def launch_part(row: Deliverable, who: User, address: str = "") -> None:
    """With a screenshot, unless there is an address."""
    client = row.item.client
    assert client is not None
    shot = None if address else picture(client, who).pk
    details = LaunchByHandDetails(address, shot)
    done(launch_by_hand([row.pk], by=by(who), at=NOW, details=details))


def whole(row: Campaign) -> Outcome:
    return Outcome.objects.get(item=row.item_id)
