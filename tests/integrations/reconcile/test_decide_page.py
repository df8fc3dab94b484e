"""The page on which a person decides about external objects."""

from __future__ import annotations

import pytest

from integrations.models import Discrepancy
from routing.models import ExceptionCase
from tests.desk import signed_in, url, words
from tests.integrations.reconcile.conftest import Away

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("without_second_factor"),
    pytest.mark.requirement("N5", "E19", "O17", "N11"),
]


@pytest.fixture
def twice(away: Away) -> Away:
    away.copied()
    return away


def test_i3_both_addresses_and_the_proposal_are_on_the_page_and_the_owner_decides(twice: Away):
    [case], browser = twice.cases, signed_in(twice.world.alice)
    page = words(browser.get(url(ExceptionCase, "change", case.pk)))
    step = url(ExceptionCase, "step", case.pk, "settle")
    form = words(browser.get(step))
    for post in twice.shown:
        assert post.link in page
        assert post.link in form
    assert "Proposal: keep the first and move the second to the trash." in page
    assert "Move the second to the trash (proposed)" in form
    [copy] = Discrepancy.objects.undecided()

    empty = browser.post(step, {"reason": "Two are too many."})
    done = browser.post(step, {"choice": f"{copy.pk}:trash", "reason": "Two are too many."})

    assert (empty.status_code, done.status_code) == (200, 302)
    copy.refresh_from_db()
    assert (copy.choice, copy.chosen_by) == ("trash", twice.world.alice)
    page = words(browser.get(url(ExceptionCase, "change", case.pk)))
    assert "The decision is being carried out." in page
    twice.go(seconds=10)
    assert len(twice.shown) == 1


def test_i3_who_may_not_resolve_it_may_not_decide(twice: Away):
    [case] = twice.cases
    step = url(ExceptionCase, "step", case.pk, "settle")
    [copy] = Discrepancy.objects.undecided()
    sent = {"choice": f"{copy.pk}:trash", "reason": "I can."}

    assert signed_in(twice.world.cora).post(step, sent).status_code == 403
    assert signed_in(twice.world.quin).post(step, sent).status_code == 409

    assert Discrepancy.objects.undecided().count() == 1


def test_a_choice_that_is_not_offered_is_refused(twice: Away):
    [case] = twice.cases
    step = url(ExceptionCase, "step", case.pk, "settle")
    [copy] = Discrepancy.objects.undecided()
    browser = signed_in(twice.world.alice)

    for choice in (f"{copy.pk}:ours", f"{copy.pk + 1}:trash", "x", "1:2:3"):
        assert browser.post(step, {"choice": choice, "reason": "Why not."}).status_code == 200

    assert Discrepancy.objects.undecided().count() == 1


def test_an_exception_without_anything_to_decide_offers_no_decision(twice: Away):
    [case] = twice.cases
    assert twice.decide("keep").done
    browser = signed_in(twice.world.alice)

    assert "Decide" not in words(browser.get(url(ExceptionCase, "change", case.pk)))
