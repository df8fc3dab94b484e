"""I7: slugs that the destination would change, or that other work has, are refused before."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from delivery.approvals.operations import deliverables
from delivery.deliverables.operations.versions import Draft, upload
from delivery.models import Deliverable, Version
from routing.models import Destination, WorkItem
from routing.work.door import OperationResult
from tests.delivery.making import done, fresh, make_deliverables, make_destination
from tests.world import World, by, make_client

pytestmark = pytest.mark.django_db


def page_for(world: World, place: Destination, **plan: Any) -> Deliverable:
    planned = [
        {
            "key": "one",
            "title": "Landing page",
            "format": "page",
            "amount": "10",
            "destination": place.pk,
            **plan,
        }
    ]
    [page] = make_deliverables(world, planned=planned)
    done(deliverables.start([page.pk], by=by(world.cora), at=timezone.now()))
    return fresh(page)


def uploaded(world: World, page: Deliverable, slug: str) -> OperationResult:
    draft = Draft({"title": "Hello", "slug": slug, "body_html": "<p>To our page.</p>"})
    [result] = upload([page.pk], by=by(world.cora), at=timezone.now(), details=draft)
    return result


def why(result: OperationResult) -> str:
    return " ".join(f"{each.message} {each.evidence}" for each in result.refusals)


@pytest.mark.parametrize(
    ("slug", "said"),
    [
        ("2026", "2026-2"),
        ("0", "date or a page number"),
        ("7", "7-2"),
        ("page2", "page number"),
        ("comment-page-3", "page number"),
        ("feed", "feed-2"),
        ("rss2", "feeds"),
        ("embed", "embed-2"),
        ("wp-json", "folder of WordPress"),
    ],
)
def test_i7_a_slug_that_wordpress_would_change_is_refused_at_the_upload(
    world: World, slug: str, said: str
):
    page = page_for(world, make_destination(world))

    refused = uploaded(world, page, slug)

    assert not refused.done
    assert said in why(refused)
    assert not Version.objects.exists()


@pytest.mark.parametrize("slug", ["2026-review", "feeds", "pages", "wp", "3d-print", "page-two"])
def test_i7_slugs_that_only_look_like_those_are_taken(world: World, slug: str):
    assert uploaded(world, page_for(world, make_destination(world)), slug).done


def test_i7_a_site_of_our_own_keeps_every_slug(world: World):
    assert uploaded(world, page_for(world, make_destination(world, kind="static")), "2026").done


def test_i7_two_of_ours_cannot_have_one_slug_at_one_place(world: World):
    place = make_destination(world)
    first = page_for(world, place)
    assert uploaded(world, first, "hello").done
    # Other destinations lead to the same site, also those of another client.
    beta = make_client("BET", world.team, world.alice, world.bob)
    same = Destination.objects.create(client=beta, name="Also there", kind="wordpress")
    second = page_for(world, same if same.client_id == world.acme.pk else place)

    refused = uploaded(world, second, "hello")

    assert not refused.done
    assert first.item.ref in why(refused)
    assert uploaded(world, second, "hello-again").done
    assert uploaded(world, first, "hello").refusals[0].evidence != ""  # nothing differs
    done(
        deliverables.cancel([first.pk], by=by(world.alice), at=timezone.now(), reason="Not needed.")
    )
    assert uploaded(world, second, "hello").done


def test_i7_other_places_have_the_same_slug(world: World):
    first = page_for(world, make_destination(world, connection="one"))
    other_site = page_for(world, make_destination(world, connection="two"))
    as_a_page = page_for(world, make_destination(world, connection="one", post_type="pages"))
    folder = page_for(world, make_destination(world, kind="static", path="blog"))
    other_folder = page_for(world, make_destination(world, kind="static", path="news"))

    for page in (first, other_site, as_a_page, folder, other_folder):
        assert uploaded(world, page, "hello").done


def test_i7_a_version_from_before_is_refused_before_anybody_is_asked(world: World):
    """What was uploaded before these rules, or for another destination, is refused later."""
    page = page_for(world, make_destination(world, kind="static"))
    assert uploaded(world, page, "2026").done
    Deliverable.objects.filter(pk=page.pk).update(destination=make_destination(world))

    [submitted] = deliverables.submit([page.pk], by=by(world.cora), at=timezone.now())
    Deliverable.objects.filter(pk=page.pk).update(state=Deliverable.State.APPROVED)
    WorkItem.objects.filter(pk=page.item_id).update(state=Deliverable.State.APPROVED)
    [published] = deliverables.publish([page.pk], by=by(world.alice), at=timezone.now())

    for refused in (submitted, published):
        assert not refused.done
        assert "2026-2" in why(refused)
