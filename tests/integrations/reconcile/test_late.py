"""I3: nothing is there twice, even late, or one exception names both and a person decides."""

from __future__ import annotations

from secrets import randbelow

import pytest

from delivery.deliverables.operations.versions import DraftFile
from integrations.models import Discrepancy, Outbound
from integrations.reconcile.sweep import compare_soon
from routing.models import ExceptionCase
from tests.delivery.making import fresh
from tests.files import make_file, png
from tests.integrations.reconcile.conftest import Away

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.requirement("N1", "N5", "Q9", "R13", "F5", "O17", "N11", "I7", "N8"),
]


def names_both(away: Away) -> ExceptionCase:
    """The only exception, which names every post that readers or editors see."""
    [case] = away.cases
    for post in away.shown:
        assert post.link in case.evidence["message"]
    return case


@pytest.mark.parametrize("after_s", [10, 60, 600])
def test_i3_a_commit_that_comes_late_leaves_one_object_or_one_exception_that_names_both(
    away: Away, after_s: int
):
    away.proxy.late = 1
    away.approved()
    before_s = 0
    for at_s in (0, 10, 40, 60, 90, 120, 240, 600, 660, 1300):
        away.go(seconds=at_s - before_s)
        before_s = at_s
        if at_s == after_s:
            assert away.proxy.land() == 1

    if len(away.shown) == 1:
        assert (after_s, away.cases) == (10, [])
        return
    case = names_both(away)
    assert len(away.shown) == 2
    assert case.item.owner_id

    assert away.decide("trash").done
    away.go(seconds=10)

    [kept] = away.shown
    assert str(kept.id) == Outbound.objects.get(verb="publish").remote_id
    assert len(away.posts("any,trash")) == 2  # it can be restored from there
    assert away.cases == []


def test_i3_what_lands_after_every_search_is_found_by_the_daily_comparison(away: Away):
    away.proxy.late = 1
    away.approved()
    for _ in range(20):
        away.go(minutes=10)

    away.proxy.land()
    away.look()

    names_both(away)


def test_i3_a_proxy_that_repeats_every_request_is_found_out(away: Away):
    away.proxy.twice = True
    page = away.approved()
    away.go()
    # Nothing is public yet: the other one has the slug, too, and the page would get another one.
    assert [post.status for post in away.shown] == ["draft", "draft"]

    names_both(away)
    away.go(minutes=3)
    away.look()

    names_both(away)  # and is one exception, however often it is seen
    assert away.decide("trash").done
    away.go(seconds=10)
    away.go(seconds=10)
    [post] = away.shown
    assert (post.status, post.slug) == ("publish", away.slug)
    assert (fresh(page).state, away.cases) == ("live", [])


def test_i3_a_file_that_a_proxy_uploaded_twice_is_found_with_its_page(away: Away):
    raw = png(colour=(randbelow(256), randbelow(256), randbelow(256)))
    picture = make_file(away.world.cora, away.world.acme, content=raw, name="team.png")
    away.parts = [DraftFile(picture.pk, "content", "The team")]
    away.proxy.twice_files = True
    away.live(body_html='<h2>Welcome</h2><img src="asset:team.png" alt="The team">')
    assert (len(away.shown), len(away.files())) == (1, 2)

    away.go(minutes=3)

    [case] = away.cases
    first, second = sorted(away.files())
    assert f"media/{first}" in case.evidence["message"]
    assert f"media/{second}" in case.evidence["message"]
    away.look()  # which does not look for files, and ends nothing
    assert away.decide("trash").done
    away.go(seconds=10)
    assert (len(away.shown), away.files(), away.cases) == (1, [first], [])


def test_i3_a_copy_goes_to_the_trash_only_on_a_persons_word(away: Away):
    away.copied()

    for _ in range(5):
        away.look()

    assert len(away.shown) == 2
    assert away.decide("keep").done
    away.look()
    assert (len(away.shown), away.cases) == (2, [])  # nor is it asked again


def test_i3_a_copy_that_somebody_changed_after_the_decision_is_left_alone(away: Away):
    away.copied()
    [copy] = Discrepancy.objects.open()
    assert away.decide("trash").done
    words = f"Somebody works on this {away.name}"
    away.edit(away.seen(int(copy.remote_id)), title=words)

    away.go(seconds=10)
    away.go(minutes=3)

    assert len(away.shown) == 2
    copy.refresh_from_db()
    assert (copy.ended_at, copy.choice) == (None, "")
    assert any(words in case.evidence["message"] for case in away.cases) or (
        Outbound.objects.get(verb="trash").state == "dead"
    )


def test_i3_two_that_none_of_our_rows_knows_apart_are_told_and_the_rest_goes_on(away: Away):
    """Both creations took effect before any attempt was confirmed, so publishing itself stops."""
    away.proxy.late = 1
    page = away.approved()
    away.go()
    away.proxy.land()
    [post] = away.shown
    away.add(title=f"Opening {away.name}", content=post.content)
    away.go(seconds=60)
    away.go(seconds=60)
    assert fresh(page).state == "publish_failed"

    names_both(away)
    assert away.decide("trash").done
    for _ in range(4):
        away.go(seconds=30)

    assert [post.status for post in away.shown] == ["publish"]
    assert (fresh(page).state, away.cases) == ("live", [])


def test_i3_an_object_of_ours_that_no_row_knows_is_told_to_the_connections_owner(away: Away):
    """As after the restore of an older backup: the site has what our rows have forgotten."""
    away.live()
    mark = f"<!-- throughline:deliverable:99:abcdefabcdef {'0' * 32} -->"
    stray = away.add("pages", title=f"Lost {away.name}", status="publish", content=mark)
    hidden = away.add(title=f"In the trash {away.name}", status="draft", content=mark)
    away.trash(hidden)

    away.go(minutes=1)
    assert away.cases == []
    compare_soon()  # as each start of the product does
    away.go(minutes=1)

    [case] = away.cases
    assert case.item.parent_id is None
    assert f"pages/{stray.id}" in case.evidence["message"]
    assert f"posts/{hidden.id}" not in case.evidence["message"]
    assert away.decide("trash", who=case.item.owner).done
    away.go(seconds=10)
    assert stray.id not in {post.id for post in away.shown}
    assert away.cases == []


def test_i3_a_connection_without_an_answer_is_compared_again_in_an_hour(away: Away):
    away.live()
    away.look()
    away.proxy.stop()

    away.look()
    away.connection.refresh_from_db()

    assert away.connection.reconciled_at is not None
    assert 22 < (away.time() - away.connection.reconciled_at).total_seconds() / 3600 < 24
