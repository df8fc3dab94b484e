"""Versions, their checks and judgments."""

from __future__ import annotations

import pytest

from delivery.approvals.operations import deliverables
from delivery.deliverables.details import SignOffDetails
from delivery.deliverables.operations import versions
from delivery.models import Answer, Check, CheckResult, Deliverable, Request
from routing.models import Event
from tests.delivery.making import (
    DRAFT,
    codes,
    done,
    fresh,
    hand_in,
    make_deliverables,
    question,
    say,
    with_the_client,
)
from tests.world import NOW, World, by

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("Q8")]
State = Deliverable.State


def test_who_starts_makes_it_and_the_request_is_in_delivery(world: World):
    [page] = make_deliverables(world)

    done(deliverables.start([page.pk], by=by(world.cora), at=NOW))

    assert (fresh(page).item.doer, fresh(page).request.state) == (
        world.cora,
        Request.State.IN_DELIVERY,
    )


def test_a_version_is_sanitised_numbered_and_never_changes(world: World):
    [page] = make_deliverables(world)
    done(deliverables.start([page.pk], by=by(world.cora), at=NOW))
    draft = versions.Draft(
        {**DRAFT.texts, "body_html": "<p onclick=x>Hi<script>alert(1)</script></p>"}
    )

    done(versions.upload([page.pk], by=by(world.cora), at=NOW, details=draft))
    done(versions.upload([page.pk], by=by(world.cora), at=NOW, details=DRAFT))

    first, second = page.versions.order_by("number")
    assert (first.number, first.body_html, second.number) == (1, "<p>Hi</p>", 2)
    assert fresh(page).version == second
    assert first.digest != second.digest


@pytest.mark.parametrize(
    "texts", [{}, {"title": "x" * 201, "body_html": "<p>a</p>"}, {"body_html": "x" * 300_000}]
)
def test_a_version_that_cannot_be_kept_is_refused_and_leaves_nothing(
    world: World, texts: dict[str, str]
):
    [page] = make_deliverables(world)
    done(deliverables.start([page.pk], by=by(world.cora), at=NOW))

    [result] = versions.upload([page.pk], by=by(world.cora), at=NOW, details=versions.Draft(texts))

    assert codes(result) == ["version"]
    assert str(result.refusals[0].evidence)
    assert page.versions.count() == 0


def test_a_version_is_not_uploaded_before_the_work_began(world: World):
    [page] = make_deliverables(world)

    [result] = versions.upload([page.pk], by=by(world.cora), at=NOW, details=DRAFT)

    assert codes(result) == ["state"]
    assert page.versions.count() == 0


@pytest.mark.requirement("Q4", "Q14")
def test_without_judgments_a_good_version_goes_straight_to_the_agencys_approval(world: World):
    [page] = make_deliverables(world)

    page = hand_in(world, page)

    assert page.state == State.IN_INTERNAL_REVIEW
    assert question(page).digest == page.versions.get().digest


@pytest.mark.requirement("Q5", "Q6", "Q7")
def test_a_failed_check_sends_the_work_back_and_says_what_failed(world: World):
    Check.objects.create(
        name="No coming soon", kind="forbidden_terms", params={"terms": ["coming soon"]}
    )
    [page] = make_deliverables(world)

    page = hand_in(world, page, versions.Draft({**DRAFT.texts, "body_html": "<p>Coming soon.</p>"}))

    assert page.state == State.REWORK
    assert "No coming soon" in page.history.latest("history_id").history_change_reason
    [result] = CheckResult.objects.filter(version=page.version)
    assert (result.passed, len(result.findings)) == (False, 1)


@pytest.mark.requirement("A1", "T11", "T20")
def test_every_handoff_is_an_event_with_who_when_from_and_to(world: World):
    Check.objects.create(
        name="No coming soon", kind="forbidden_terms", params={"terms": ["coming soon"]}
    )
    [page] = make_deliverables(world)
    page = hand_in(world, page, versions.Draft({**DRAFT.texts, "body_html": "<p>Coming soon.</p>"}))
    page = with_the_client(world, page)
    say(page, Answer.Word.APPROVE)

    told = Event.objects.filter(item__in=[page.item, page.brief.item]).order_by("id")

    assert {event.at for event in told} == {NOW}
    found = [
        (event.kind.removeprefix("delivery."), event.from_state, event.to_state, str(event.actor))
        for event in told
    ]
    assert [each for each in found if each[1] != each[2]] == [
        ("brief.create", "", "draft", "Throughline"),
        ("brief.submit", "draft", "in_review", "Alice"),
        ("brief.approve", "in_review", "approved", "Bob"),
        ("deliverable.create", "", "planned", "Bob"),
        ("deliverable.start", "planned", "in_production", "Cora"),
        ("deliverable.submit", "in_production", "in_qa", "Cora"),
        ("deliverable.return_for_rework", "in_qa", "rework", "Throughline"),
        ("deliverable.submit", "rework", "in_qa", "Cora"),
        ("deliverable.pass_qa", "in_qa", "in_internal_review", "Throughline"),
        ("deliverable.ask_client", "in_internal_review", "in_client_review", "Alice"),
        ("deliverable.approve", "in_client_review", "approved", "Carla"),
    ]


@pytest.mark.requirement("Q16")
def test_the_version_that_was_sent_back_cannot_be_handed_in_again(world: World):
    Check.objects.create(
        name="No coming soon", kind="forbidden_terms", params={"terms": ["coming soon"]}
    )
    [page] = make_deliverables(world)
    page = hand_in(world, page, versions.Draft({**DRAFT.texts, "body_html": "<p>Coming soon.</p>"}))

    [again] = deliverables.submit([page.pk], by=by(world.cora), at=NOW)
    page = hand_in(world, page)

    assert codes(again) == ["version"]
    assert page.state == State.IN_INTERNAL_REVIEW


@pytest.mark.requirement("Q4", "Q14")
def test_what_no_machine_can_judge_waits_for_a_reviewer_who_did_not_make_it(world: World):
    brand = Check.objects.create(name="Brand and tone", kind="judgment")
    [page] = make_deliverables(world)
    page = hand_in(world, page)
    assert page.state == State.IN_QA

    done(
        deliverables.sign_off(
            [page.pk],
            by=by(world.quin),
            at=NOW,
            details=SignOffDetails(check=brand.pk, passed=True),
        )
    )

    assert fresh(page).state == State.IN_INTERNAL_REVIEW
    assert CheckResult.objects.get(version=page.version, check_row=brand).by == world.quin


def test_a_judgment_that_fails_says_why_and_sends_the_work_back(world: World):
    brand = Check.objects.create(name="Brand and tone", kind="judgment")
    [page] = make_deliverables(world)
    page = hand_in(world, page)

    [silent] = deliverables.sign_off(
        [page.pk], by=by(world.quin), at=NOW, details=SignOffDetails(check=brand.pk, passed=False)
    )
    done(
        deliverables.sign_off(
            [page.pk],
            by=by(world.quin),
            at=NOW,
            details=SignOffDetails(check=brand.pk, passed=False, note="Too loud."),
        )
    )

    assert codes(silent) == ["sign_off"]
    assert fresh(page).state == State.REWORK
    assert CheckResult.objects.get(check_row=brand).findings[0]["message"] == "Too loud."
