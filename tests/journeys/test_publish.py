"""
An approved page goes out, is proven and is replaced: on a site that the product itself serves.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from delivery.approvals.operations import deliverables
from delivery.deliverables.operations.versions import Draft
from delivery.models import Deliverable, Request
from delivery.requests.operations import requests
from integrations.models import Connection, ExternalLink, Outbound
from integrations.outbox.operations.replay import discard, replay
from routing.kernel.reasons import Reason
from routing.models import Destination, ExceptionCase, Outcome
from tests.delivery.making import done, fresh, make_deliverables
from tests.journeys.page import PAGE, approve, go, outcome, planned
from tests.journeys.turned import Time
from tests.world import World, by

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.requirement("M1", "M17", "N6", "R5"),
]
State = Deliverable.State


@pytest.mark.requirement("A4", "T3")
def test_an_approved_page_is_published_read_back_seen_and_proven(
    committed_world: World, place: Destination, time: Time
):
    [page] = make_deliverables(committed_world, planned=planned(place))

    page = approve(committed_world, page)
    before = (page.state, outcome(page).state)
    go(time)

    page = fresh(page)
    assert before == (State.PUBLISHING, Outcome.State.EXPECTED)
    assert (page.state, outcome(page).state, page.request.state) == (
        State.LIVE,
        Outcome.State.PROVEN,
        Request.State.CLOSED,
    )
    assert page.live_url.endswith("/site/blog/news/opening-day/")
    assert outcome(page).evidence["status"] == 200
    assert ExternalLink.objects.get(item=page.item).url == page.live_url


def test_doing_everything_twice_changes_nothing_more(
    committed_world: World, place: Destination, time: Time
):
    [page] = make_deliverables(committed_world, planned=planned(place))
    page = approve(committed_world, page)
    go(time)
    seen = (fresh(page).history.count(), Outbound.objects.count(), outcome(page).history.count())

    go(time)

    assert (
        fresh(page).history.count(),
        Outbound.objects.count(),
        outcome(page).history.count(),
    ) == seen


def test_where_no_connection_fits_publishing_fails_at_once_and_says_what_to_do(
    committed_world: World, place: Destination, time: Time
):
    Connection.objects.update(is_active=False)
    [page] = make_deliverables(committed_world, planned=planned(place))

    page = approve(committed_world, page)
    case = ExceptionCase.objects.get(item__parent=page.item)
    Connection.objects.update(is_active=True)
    done(deliverables.publish([page.pk], by=by(committed_world.alice), at=time()))
    go(time)

    assert (page.state, case.reason) == (State.PUBLISH_FAILED, Reason.FAILED_DELIVERY)
    assert fresh(page).state == State.LIVE


def test_a_refused_page_is_an_exception_and_goes_out_when_it_is_let_go_anew(
    committed_world: World, place: Destination, site: Connection, time: Time, tmp_path: Path
):
    taken = tmp_path / "blog" / "news" / "opening-day" / "index.html"
    taken.parent.mkdir(parents=True)
    taken.write_text("<p>Somebody else's</p>")
    [page] = make_deliverables(committed_world, planned=planned(place))
    page = approve(committed_world, page)
    go(time)
    dead = Outbound.objects.get(item=page.item)
    failed = fresh(page).state

    taken.unlink()
    done(
        replay(
            [dead.pk], by=by(committed_world.ivan), at=time(), reason="The page in the way is gone."
        )
    )
    again = fresh(page).state
    go(time)

    assert (dead.state, failed, again, fresh(page).state) == (
        "dead",
        State.PUBLISH_FAILED,
        State.PUBLISHING,
        State.LIVE,
    )
    assert not ExceptionCase.objects.filter(
        item__parent=page.item, state__in=ExceptionCase.open_states
    ).exists()


def test_what_was_given_up_can_be_published_again(
    committed_world: World, place: Destination, time: Time
):
    [page] = make_deliverables(committed_world, planned=planned(place))
    page = approve(committed_world, page)
    done(
        discard(
            [Outbound.objects.get(verb="publish").pk],
            by=by(committed_world.ivan),
            at=time(),
            reason="Not today.",
        )
    )
    given_up = fresh(page).state

    done(deliverables.publish([page.pk], by=by(committed_world.alice), at=time()))
    go(time)

    assert (given_up, fresh(page).state, Outbound.objects.filter(verb="publish").count()) == (
        State.PUBLISH_FAILED,
        State.LIVE,
        2,
    )


def test_a_change_of_what_is_live_takes_its_place_at_the_same_address(
    committed_world: World, place: Destination, time: Time
):
    [old] = make_deliverables(committed_world, planned=planned(place))
    old = approve(committed_world, old)
    go(time)
    [new] = make_deliverables(committed_world, planned=planned(place, replaces=old))
    new = approve(
        committed_world,
        new,
        Draft({**PAGE.texts, "body_html": "<h2>Welcome</h2><p>We open on Tuesday.</p>"}),
    )
    meanwhile = fresh(old).state

    go(time)

    assert (meanwhile, fresh(old).state, fresh(new).state) == (
        State.LIVE,
        State.ARCHIVED,
        State.LIVE,
    )
    assert (outcome(old).state, outcome(new).state) == (
        Outcome.State.SUPERSEDED,
        Outcome.State.PROVEN,
    )
    assert fresh(old).live_url == fresh(new).live_url
    assert ExternalLink.objects.get(url=fresh(new).live_url).item == new.item


def test_a_page_on_its_way_is_called_off_with_its_request(
    committed_world: World, place: Destination, time: Time
):
    [page] = make_deliverables(committed_world, planned=planned(place))
    page = approve(committed_world, page)

    done(
        requests.cancel(
            [page.request_id], by=by(committed_world.alice), at=time(), reason="Called off."
        )
    )
    go(time)

    assert (fresh(page).state, Outbound.objects.get(item=page.item).state) == (
        State.CANCELLED,
        Outbound.State.DISCARDED,
    )


def test_what_failed_and_is_called_off_is_not_let_go_anew(
    committed_world: World, place: Destination, site: Connection, time: Time, tmp_path: Path
):
    in_the_way(tmp_path)
    [page] = make_deliverables(committed_world, planned=planned(place))
    page = approve(committed_world, page)
    go(time)

    done(
        deliverables.cancel(
            [page.pk], by=by(committed_world.alice), at=time(), reason="Not needed."
        )
    )
    [again] = replay(
        [Outbound.objects.get(item=page.item).pk],
        by=by(committed_world.ivan),
        at=time(),
        reason="Try.",
    )

    assert (fresh(page).state, again.done) == (State.CANCELLED, False)
    assert not ExceptionCase.objects.filter(
        item__parent=page.item, state__in=ExceptionCase.open_states
    ).exists()


def test_what_the_other_side_refuses_can_be_made_anew(
    committed_world: World, place: Destination, time: Time, tmp_path: Path
):
    in_the_way(tmp_path)
    [page] = make_deliverables(committed_world, planned=planned(place))
    page = approve(committed_world, page)
    go(time)

    done(
        deliverables.reopen(
            [page.pk], by=by(committed_world.alice), at=time(), reason="The address is taken."
        )
    )
    page = approve(committed_world, fresh(page), Draft({**PAGE.texts, "slug": "we-open"}))
    go(time)

    assert (fresh(page).state, fresh(page).live_url.endswith("/news/we-open/")) == (
        State.LIVE,
        True,
    )


def test_what_failed_goes_where_its_destination_points_now(
    committed_world: World, place: Destination, time: Time, tmp_path: Path
):
    in_the_way(tmp_path)
    [page] = make_deliverables(committed_world, planned=planned(place))
    page = approve(committed_world, page)
    go(time)

    Destination.objects.update(path="press")
    done(deliverables.publish([page.pk], by=by(committed_world.alice), at=time()))
    go(time)

    assert (fresh(page).state, fresh(page).live_url.endswith("/press/opening-day/")) == (
        State.LIVE,
        True,
    )


def in_the_way(tmp_path: Path) -> None:
    taken = tmp_path / "blog" / "news" / "opening-day" / "index.html"
    taken.parent.mkdir(parents=True)
    taken.write_text("<p>Somebody else's</p>")
