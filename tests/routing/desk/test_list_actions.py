"""Steps as actions of a list: Django's own, each with its permission and its words."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.core.checks import run_checks

from delivery.models import Request
from routing.desk.bulk import BulkSteps
from routing.desk.offers import steps_of
from routing.models import Notification, WorkItem
from tests.desk import signed_in, url
from tests.world import World, make_request

pytestmark = pytest.mark.usefixtures("without_second_factor")

DESKS = [desk for desk in admin.site._registry.values() if isinstance(desk, BulkSteps)]


def offered(user: Any, model: Any, query: str = "") -> dict[str, str]:
    """Name and words of each action that the list shows to this person."""
    page = signed_in(user).get(url(model, "changelist") + query)
    form = page.context.get("action_form")
    choices = form.fields["action"].choices if form else []
    return {name: str(words) for name, words in choices if name}


@pytest.mark.parametrize("desk", DESKS, ids=lambda desk: desk.model.__name__)
def test_each_step_is_an_action_with_a_permission_and_the_words_of_the_step(desk: Any) -> None:
    steps = steps_of(desk.model)
    found = {each.__name__: each for each in desk.actions}

    assert tuple(found) == desk.bulk_steps
    for verb, each in found.items():
        assert str(each.short_description) == f"{steps[verb].label}…"
        assert each.allowed_permissions == [f"{verb}_step"]


def test_django_finds_a_method_for_every_permission() -> None:
    assert [each for each in run_checks() if each.id in {"admin.E129", "admin.E130"}] == []


def test_a_list_offers_what_a_person_may_do(world: World) -> None:
    make_request(world.acme)

    assert list(offered(world.alice, Request, "?whose=all")) == [
        *("triage", "accept", "reject", "cancel", "hold", "resume", "hand_over")
    ]
    assert offered(world.audrey, Request, "?whose=all") == {}
    assert set(offered(world.olga, WorkItem, "?whose=all")) == {"hold", "resume", "hand_over"}


def test_reading_is_offered_to_whoever_sees_notifications(world: World) -> None:
    assert "mark_as_read" in admin.site.get_model_admin(Notification).get_actions(
        signed_in(world.alice).get(url(Notification, "changelist")).wsgi_request
    )
