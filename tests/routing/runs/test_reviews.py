"""The review of a flow: prepared, answered, settled, closed, and what it keeps back meanwhile."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied

from routing.flows.checklist import ChecklistOpen
from routing.flows.operations import copy, publish, roll_back
from routing.flows.review_questions import QUESTIONS
from routing.flows.reviewing import (
    NotAnswered,
    SettlementDetails,
    answer_question,
    close_review,
)
from routing.models import (
    Flow,
    FlowReview,
    FlowVersion,
    Notification,
    ReviewAnswer,
    ReviewSample,
    Rule,
    Run,
    RunStep,
    WorkItem,
)
from routing.people.actors import Actor
from routing.runs.operations.capture import capture
from routing.runs.operations.reviews import (
    NotDrawn,
    draw_by_hand,
    prepare_reviews,
    remind_of_reviews,
)
from routing.runs.questions.ask import ask
from routing.runs.questions.asked import AskedWork
from routing.work.display import exact
from routing.work.turns import decisions_of
from tests.desk import signed_in, url, words
from tests.journeys.test_lead_to_brief import signals
from tests.routing.runs.stories import crm_of, usual_flow, work
from tests.world import NOW, World, by

pytestmark = [
    pytest.mark.usefixtures("without_second_factor"),
    pytest.mark.requirement("V1", "V2", "V3", "A9"),
    pytest.mark.requirement("G3", "V4", "V5", "V6", "V7", "V8", "P2", "P13"),
]
WEEK = timedelta(days=7)


@pytest.fixture
def live(world: World) -> FlowVersion:
    return usual_flow(world)


def some_runs(world: World, completed: int, stalled: int, set_up: int) -> None:
    """Runs of the flow in these states, without the work that led there."""
    total = completed + stalled + set_up
    with crm_of(world):
        for number in range(total):
            capture(signals(str(9_000 + number)), by=Actor.system(), at=NOW)
        work()
    ids = list(Run.objects.order_by("pk").values_list("pk", flat=True))
    assert len(ids) == total
    Run.objects.filter(pk__in=ids[: completed + set_up]).update(state=Run.State.COMPLETE)
    Run.objects.filter(pk__in=ids[completed + set_up :]).update(state=Run.State.WAITING)
    by_hand = ids[completed : completed + set_up]
    RunStep.objects.filter(run__in=by_hand, name="act").update(state=RunStep.State.SKIPPED)


def answer_all(review: FlowReview, world: World, *, but: str = "") -> None:
    for each in QUESTIONS:
        if each.key != but:
            answer_question(review, each.key, yes=True, by=by(world.olga), at=NOW)


def widened(live: FlowVersion, world: World) -> FlowVersion:
    """A draft of Olga's that routes otherwise."""
    made = copy(live, by=by(world.olga), at=NOW, reason="More")
    for rule in Rule.objects.filter(version=made):
        Rule.objects.filter(pk=rule.pk).update(account_first=not rule.account_first)
    return made


def test_a_publication_is_reviewed_after_seven_days_once_with_a_stratified_sample(
    world: World, live: FlowVersion
) -> None:
    some_runs(world, completed=22, stalled=2, set_up=6)

    assert prepare_reviews(at=NOW + WEEK - timedelta(seconds=1)) == []
    [review] = prepare_reviews(at=NOW + WEEK)

    assert prepare_reviews(at=NOW + WEEK) == prepare_reviews(at=NOW + WEEK * 9) == []
    item = review.item
    assert (item.owner, item.backup) == (world.olga, world.bob)
    assert (review.version, review.cause) == (live, FlowReview.Cause.PUBLICATION)
    assert item.next_due_at == review.due_at == NOW + WEEK * 2
    sample = ReviewSample.objects.filter(review=review)
    strata = list(sample.values_list("stratum", flat=True))
    assert {each: strata.count(each) for each in strata} == {
        "completed": 20,
        "stalled": 2,
        "set_up": 5,
    }
    assert sample.values("item").distinct().count() == 27
    [told] = Notification.objects.filter(item=item)
    assert (told.recipient, told.words) == (world.olga, Notification.Words.REVIEW)
    asked = {each.key: each.answer for each in ask(AskedWork.items().get(pk=item.pk), NOW)}
    assert f"answered by {exact(review.due_at)}" in asked["due"]
    assert list(decisions_of(WorkItem.objects.all(), by(world.olga), NOW)) == [item]


def test_the_same_seed_has_the_same_sample_and_answers_fix_it(
    world: World, live: FlowVersion
) -> None:
    some_runs(world, completed=25, stalled=0, set_up=0)

    def refs(review: FlowReview) -> list[str]:
        rows = ReviewSample.objects.filter(review=review, seed=review.seed).order_by("place")
        return list(rows.values_list("item__ref", flat=True))

    first = refs(draw_by_hand(live.flow_id, by=by(world.olga), at=NOW, seed=7))
    other = refs(draw_by_hand(live.flow_id, by=by(world.olga), at=NOW, seed=8))
    review = draw_by_hand(live.flow_id, by=by(world.olga), at=NOW, seed=7)

    assert first == refs(review) != other
    assert len(first) == 20
    assert FlowReview.objects.count() == 1
    answer_all(review, world)
    with pytest.raises(NotDrawn) as refused:
        draw_by_hand(live.flow_id, by=by(world.olga), at=NOW, seed=8)
    assert refused.value.code == "answered"
    [done] = close_review([review.pk], by=by(world.olga), at=NOW)
    assert done.done
    assert refs(draw_by_hand(live.flow_id, by=by(world.bob), at=NOW, seed=7)) == first
    with pytest.raises(PermissionDenied):
        draw_by_hand(live.flow_id, by=by(world.alice), at=NOW)


def test_a_no_keeps_it_open_and_the_flow_as_it_is_until_it_is_settled(
    world: World, live: FlowVersion
) -> None:
    review = draw_by_hand(live.flow_id, by=by(world.olga), at=NOW)
    draft = widened(live, world)
    today = NOW.date()
    [early] = close_review([review.pk], by=by(world.olga), at=NOW)
    answer_all(review, world, but="rollback_valid")
    with pytest.raises(NotAnswered, match="reason"):
        answer_question(review, "rollback_valid", yes=False, by=by(world.olga), at=NOW)
    answer_question(
        review, "rollback_valid", yes=False, by=by(world.olga), at=NOW, reason="v0 is gone"
    )

    [unsettled] = close_review([review.pk], by=by(world.olga), at=NOW)
    with pytest.raises(ChecklistOpen) as kept:
        publish(draft, by=by(world.olga), at=NOW, reason="More")

    assert [each.code for each in early.refusals] == ["unanswered"]
    assert [each.code for each in unsettled.refusals] == ["unsettled"]
    assert "rolled back" in str(unsettled.refusals[0].evidence)
    assert [line.code for line in kept.value.lines] == ["review"]
    assert review.item.ref in str(kept.value)

    def settle(by_what: str, **values: object) -> ReviewAnswer:
        details = SettlementDetails(by_what, **values)  # type: ignore[arg-type]
        return answer_question(
            review,
            "rollback_valid",
            yes=False,
            by=by(world.olga),
            at=NOW,
            reason="v0 is gone",
            settlement=details,
        )

    for missing in ({}, {"owner_id": world.bob.pk}, {"owner_id": world.bob.pk, "until": today}):
        with pytest.raises(NotAnswered):
            settle("waiver", **missing)
    with pytest.raises(NotAnswered, match="no version 9"):
        settle("rule", number=9)
    assert settle("rule").version == draft
    waived = settle("waiver", owner_id=world.bob.pk, until=today + timedelta(days=30))
    [done] = close_review([review.pk], by=by(world.olga), at=NOW)

    assert done.done
    flow = Flow.objects.get(pk=live.flow_id)
    assert (flow.last_review, flow.next_review) == (today, waived.until)
    assert flow.history.latest().history_change_reason == f"Reviewed: {review.item.ref}"
    with pytest.raises(NotAnswered, match="closed"):
        answer_question(review, "rollback_valid", yes=True, by=by(world.olga), at=NOW)
    assert publish(draft, by=by(world.olga), at=NOW, reason="More").published_at == NOW
    assert ReviewAnswer.objects.filter(review=review, key="rollback_valid").count() == 3


def test_an_overdue_review_is_told_to_both_and_keeps_all_but_wording_back(
    world: World, live: FlowVersion
) -> None:
    Flow.objects.filter(pk=live.flow_id).update(next_review=date(2020, 1, 1))
    [review] = prepare_reviews(at=NOW - WEEK)
    assert review.cause == FlowReview.Cause.DATE
    assert prepare_reviews(at=NOW - WEEK) == []
    draft, wording = widened(live, world), copy(live, by=by(world.olga), at=NOW, reason="Words")
    FlowVersion.objects.filter(pk=wording.pk).update(title="Lead {deal.name}")

    assert remind_of_reviews(at=NOW - timedelta(seconds=1)) == 0
    assert remind_of_reviews(at=NOW) == 1
    assert remind_of_reviews(at=NOW) == 0

    late = Notification.objects.filter(item=review.item, words=Notification.Words.REVIEW_LATE)
    assert {each.recipient for each in late} == {world.olga, world.bob}
    with pytest.raises(ChecklistOpen, match="only wording"):
        publish(draft, by=by(world.olga), at=NOW, reason="More")
    publish(FlowVersion.objects.get(pk=wording.pk), by=by(world.olga), at=NOW, reason="Words")
    assert roll_back(live, by=by(world.olga), at=NOW, reason="Harm").published_at == NOW
    with pytest.raises(PermissionDenied):
        answer_question(review, "path_clearer", yes=True, by=by(world.alice), at=NOW)


def test_its_page_has_the_traces_the_measures_and_what_blocks_closing(
    world: World, live: FlowVersion
) -> None:
    some_runs(world, completed=2, stalled=0, set_up=0)
    review = draw_by_hand(live.flow_id, by=by(world.olga), at=NOW, seed=3)
    browser, page = signed_in(world.olga), url(FlowReview, "change", review.pk)

    shown = browser.get(page)

    for row in ReviewSample.objects.filter(review=review):
        run = Run.objects.get(item=row.item)
        assert url(Run, "change", run.pk) in shown.content.decode()
    said = words(shown)
    assert "Time to outcome, median" in said
    assert "The version names none to roll back to." in said
    assert "Answer every question first." in said
    sent = {f"{each.key}-answer": "yes" for each in QUESTIONS}
    no = sent | {"boundary_stable-answer": "no", "boundary_stable-settled_by": "waiver"}
    answers = url(FlowReview, "answers", review.pk)
    wrong = browser.post(
        answers, no | {"boundary_stable-reason": "It grew", "path_clearer-answer": "no"}
    )
    assert wrong.status_code == 422
    assert "Enter a reason for the “no”." in words(wrong)
    assert "Name an active person" in words(wrong)
    assert "It grew" in wrong.content.decode()
    assert not ReviewAnswer.objects.exists()
    settled = {
        "boundary_stable-reason": "It grew",
        "boundary_stable-owner": str(world.bob.pk),
        "boundary_stable-until": str(NOW.date() + timedelta(days=20)),
    }
    saved = words(browser.post(answers, no | settled, follow=True))
    assert "9 answers saved." in saved
    assert "No, settled" in saved
    assert "Bob, until" in saved
    browser.post(answers, no | settled)
    assert ReviewAnswer.objects.filter(review=review).count() == 9  # nothing had changed
    alice = signed_in(world.alice)
    assert "Save answers" not in words(alice.get(page))
    assert review.item.ref in words(alice.get(url(FlowReview, "changelist")))
    browser.post(url(FlowReview, "step", review.pk, "close"))
    assert FlowReview.objects.get(pk=review.pk).state == "closed"
    flow = words(browser.get(url(Flow, "change", live.flow_id)))
    assert f"{review.item.ref} Review of Lead to brief v1 Closed" in flow
    assert "“It grew”, A written waiver" in flow
    assert signed_in(world.cora).get(page).status_code == 403
