"""What a page offers: the same answers as the door gives, at the price of a few queries."""

from __future__ import annotations

from typing import Any

from delivery.briefs.operations.briefs import brief_facts
from delivery.models import Deliverable, Request
from delivery.requests.details import EditRequestDetails
from delivery.requests.operations import requests
from routing.desk.offers import PageFacts, panel
from routing.desk.timeline import timeline_of
from tests.delivery.making import fresh, hand_in, make_brief, make_deliverables
from tests.world import NOW, World, by, make_request


def test_facts_that_several_steps_look_at_are_loaded_once_a_page(
    world: World, django_assert_num_queries: Any
) -> None:
    brief, known = fresh(make_brief(world)), PageFacts(by(world.alice), NOW)
    panel(brief, known)

    with django_assert_num_queries(0):
        assert known.of(brief_facts, [brief]) is known.of(brief_facts, [brief])


def test_another_page_loads_them_anew(world: World) -> None:
    brief = fresh(make_brief(world))
    before = PageFacts(by(world.alice), NOW).of(brief_facts, [brief])[brief.pk]
    Request.objects.filter(pk=brief.request_id).update(state=Request.State.IN_DELIVERY)

    assert before.request_state == Request.State.ACCEPTED
    assert (
        PageFacts(by(world.alice), NOW).of(brief_facts, [brief])[brief.pk].request_state
        == Request.State.IN_DELIVERY
    )


def test_steps_from_another_state_load_no_facts(
    world: World, django_assert_num_queries: Any
) -> None:
    row = Deliverable.objects.select_related("item__owner").get(pk=make_deliverables(world)[0].pk)
    known = PageFacts(by(world.alice), NOW)

    with django_assert_num_queries(0):
        offered = panel(row, known)

    assert offered.first is not None
    assert offered.first.step.verb == "start"


def test_steps_from_this_state_look_at_their_own_facts_alone(
    world: World, django_assert_num_queries: Any
) -> None:
    [page] = make_deliverables(world)
    row = hand_in(world, page)
    row = Deliverable.objects.select_related("item__owner").get(pk=row.pk)
    known = PageFacts(by(world.bob), NOW)

    # The open question, once for the two steps that would ask the next one, with who was asked and
    # who has answered. Nothing about who could be asked.
    with django_assert_num_queries(3):
        panel(row, known)


def test_a_timeline_looks_up_no_name_that_it_does_not_show(
    world: World, django_assert_num_queries: Any
) -> None:
    row = make_request(world.acme)
    requests.edit(
        [row.pk], by=by(world.alice), at=NOW, details=EditRequestDetails(details="Six pages")
    )
    row = Request.objects.select_related("item").get(pk=row.pk)

    with django_assert_num_queries(3):  # events and two tables of history
        entries = timeline_of(row)

    assert [change.after for entry in entries for change in entry.changes] == ["Six pages"]
    assert [str(entry.what) for entry in entries] == [
        "Alice edited the request",
        "Throughline created the request",
    ]
