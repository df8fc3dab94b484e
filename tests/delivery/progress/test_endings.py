"""Ends of deliverables and their effect on the request."""

from __future__ import annotations

import pytest

from delivery.approvals.operations import deliverables
from delivery.models import Answer, Approval, Deliverable, Request
from delivery.requests.operations import requests
from tests.delivery.making import (
    done,
    fresh,
    make_deliverables,
    make_destination,
    question,
    receive,
    say,
    with_the_client,
)
from tests.world import NOW, World, by

pytestmark = pytest.mark.django_db
State = Deliverable.State


def test_files_are_handed_over_and_the_request_is_closed(world: World):
    [film] = make_deliverables(world, planned=[{"key": "a", "title": "Film", "format": "file"}])
    film = with_the_client(world, film)
    say(film, Answer.Word.APPROVE)

    done(deliverables.hand_out([film.pk], by=by(world.alice), at=NOW))
    receive(film)

    assert (fresh(film).state, fresh(film).request.state) == (
        State.HANDED_OVER,
        Request.State.CLOSED,
    )


def test_what_goes_somewhere_is_published_once_approved(world: World):
    place = make_destination(world)
    [page] = make_deliverables(
        world, planned=[{"key": "a", "title": "Page", "format": "page", "destination": place.pk}]
    )
    page = with_the_client(world, page)

    say(page, Answer.Word.APPROVE)

    assert fresh(page).state == State.PUBLISH_FAILED  # nothing is connected here, and that is said


def test_a_cancelled_request_takes_its_deliverables_and_questions_with_it(world: World):
    [page] = make_deliverables(world)
    page = with_the_client(world, page)
    asked = question(page)

    done(requests.cancel([page.request_id], by=by(world.alice), at=NOW, reason="Called off."))

    assert (fresh(page).state, fresh(asked).state) == (State.CANCELLED, Approval.State.WITHDRAWN)
