"""Several workers publish and look at the same pages at the same moment."""

from __future__ import annotations

from dataclasses import replace

import pytest

from delivery.models import Deliverable
from integrations.models import Outbound
from integrations.outbox.deliver import deliver_due
from integrations.publishing.probing import probe_due
from routing.models import Destination, Outcome
from tests.delivery.making import fresh, make_deliverables
from tests.journeys.page import PAGE, approve, outcome, planned
from tests.journeys.turned import Time
from tests.threads import at_once
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)
State = Deliverable.State


def test_those_that_work_at_once_publish_and_prove_each_page_once(
    committed_world: World, place: Destination, time: Time
):
    pages = []
    for number in range(4):
        [page] = make_deliverables(committed_world, planned=planned(place))
        pages.append(
            approve(
                committed_world,
                page,
                replace(PAGE, texts={**PAGE.texts, "slug": f"opening-{number}"}),
            )
        )

    at_once([lambda: deliver_due(clock=time)] * 3)
    proven = at_once([lambda: probe_due(clock=time)] * 3)

    # The e-mails to the client leave at the same time.
    published = Outbound.objects.filter(item__in=[page.item_id for page in pages])
    states = published.exclude(verb__startswith="mail.").values_list("state", flat=True)
    assert (list(states), sum(proven)) == ([Outbound.State.DELIVERED] * 4, 4)
    assert {(fresh(page).state, outcome(page).state) for page in pages} == {
        (State.LIVE, Outcome.State.PROVEN)
    }
    assert [outcome(page).history.filter(state=Outcome.State.PROVEN).count() for page in pages] == [
        1
    ] * 4
