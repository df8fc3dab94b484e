"""Proof of a run on its page in Chromium, and an immediate check."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from delivery.models import Request
from routing.models import Outcome, Run
from routing.people.actors import Actor
from routing.runs.operations.outcomes import decay, look_at, prove
from routing.runs.operations.outcomes import expect as expect_outcome
from tests.browser.conftest import SitDown
from tests.desk import url
from tests.routing.runs.stories import crm_of, make_flow, run_about
from tests.world import NOW, World

pytestmark = pytest.mark.browser


def decayed(agency: World) -> Outcome:
    make_flow(agency)
    with crm_of(agency):
        run_about("901")
    item = Request.objects.get().item
    expect_outcome([item], Outcome.Kind.LIVE, by=Actor.system(), at=NOW)
    pk = Outcome.objects.get().pk
    prove(pk, {"url": "https://acme.test/opening-day/"}, by=Actor.system(), at=NOW)
    evidence = {
        "url": "https://acme.test/opening-day/",
        "differences": ["The text is not there: We open on Monday."],
    }
    decay(pk, evidence, by=Actor.system(), at=NOW)
    look_at([item.pk], Outcome.Kind.LIVE, timezone.now() + timedelta(hours=1))
    return Outcome.objects.get()


def test_what_decayed_says_what_was_found_and_is_looked_at_now(
    agency: World, sit_down: SitDown
) -> None:
    outcome = decayed(agency)
    desk = sit_down(agency.alice)

    page = desk.open(url(Run, "change", outcome.run_id))
    expect(page.get_by_text("The text is not there: We open on Monday.").first).to_be_visible()
    desk.check("proof")
    page.get_by_role("button", name="Check now").click()

    expect(page.get_by_text("The check runs within seconds.")).to_be_visible()
    assert Outcome.objects.due(timezone.now()).exists()
