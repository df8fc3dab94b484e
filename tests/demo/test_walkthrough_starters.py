"""A starter from its sample signal to the proven outcome, as `walkthrough --flow` plays it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from delivery.flows import defaults
from delivery.portal.submissions import forms
from demo.walkthrough import people, starters
from demo.walkthrough.transcript import StepFailed, Transcript
from demo.walkthrough.walk import Walk
from routing.models import Outcome, Run
from routing.runs.operations.advance import advance
from tests.world import NOW, World

pytestmark = pytest.mark.django_db
Found = TypeVar("Found")


class Driven(Transcript):
    """Does the work of the worker before it looks, so that it never waits."""

    def wait(
        self, words: str, question: Callable[[], Found | None], within_s: float, hint: str
    ) -> Found:
        advance(clock=timezone.now)
        return super().wait(words, question, 0, hint)


@pytest.fixture
def walk(world: World) -> Walk:
    defaults.ensure(at=NOW)
    nowhere = cast("Any", None)  # a form of the portal needs no system outside
    players = people.cast(NOW)
    return Walk(Driven(lambda line: None), players, nowhere, nowhere, owns_site=False)


def test_a_creative_request_goes_from_its_form_to_the_receipt_of_the_file(walk: Walk) -> None:
    before = [form.flow.slug for form in forms()]

    starters.play_starter(walk, "creative-request")

    run = Run.objects.get(flow__slug="walkthrough-creative-request")
    assert run.state == Run.State.COMPLETE
    assert Outcome.objects.get(run=run).state == Outcome.State.PROVEN
    assert [form.flow.slug for form in forms()] == before  # it shows no form to anybody


def test_a_name_that_no_starter_has_is_answered_with_those_that_there_are(walk: Walk) -> None:
    with pytest.raises(StepFailed, match=r"no starter “nothing”\. Starters are: .*retainer-month"):
        starters.play_starter(walk, "nothing")


def test_a_starter_is_played_with_simulated_systems_alone() -> None:
    with pytest.raises(CommandError, match="Leave --crm and --cms out"):
        call_command("walkthrough", "--flow", "client-change", "--crm", "hubspot-main")
