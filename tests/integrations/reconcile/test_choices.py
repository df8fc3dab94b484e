"""I4, F11: a page that somebody trashed, deleted, edited or scheduled, and what can be done."""

from __future__ import annotations

from datetime import timedelta

import pytest

from delivery.models import Deliverable
from integrations.base.adapter import Written
from integrations.models import Discrepancy, Outbound
from integrations.proof.look import probe
from integrations.reconcile import settle
from routing.models import ExceptionCase
from routing.runs.operations.exceptions import dismiss, resolve
from tests.delivery.making import fresh
from tests.integrations.reconcile.conftest import Away
from tests.world import by

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("E19", "N5", "R13", "F5", "E16")]
State = Deliverable.State


def offered(away: Away) -> set[str]:
    [case] = away.cases
    [(_row, words)] = settle.offered([case])[case.pk]
    return set(words)


def is_proven(away: Away) -> bool:
    sent = Outbound.objects.filter(verb="publish", state="delivered").order_by("-pk").first()
    assert sent is not None
    written = Written(sent.remote_id, sent.url, sent.evidence)
    return probe(away.connection, sent.content, written).holds


def only(away: Away) -> str:
    """The text of the only post that is not in the trash."""
    [post] = away.shown
    assert post.status == "publish"
    return post.content


def test_i4_a_page_in_the_trash_can_be_put_back(away: Away):
    away.live()
    [post] = away.shown
    away.trash(post)

    away.look()
    assert offered(away) == {"ours", "anew", "theirs"}
    assert away.decide("ours").done
    away.go(seconds=10)

    post = away.seen(post.id)
    assert (post.status, post.slug, away.cases) == ("publish", away.slug, [])
    assert is_proven(away)


def test_i4_a_page_in_the_trash_can_be_made_anew(away: Away):
    page = away.live()
    [old] = away.shown
    away.trash(old)
    away.look()

    assert away.decide("anew").done
    away.go(seconds=10)
    away.look()

    [new] = away.shown
    assert (new.id == old.id, new.slug) == (False, away.slug)
    assert away.seen(old.id).status == "trash"
    assert (away.cases, is_proven(away), fresh(page).state) == ([], True, State.LIVE)


def test_i4_an_end_that_is_right_can_be_accepted(away: Away):
    page = away.live()
    [post] = away.shown
    away.trash(post)
    away.look()

    assert away.decide("theirs").done
    away.look()

    assert (fresh(page).state, away.shown) == (State.ARCHIVED, [])
    assert not Discrepancy.objects.open().exists()


@pytest.mark.parametrize("status", ["draft", "pending", "private"])
def test_i4_a_page_that_was_taken_offline_can_be_published_again(away: Away, status: str):
    away.live()
    [post] = away.shown
    away.edit(post, status=status)
    away.look()
    assert offered(away) == {"ours", "theirs"}

    assert away.decide("ours").done
    away.go(seconds=10)

    assert (away.seen(post.id).status, away.cases, is_proven(away)) == ("publish", [], True)


def test_i4_a_page_that_was_deleted_can_only_be_made_anew_or_let_go(away: Away):
    page = away.live()
    [old] = away.shown
    away.trash(old, force=True)
    away.look()
    assert offered(away) == {"anew", "theirs"}
    assert not away.decide("ours").done

    assert away.decide("anew").done
    away.go(seconds=10)

    [new] = away.shown
    assert (new.status, new.id == old.id, away.cases) == ("publish", False, [])
    assert fresh(page).state == State.LIVE
    away.look()
    assert away.cases == []


def test_i4_a_page_that_was_edited_can_be_put_back(away: Away):
    away.live()
    [post] = away.shown
    away.edit(post, content=post.content.replace("Monday", "Friday"))
    away.look()
    assert offered(away) == {"ours", "theirs"}
    assert "title, text or excerpt" in away.cases[0].evidence["message"]

    assert away.decide("ours").done
    away.go(seconds=10)
    away.look()

    assert "Monday" in only(away)
    assert (away.cases, is_proven(away)) == ([], True)


def test_i4_theirs_becomes_a_new_version_and_stays_as_it_is(away: Away):
    page = away.live()
    [post] = away.shown
    theirs = post.content.replace("Monday", "Friday").replace("<h2>", '<h2 class="wide">')
    away.edit(post, content=theirs)
    away.look()

    assert away.decide("theirs").done
    away.go(seconds=10)
    away.look()

    page = Deliverable.objects.select_related("version").get(pk=page.pk)
    assert page.version is not None
    assert (page.state, page.version.number) == (State.LIVE, 2)
    assert "We open on Friday." in page.version.body_html
    assert only(away) == theirs
    assert (away.cases, is_proven(away)) == ([], True)


def test_i4_what_is_edited_again_after_the_decision_is_not_written_over(away: Away):
    away.live()
    [post] = away.shown
    away.edit(post, content=post.content.replace("Monday", "Friday"))
    away.look()
    assert away.decide("ours").done
    away.edit(post, content=post.content.replace("Monday", "Sunday"))

    away.go(seconds=10)
    away.go(seconds=10)

    assert "Sunday" in only(away)
    [row] = Discrepancy.objects.undecided()
    assert "Sunday" in row.texts["body_html"]
    assert away.decide("ours").done
    away.go(seconds=10)
    assert ("Monday" in only(away), away.cases) == (True, [])


def test_i4_what_was_set_right_by_hand_is_seen_and_asked_no_more(away: Away):
    away.live()
    [post] = away.shown
    away.edit(post, content="<p>Oops</p>")
    away.look()
    [case] = away.cases
    [refused] = dismiss([case.pk], by=by(away.world.alice), at=away.time(), reason="Not now.")
    assert not refused.done

    [done] = resolve([case.pk], by=by(away.world.alice), at=away.time(), reason="Once more.")
    away.go(seconds=10)
    assert done.done
    assert len(away.cases) == 1  # it was not set right
    away.edit(post, content=post.content)
    away.look()

    assert away.cases == []


def test_i4_a_change_that_meets_an_edit_can_take_it_or_go_over_it(away: Away):
    """Publishing itself met the edit: the failed message and the choice are one exception."""
    page = away.live()
    [post] = away.shown
    away.edit(post, content=post.content.replace("Monday", "Friday"))
    change = away.change_of(page)
    away.go(seconds=10)
    away.go(seconds=10)
    assert fresh(change).state == State.PUBLISH_FAILED

    [case] = away.cases
    assert case.item.parent_id == change.item_id
    assert away.decide("ours").done
    away.go(seconds=10)

    assert "Tuesday" in only(away)
    assert (fresh(change).state, fresh(page).state) == (State.LIVE, State.ARCHIVED)
    assert away.cases == []


def test_i4_a_change_that_meets_an_edit_can_begin_from_it(away: Away):
    page = away.live()
    [post] = away.shown
    away.edit(post, content=post.content.replace("Monday", "Friday"))
    change = away.change_of(page)
    away.go(seconds=10)
    away.go(seconds=10)

    assert away.decide("theirs").done

    change = Deliverable.objects.select_related("version").get(pk=change.pk)
    assert change.version is not None
    assert (change.state, away.cases) == (State.REWORK, [])
    assert "Friday" in change.version.body_html
    away.approve(change, body_html="<h2>Welcome</h2><p>We open on Friday, at last.</p>")
    away.go(seconds=10)
    assert "at last" in only(away)
    assert fresh(change).state == State.LIVE


def test_i4_a_change_of_a_page_that_is_gone_can_be_made_anew(away: Away):
    page = away.live()
    [post] = away.shown
    away.trash(post, force=True)
    change = away.change_of(page)
    away.go(seconds=10)
    away.go(seconds=10)

    assert away.decide("anew").done
    away.go(seconds=10)

    assert "Tuesday" in only(away)
    assert (fresh(change).state, away.cases) == (State.LIVE, [])


def test_f11_a_draft_that_somebody_scheduled_is_a_stated_conflict_at_once(away: Away):
    away.proxy.late = 1
    page = away.approved()
    away.go()
    away.proxy.land()
    [post] = away.shown
    ahead = away.time() + timedelta(days=300)  # also for a site with the clock of today
    away.edit(post, status="future", date_gmt=f"{ahead:%Y-%m-%dT%H:%M:%S}")

    away.go(seconds=60)
    away.go(seconds=60)

    sent = Outbound.objects.get(verb="publish")
    assert sent.tries.filter(outcome="conflict").count() == 1
    assert f"scheduled there for {ahead:%Y-%m-%d %H:%M} UTC" in sent.last_error
    assert offered(away) == {"ours", "theirs"}

    assert away.decide("ours").done
    away.go(seconds=10)

    assert away.seen(post.id).status == "publish"
    assert (fresh(page).state, away.cases) == (State.LIVE, [])


def test_f11_what_is_left_scheduled_is_confirmed_after_that(away: Away):
    away.proxy.late = 1
    page = away.approved()
    away.go()
    away.proxy.land()
    [post] = away.shown
    ahead = away.time() + timedelta(days=300)  # also for a site with the clock of today
    away.edit(post, status="future", date_gmt=f"{ahead:%Y-%m-%dT%H:%M:%S}")
    away.go(seconds=60)
    away.go(seconds=60)

    assert away.decide("theirs").done
    away.go(hours=1)
    assert away.seen(post.id).status == "future"
    assert (fresh(page).state, away.cases) == (State.PUBLISHING, [])
    past = away.time() - timedelta(days=1)
    away.edit(post, status="publish", date_gmt=f"{past:%Y-%m-%dT%H:%M:%S}")
    away.go(days=301)

    assert away.seen(post.id).status == "publish"
    assert fresh(page).state == State.LIVE
    assert not ExceptionCase.objects.filter(state__in=ExceptionCase.open_states).exists()
