"""
A deal becomes a page in a real WordPress: carried by real workers, proven there, replaced, and
never over a person's work.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from secrets import randbelow, token_hex
from typing import Any

import pytest
from django.utils import timezone

from config.celery import app as celery
from delivery.briefs.details import EditBriefDetails
from delivery.briefs.operations import briefs
from delivery.deliverables.operations.versions import Draft, DraftFile
from delivery.flows.lead_to_brief import publish_lead_to_brief
from delivery.models import Answer, Brief, Deliverable, Request
from delivery.requests.operations import requests
from integrations.connections.operations import ConnectionSettings, connect
from integrations.models import Attempt, Connection, ExternalLink, Outbound
from integrations.publishing.publish import object_of
from routing.models import Destination, ExceptionCase, Outcome, Run
from routing.people.actors import Actor
from routing.sla.operations.calendars import ensure_defaults
from tests.delivery.making import done, fresh, make_deliverables, say, with_the_client
from tests.files import make_file, png
from tests.integrations.conftest import Sandbox
from tests.integrations.inbox.senders import make_connection, new_deal, send
from tests.processes import WORKER, ring, running, until
from tests.wordpress import WordPress
from tests.world import World, by

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.wordpress,
    pytest.mark.real_clock,
    pytest.mark.timeout(300),
    pytest.mark.requirement("R15"),
]
State = Deliverable.State
CALLS = ("the upload", "the draft", "the publishing")


@pytest.fixture
def cms(committed_world: World, wordpress: WordPress) -> Connection:
    wanted = ConnectionSettings(
        kind="wordpress",
        slug="cms",
        base_url=wordpress.url,
        token=wordpress.new_token("author"),
        private=(wordpress.url,),
    )
    connection, _new = connect(wanted, by=Actor.system(), at=timezone.now())
    return connection


@pytest.fixture
def place(committed_world: World, cms: Connection) -> Destination:
    return Destination.objects.create(client=committed_world.acme, name="Blog", kind="wordpress")


@pytest.fixture
def crm(committed_world: World) -> Iterator[Sandbox]:
    made = Sandbox()
    make_connection("hubspot", committed_world, base_url=made.url)
    yield made
    made.stop()


def plan(place: Destination, **more: Any) -> list[dict[str, Any]]:
    return [
        {
            "key": "one",
            "title": "Opening day",
            "format": "page",
            "amount": "1000",
            "destination": place.pk,
            **more,
        }
    ]


def draft(world: World, slug: str, words: str) -> Draft:
    picture = make_file(
        world.cora,
        world.acme,
        content=png(colour=(randbelow(256), randbelow(256), randbelow(256))),
        name="team.png",
    )
    body = f'<h2>Welcome</h2><p>{words}</p><figure><img src="asset:team.png" alt="The team" width="8" height="6"></figure>'  # noqa: E501
    return Draft(
        {"title": "Opening day", "slug": slug, "body_html": body},
        parts=[DraftFile(picture.pk, "content", "The team")],
    )


def approve(world: World, page: Deliverable, version: Draft) -> Deliverable:
    page = with_the_client(world, page, version)
    assert say(page, Answer.Word.APPROVE).done
    return fresh(page)


def work(holds: Any, what: str) -> None:
    """Until it holds, beat's tasks are sent as beat would send them."""
    until(holds, what, meanwhile=lambda: ring(celery))


def brief_of_a_deal(world: World, crm: Sandbox) -> tuple[str, Brief]:
    """From a signed webhook to a brief: done by the workers that run."""
    company = crm.company(name="ACM Ltd", domain="acme.example")
    contact = crm.contact(firstname="Carla", lastname="Client", email="carla@acme.example")
    ends = f"{timezone.now() + timedelta(days=60):%Y-%m-%d}"
    sold = {
        "dealname": "Site",
        "amount": "12000",
        "deal_currency_code": "EUR",
        "agency_hours": "80",
        "agency_end_date": ends,
    }
    deal = crm.deal(company=company, contacts=(contact,), **sold)
    assert send(new_deal(int(deal))).status_code == 200
    work(Brief.objects.exists, "No brief came of the deal.")
    return deal, Brief.objects.select_related("request__item__client").get()


def approve_brief(world: World, brief: Brief, place: Destination) -> Deliverable:
    at, alice, bob = timezone.now(), by(world.alice), by(world.bob)
    done(requests.triage([brief.request_id], by=alice, at=at))
    done(requests.accept([brief.request_id], by=alice, at=at))
    done(briefs.edit([brief.pk], by=alice, at=at, details=EditBriefDetails(planned=plan(place))))
    done(briefs.submit([brief.pk], by=alice, at=at))
    done(briefs.approve([brief.pk], by=bob, at=at))
    return Deliverable.objects.get(brief=brief)


def posts(wordpress: WordPress, page: Deliverable) -> list[dict[str, Any]]:
    """Counted there: every post, public or not, that says it is this work."""
    mark = f"throughline:{object_of(page)} "
    wanted = {"search": mark.strip(), "status": "any,trash", "context": "edit", "per_page": "100"}
    return [
        each
        for each in wordpress.call("GET", "/posts", params=wanted)
        if mark in each["content"]["raw"]
    ]


def media(wordpress: WordPress, page: Deliverable) -> list[dict[str, Any]]:
    assert page.version is not None
    [digest] = page.version.files.values_list("file__sha256", flat=True)
    found = wordpress.call("GET", "/media", params={"per_page": "100", "orderby": "id"})
    return [each for each in found if each["slug"].startswith(f"tl-{digest[:32]}")]


def replaced(
    world: World, wordpress: WordPress, place: Destination, page: Deliverable, slug: str
) -> tuple[dict[str, Any], Deliverable]:
    """The post after a change took the place of ``page``, and the change."""
    [change] = make_deliverables(world, planned=plan(place, replaces=page.pk))
    change = approve(world, change, draft(world, slug, "We open on Tuesday."))
    work(
        lambda: Outcome.objects.get(item=change.item_id).state == Outcome.State.PROVEN,
        "The change is not proven.",
    )

    [again] = posts(wordpress, page)
    assert "Tuesday" in again["content"]["raw"]
    assert (fresh(page).state, fresh(change).state) == (State.ARCHIVED, State.LIVE)
    return again, fresh(change)


def test_a_deal_becomes_a_proven_page_is_replaced_and_a_persons_edit_is_left_alone(
    committed_world: World, wordpress: WordPress, crm: Sandbox, place: Destination
):
    world, slug = committed_world, f"opening-{token_hex(5)}"
    ensure_defaults(at=timezone.now())
    world.acme.domains.create(domain="acme.example")
    publish_lead_to_brief(
        owner=world.olga,
        backup=world.bob,
        high_value=world.team,
        usual=world.team,
        by=by(world.olga),
        at=timezone.now(),
    )
    with running(WORKER):
        deal, brief = brief_of_a_deal(world, crm)
        first = draft(world, slug, "We open on Monday.")
        page = approve(world, approve_brief(world, brief, place), first)
        work(lambda: Run.objects.get().state == Run.State.COMPLETE, "The run is not complete.")
        work(
            lambda: "throughline_url" in crm.crm.read("deal", deal).properties,
            "The deal was not told.",
        )

        page = fresh(page)
        [post] = posts(wordpress, page)
        told = crm.crm.read("deal", deal).properties
        assert (page.state, page.request.state) == (State.LIVE, Request.State.CLOSED)
        assert (post["status"], post["slug"], post["link"]) == ("publish", slug, page.live_url)
        assert len(media(wordpress, page)) == 1
        assert Outcome.objects.get(item=page.item_id).state == Outcome.State.PROVEN
        assert (told["throughline_state"], told["throughline_url"]) == ("complete", page.live_url)

        again, change = replaced(world, wordpress, place, page, slug)
        assert again["id"] == post["id"]

        wordpress.call(
            "POST",
            f"/posts/{post['id']}",
            json={"content": again["content"]["raw"].replace("Tuesday", "Wednesday")},
        )
        [third] = make_deliverables(world, planned=plan(place, replaces=change.pk))
        third = approve(world, third, draft(world, slug, "We open on Thursday."))
        work(lambda: fresh(third).state == State.PUBLISH_FAILED, "The conflict was not seen.")

    [kept] = posts(wordpress, page)
    case = ExceptionCase.objects.select_related("item").get(item__parent=third.item_id)
    assert "Wednesday" in kept["content"]["raw"]
    assert "Thursday" not in kept["content"]["raw"]
    assert case.item.owner_id
    assert case.item.owner_id != case.item.backup_id
    assert Attempt.objects.filter(outbound__item=third.item_id).latest("pk").outcome == "conflict"
    assert ExternalLink.objects.get(url=fresh(change).live_url).item_id == change.item_id


@pytest.mark.drill
def test_a_worker_killed_after_each_remote_commit_leaves_one_post_and_one_file(
    committed_world: World, wordpress: WordPress, cms: Connection, place: Destination
):
    version = draft(committed_world, f"killed-{token_hex(5)}", "We open on Monday.")
    [page] = make_deliverables(committed_world, planned=plan(place))
    page = approve(committed_world, page, version)

    for call in CALLS:
        held = wordpress.hold(cms.token.first())
        with running(WORKER) as [worker]:
            work(held.exists, f"Nobody came to {call}.")
            worker.kill()  # it was done there, and nobody here knows
        held.unlink()
        past = timezone.now() - timedelta(seconds=1)
        assert (
            Outbound.objects.filter(state=Outbound.State.LEASED).update(
                leased_until=past, due_at=past
            )
            == 1
        )  # the lease runs out
    with running(WORKER):
        work(
            lambda: Outcome.objects.get(item=page.item_id).state == Outcome.State.PROVEN,
            "It was not finished.",
        )

    [post] = posts(wordpress, page)
    sent = Outbound.objects.get(item=page.item_id, verb="publish")
    assert (post["status"], str(post["id"])) == ("publish", sent.remote_id)
    assert len(media(wordpress, page)) == 1
    outcomes = list(sent.tries.order_by("number").values_list("outcome", flat=True))
    # Between them it only looked: nothing is made while what a dead worker sent may still arrive.
    assert [outcome for outcome in outcomes if outcome != "unknown"] == [
        "lost",
        "lost",
        "lost",
        "delivered",
    ]
