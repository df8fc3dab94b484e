"""Changes of what belongs to a flow count at once, or wait for a second person by their class."""

from __future__ import annotations

from typing import Any

import pytest

from routing.flows.files.stored import content_of, keep_flow_file
from routing.flows.files.text import read_flow_file, written
from routing.flows.proposing import (
    NotProposed,
    approve_proposal,
    change_flow,
    open_proposal,
    refuse_proposal,
    seconds_of_proposal,
    seconds_of_proposals,
    withdraw_proposal,
)
from routing.kernel.roles import AM
from routing.models import Flow, FlowProposal, FlowVersion, Notification, User
from tests.desk import filled, signed_in, url, words
from tests.routing.runs.stories import make_flow
from tests.world import NOW, World, by, make_user

pytestmark = [
    pytest.mark.usefixtures("without_second_factor"),
    pytest.mark.requirement("G2", "G9", "L10", "O19", "Q17"),
]


@pytest.fixture
def flow(world: World) -> Flow:
    return make_flow(world).flow


def changed(flow: Flow, who: User, **values: object) -> FlowProposal | None:
    found = change_flow(flow.pk, values, by=by(who), at=NOW, reason="New reach")
    flow.refresh_from_db()
    return found.proposal


def test_what_reaches_others_waits_and_the_rest_counts_at_once(world: World, flow: Flow) -> None:
    proposal = changed(flow, world.olga, touches=["billing"], metric="Days", owner_id=flow.owner_id)

    assert proposal is not None
    assert (flow.touches, flow.metric, proposal.proposed) == ([], "Days", {"touches": ["billing"]})
    assert (proposal.item.owner_id, proposal.asked_by) == (world.bob.pk, world.olga)
    told = Notification.objects.get(item=proposal.item, recipient=world.bob)
    assert told.words == "approval"

    [done] = approve_proposal([proposal.pk], by=by(world.bob), at=NOW, reason="Right")

    assert done.done
    flow.refresh_from_db()
    assert flow.touches == ["billing"]
    last = flow.history.latest()
    assert (last.history_user, last.history_change_reason) == (
        world.bob,
        "Proposed by Olga: Right",
    )
    assert Notification.objects.filter(recipient=world.olga, words="approved").exists()


def test_people_wait_only_where_the_flow_reaches_others(world: World, flow: Flow) -> None:
    assert changed(flow, world.olga, outcome_owner_id=world.alice.pk) is None
    assert flow.outcome_owner == world.alice
    Flow.objects.filter(pk=flow.pk).update(touches=["privacy"])

    proposal = changed(flow, world.olga, owner_id=world.alice.pk, purpose="Other words")

    assert proposal is not None
    assert (flow.owner, flow.purpose) == (world.olga, "Other words")
    assert proposal.proposed == {"owner_id": world.alice.pk}


def test_nothing_waits_for_a_flow_that_was_never_published(world: World, flow: Flow) -> None:
    new = Flow.objects.create(slug="new", name="New", owner=world.olga, backup=world.bob)

    assert changed(new, world.olga, touches=["billing"], may_change=["Deals"]) is None
    assert (new.touches, new.may_change) == (["billing"], ["Deals"])


def test_nobody_agrees_to_their_own_and_not_to_what_is_no_longer_so(
    world: World, flow: Flow
) -> None:
    proposal = changed(flow, world.olga, may_change=["Deals"])
    assert proposal is not None

    [own] = approve_proposal([proposal.pk], by=by(world.olga), at=NOW, reason="Mine")
    [stranger] = approve_proposal([proposal.pk], by=by(world.alice), at=NOW, reason="Hers")
    Flow.objects.filter(pk=flow.pk).update(may_change=["Companies"])
    [late] = approve_proposal([proposal.pk], by=by(world.bob), at=NOW, reason="Late")

    assert [each.refusals[0].code for each in (own, stranger)] == ["second_person"] * 2
    assert own.refusals[0].clears_by == "Bob"
    assert late.refusals[0].code == "unchanged"
    flow.refresh_from_db()
    assert flow.may_change == ["Companies"]
    [gone] = withdraw_proposal([proposal.pk], by=by(world.olga), at=NOW, reason="Again")
    assert gone.done


def test_somebody_who_left_is_not_made_owner(world: World, flow: Flow) -> None:
    Flow.objects.filter(pk=flow.pk).update(touches=["privacy"])
    dan = make_user("Dan", AM)
    proposal = changed(flow, world.olga, owner_id=dan.pk)
    assert proposal is not None
    User.objects.filter(pk=dan.pk).update(is_active=False)

    [left] = approve_proposal([proposal.pk], by=by(world.bob), at=NOW, reason="Fine")
    [refused] = refuse_proposal([proposal.pk], by=by(world.bob), at=NOW, reason="Dan left")

    assert left.refusals[0].code == "people"
    assert refused.done
    assert Notification.objects.filter(recipient=world.olga, words="rejected").exists()


def test_one_proposal_at_a_time_and_none_that_nobody_can_agree_to(world: World, flow: Flow) -> None:
    first, metric = changed(flow, world.olga, may_change=["Deals"]), flow.metric

    assert changed(flow, world.olga, may_change=["Deals"]) == first
    with pytest.raises(NotProposed, match="proposes another change"):
        changed(flow, world.olga, touches=["billing"], metric="Days")
    flow.refresh_from_db()
    assert flow.metric == metric
    assert first is not None
    withdraw_proposal([first.pk], by=by(world.olga), at=NOW, reason="Other")
    User.objects.filter(pk=world.bob.pk).update(is_active=False)
    with pytest.raises(NotProposed, match="nobody but you"):
        changed(flow, world.olga, touches=["billing"])
    assert open_proposal(flow) is None


def test_the_file_of_a_flow_goes_the_same_way(world: World, flow: Flow) -> None:
    live = FlowVersion.objects.get(flow=flow)
    text = written(content_of(live))
    text = text.replace("name: Lead", "name: New lead") + "touches:\n- billing\n"

    draft = keep_flow_file(
        read_flow_file(text.encode()), by=by(world.olga), at=NOW, reason="From a file"
    )

    flow.refresh_from_db()
    assert (flow.name, flow.touches) == ("New lead to brief", [])
    assert draft is not None
    waiting = open_proposal(flow)
    assert waiting is not None
    assert waiting.proposed == {"touches": ["billing"]}


def test_the_page_says_what_waits_and_for_whom_and_the_second_person_agrees(
    world: World, flow: Flow
) -> None:
    browser, page = signed_in(world.olga), url(Flow, "change", flow.pk)
    sent = filled(browser.get(page)) | {"touches": ["billing"], "may_change": "Deals"}

    said = words(browser.post(page, sent, follow=True))
    again = words(browser.post(page, {**sent, "touches": ["privacy"]}))

    assert "Touches, may change: waits for one of these people to agree: Bob" in said
    assert "Waits for a second person" in said
    assert "Olga proposed this" in said
    assert "proposes another change of" in again
    proposal = FlowProposal.objects.get()
    second = signed_in(world.bob)
    shown = words(second.get(url(FlowProposal, "change", proposal.pk)))
    assert "Billing" in shown
    assert "Approve the change" in shown
    assert "Billing" in words(browser.get(url(Flow, "change", flow.pk)))
    assert proposal.item.ref in words(second.get(url(FlowProposal, "changelist")))


def test_who_can_agree_to_many_proposals_is_asked_as_often_as_for_one(
    world: World, flow: Flow, django_assert_num_queries: Any
) -> None:
    first = changed(flow, world.olga, touches=["billing"])
    assert first is not None
    other = Flow.objects.create(slug="other", name="Other", owner=world.alice, backup=world.olga)
    # Proposed by somebody else, for a flow with other people.
    second = FlowProposal(pk=first.pk + 1, flow=other, asked_by_id=world.alice.pk)

    with django_assert_num_queries(2):
        alone = seconds_of_proposals([first])
    with django_assert_num_queries(2):
        both = seconds_of_proposals([first, second])

    assert both[first.pk] == alone[first.pk] == seconds_of_proposal(first)
    assert world.olga not in both[first.pk]
    assert both[second.pk] == [world.olga]
    assert seconds_of_proposals([]) == {}
