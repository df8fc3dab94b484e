"""A page on its way to a site that the product itself serves."""

from __future__ import annotations

from delivery.deliverables.operations.versions import Draft
from delivery.models import Answer, Deliverable
from integrations.outbox.deliver import deliver_due
from integrations.publishing.probing import probe_due
from routing.models import Destination, Outcome
from tests.delivery.making import fresh, say, with_the_client
from tests.journeys.turned import Time
from tests.world import World

PAGE = Draft(
    {
        "title": "Opening day",
        "slug": "opening-day",
        "body_html": "<h2>Welcome</h2><p>We open on Monday.</p>",
    }
)


def approve(world: World, row: Deliverable, draft: Draft = PAGE) -> Deliverable:
    row = with_the_client(world, row, draft)
    assert say(row, Answer.Word.APPROVE).done
    return fresh(row)


def planned(
    place: Destination, key: str = "one", replaces: Deliverable | None = None
) -> list[dict[str, object]]:
    return [
        {
            "key": key,
            "title": "Opening day",
            "format": "page",
            "destination": place.pk,
            "replaces": replaces.pk if replaces else None,
        }
    ]


def outcome(row: Deliverable) -> Outcome:
    return Outcome.objects.get(item=row.item_id)


def go(time: Time) -> None:
    deliver_due(clock=time)
    probe_due(clock=time)
