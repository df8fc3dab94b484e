"""Deliverables at the desk: their list, their page, their versions and previews."""

from __future__ import annotations

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from delivery.approvals.operations import deliverables
from delivery.deliverables.details import SignOffDetails
from delivery.deliverables.operations import versions
from delivery.models import Approval, Check, Deliverable
from routing.models import Client, File, Team
from routing.work.operations import files
from tests.delivery.making import (
    DRAFT,
    done,
    fresh,
    hand_in,
    make_deliverables,
    say,
    with_the_client,
)
from tests.desk import signed_in, url, words
from tests.files import jpeg
from tests.world import NOW, World, by, make_user

pytestmark = pytest.mark.usefixtures("without_second_factor")

MANY = [{"key": f"k{n}", "title": f"Page {n}", "format": "page"} for n in range(8)]


def keep(world: World, name: str = "hero.jpg") -> File:
    return files.keep(
        ContentFile(jpeg(40, 30)), name=name, client=world.acme, by=by(world.cora), at=NOW
    )


def with_picture(world: World) -> Deliverable:
    [page] = make_deliverables(world)
    body = '<h2>Hi</h2><img src="asset:hero.jpg" alt="A ridge">'
    return hand_in(
        world,
        page,
        versions.Draft(
            {**DRAFT.texts, "body_html": body},
            parts=[versions.DraftFile(keep(world).pk, "content", "A ridge")],
        ),
    )


def hidden(world: World) -> Deliverable:
    """Another team's restricted work, whose owner nobody here is."""
    [page] = make_deliverables(world)
    other, zoe, yan = (
        Team.objects.create(name="South", lead=world.olga),
        make_user("Zoe"),
        make_user("Yan"),
    )
    Client.objects.filter(pk=world.acme.pk).update(
        restricted=True, team=other, owner=zoe, backup=yan
    )
    type(page.item).objects.filter(client=world.acme).update(
        owner=zoe, backup=yan, doer=None, team=other
    )
    return page


@pytest.mark.requirement("Q6", "Q13")
def test_the_page_tells_what_was_made_how_it_was_judged_and_what_was_answered(world: World) -> None:
    Check.objects.create(
        name="No coming soon", kind="forbidden_terms", params={"terms": ["coming soon"]}
    )
    [page] = make_deliverables(world)
    with_the_client(world, page)
    say(page, "changes", "Not our voice.")

    told = words(signed_in(world.alice).get(url(Deliverable, "change", page.pk)))

    assert "Passed No coming soon" in told
    assert "Carla Client asks for changes" in told
    assert "Required fixes since version 1 Carla Client: Not our voice." in told
    assert "Change rounds used 1" in told
    assert "Approval ACM-5: Carla requested changes Pending → Changes requested" in told


@pytest.mark.requirement("A1", "Q5")
def test_a_failed_check_is_told_with_its_place_and_quotation(world: World) -> None:
    Check.objects.create(
        name="No coming soon", kind="forbidden_terms", params={"terms": ["coming soon"]}
    )
    [page] = make_deliverables(world)
    hand_in(world, page, versions.Draft({**DRAFT.texts, "body_html": "<p>Coming soon.</p>"}))

    told = words(signed_in(world.cora).get(url(Deliverable, "change", page.pk)))

    why = "“coming soon” must not be used. Coming soon. body"
    assert f"Required fixes since version 1 No coming soon: {why}" in told
    assert f"Failed No coming soon now {why}" in told


def test_the_question_that_is_open_is_answered_from_the_deliverables_page(world: World) -> None:
    [page] = make_deliverables(world)
    hand_in(world, page)

    asked = signed_in(world.alice).get(url(Deliverable, "change", page.pk)).context["question"]
    own = signed_in(world.cora).get(url(Deliverable, "change", page.pk)).context["question"]

    verbs = [offer.step.verb for offer in asked["steps"]]
    assert verbs == ["approve", "request_changes", "reject"]
    assert own["steps"] == []


@pytest.mark.parametrize(
    ("who", "state", "first"),
    [
        ("cora", "planned", "start"),
        ("cora", "in_production", "upload"),
        ("quin", "in_qa", "sign_off"),
    ],
)
def test_one_step_is_the_next_one(world: World, who: str, state: str, first: str) -> None:
    Check.objects.create(name="Brand", kind="judgment")
    [page] = make_deliverables(world)
    if state != "planned":
        done(deliverables.start([page.pk], by=by(world.cora), at=NOW))
    if state == "in_qa":
        hand_in(world, fresh(page))

    panel = signed_in(getattr(world, who)).get(url(Deliverable, "change", page.pk)).context["panel"]

    assert panel.first.step.verb == first


@pytest.mark.requirement("Q4", "Q14")
def test_a_reviewer_finds_what_waits_for_their_signature(world: World) -> None:
    Check.objects.create(name="Brand", kind="judgment")
    waiting, _other = make_deliverables(world, planned=MANY[:2])
    hand_in(world, waiting)
    browser = signed_in(world.quin)

    found = browser.get(url(Deliverable, "changelist") + "?sign=mine")
    page = words(found)
    done(
        deliverables.sign_off(
            [waiting.pk],
            by=by(world.quin),
            at=NOW,
            details=SignOffDetails(check=Check.objects.get().pk, passed=True),
        )
    )

    assert ("Page 0" in page, "Page 1" in page) == (True, False)
    assert "Page 0" not in words(browser.get(url(Deliverable, "changelist") + "?sign=mine"))
    assert (
        "sign=mine"
        not in signed_in(world.alice).get(url(Deliverable, "changelist")).content.decode()
    )


def test_a_version_has_its_own_page_with_what_changed(world: World) -> None:
    [page] = make_deliverables(world)
    done(deliverables.start([page.pk], by=by(world.cora), at=NOW))
    done(versions.upload([page.pk], by=by(world.cora), at=NOW, details=DRAFT))
    newer = versions.Draft(
        {
            **DRAFT.texts,
            "title": "Hello again",
            "body_html": "<h2>Welcome</h2><p>To our newest page.</p>",
        }
    )
    done(versions.upload([page.pk], by=by(world.cora), at=NOW, details=newer))

    told = words(signed_in(world.alice).get(url(Deliverable, "version", page.pk, 2)))

    assert "Changes since version 1" in told
    assert "Hello → Hello again" in told
    assert "new newest page." in told
    assert signed_in(world.alice).get(url(Deliverable, "version", page.pk, 3)).status_code == 404


def test_a_preview_runs_nothing_and_is_framed_by_us_alone(world: World) -> None:
    page = with_picture(world)

    answer = signed_in(world.alice).get(url(Deliverable, "preview", page.pk, 1))

    policy = answer["Content-Security-Policy"]
    assert (
        f'<img src="/files/{File.objects.get().key}/hero.jpg?preview" alt="A ridge">'
        in answer.content.decode()
    )
    assert policy.startswith("default-src 'none'; img-src 'self'; style-src 'self';")
    assert "frame-ancestors 'self'; sandbox allow-same-origin" in policy
    assert "unsafe" not in policy
    assert answer["X-Frame-Options"] == "SAMEORIGIN"
    assert answer["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("page", ["change", "version", "preview", "history", "step"])
def test_what_a_person_may_not_see_is_not_there(world: World, page: str) -> None:
    row = hidden(world)
    more = {"version": (1,), "preview": (1,), "step": ("start",)}.get(page, ())

    assert signed_in(world.alice).get(url(Deliverable, page, row.pk, *more)).status_code == 404
    assert signed_in(world.alice).post(url(Deliverable, "step", row.pk, "start")).status_code == 404


@pytest.mark.parametrize("page", ["change", "version", "preview"])
def test_nothing_is_posted_to_pages_that_are_read(world: World, page: str) -> None:
    row = with_picture(world)
    more = (1,) if page != "change" else ()

    assert signed_in(world.olga).post(url(Deliverable, page, row.pk, *more)).status_code in {
        403,
        405,
    }


@pytest.mark.parametrize(
    ("who", "verb"),
    [
        ("audrey", "start"),
        ("quin", "upload"),
        ("cora", "sign_off"),
        ("cora", "publish"),
        ("ivan", "submit"),
    ],
)
def test_a_forged_step_without_the_permission_is_refused(world: World, who: str, verb: str) -> None:
    [row] = make_deliverables(world)

    assert (
        signed_in(getattr(world, who))
        .post(url(Deliverable, "step", row.pk, verb), {"reason": "x"})
        .status_code
        == 403
    )
    assert fresh(row).state == Deliverable.State.PLANNED


def test_lists_and_pages_cost_the_same_however_much_there_is(world: World) -> None:
    browser, counts = signed_in(world.alice), []
    rows = make_deliverables(world, planned=MANY)
    hand_in(world, rows[0])
    for size in (1, 3):
        for row in rows[1 : 1 + size]:
            if fresh(row).state == Deliverable.State.PLANNED:
                hand_in(world, row)
        with CaptureQueriesContext(connection) as queries:
            browser.get(url(Deliverable, "changelist"))
            browser.get(url(Approval, "changelist"))
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_a_page_costs_the_same_however_many_versions_and_answers(world: World) -> None:
    browser, counts = signed_in(world.alice), []
    [page] = make_deliverables(world)
    for again in range(3):
        draft = versions.Draft({**DRAFT.texts, "body_html": f"<p>Try {again}</p>"})
        with_the_client(world, fresh(page), draft)
        say(page, "changes", "Again.")
        with CaptureQueriesContext(connection) as queries:
            browser.get(url(Deliverable, "change", page.pk))
        counts.append(len(queries))

    assert counts[1] == counts[2] <= 25
