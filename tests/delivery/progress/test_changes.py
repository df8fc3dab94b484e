"""
Changes that clients ask for: captured once, taken back into the making, or agreed to before work
starts.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser
from django.utils import timezone
from pytest_django import Settings

from delivery.approvals.details import DecideDetails
from delivery.approvals.operations import approvals, deliverables
from delivery.briefs.operations import briefs
from delivery.deliverables.details import GoLiveDetails
from delivery.flows.client_change import publish_client_change
from delivery.models import Approval, Brief, Deliverable, Request
from delivery.progress.operations import impacts
from delivery.progress.operations.changes import CannotChange, ask_change
from delivery.requests.change_gates import seal_of
from delivery.requests.details import AnswerImpactDetails, StateImpactDetails
from delivery.requests.operations import requests
from routing.models import Contact, Event, File, Note, Notification, Run
from routing.people.actors import Actor
from routing.runs.operations.advance import advance
from routing.sla.operations.calendars import ensure_defaults
from routing.work.door import carry
from tests.delivery.making import (
    codes,
    done,
    fresh,
    make_deliverables,
    make_destination,
    question,
    with_the_client,
)
from tests.desk import words
from tests.files import png
from tests.portal import APPROVER, REQUESTER, VIEWER, browser_of, invited, other_client, user_of
from tests.storages import use
from tests.world import MONDAY, NOW, World, by

pytestmark = pytest.mark.requirement("Q25", "T14", "U3")

State = Deliverable.State
TOKEN = "a-token-of-this-form"
IMPACT: dict[str, Any] = {
    "hours": Decimal(3),
    "amount": Decimal("250.00"),
    "date": date(2027, 1, 15),
    "note": "A new picture.",
}


@pytest.fixture(autouse=True)
def own_folder(settings: Settings, tmp_path: Path) -> None:
    use(settings, "routing.kernel.storage.PrivateStorage", tmp_path)


@pytest.fixture(autouse=True)
def flow(world: World) -> None:
    ensure_defaults(at=NOW, timezone="Europe/London", country="GB", region="ENG")
    publish_client_change(
        owner=world.olga, backup=world.bob, team=world.team, by=by(world.olga), at=NOW
    )


@pytest.fixture
def carla(world: World) -> Contact:
    return invited(world, "Carla", (world.acme, APPROVER))


def make_live(world: World) -> Deliverable:
    place = make_destination(world)
    planned = [
        {
            "key": "one",
            "title": "Landing page",
            "format": "page",
            "destination": place.pk,
            "amount": "1000",
        }
    ]
    [row] = make_deliverables(world, planned=planned)
    row = with_the_client(world, row)
    done(carry(deliverables.approve, [row.pk], by=Actor.system(), at=NOW))
    done(deliverables.publish([row.pk], by=by(world.alice), at=NOW))
    done(
        carry(
            deliverables.go_live,
            [row.pk],
            by=Actor.system(),
            at=NOW,
            details=GoLiveDetails(url="https://acme.test/landing"),
        )
    )
    return fresh(row)


def send(browser: Browser, row: Deliverable, **more: Any) -> Any:
    return browser.post(
        f"/portal/work/{row.item.ref}/change/",
        {"token": TOKEN, "details": "A bigger logo.", **more},
    )


def work() -> None:
    advance(clock=timezone.now)


def changed(world: World, carla: Contact) -> Request:
    """A request to change what is live."""
    send(browser_of(carla), make_live(world))
    work()
    return Request.objects.select_related("item", "target__item").get(kind="change")


@pytest.mark.in_zone("UTC")
@pytest.mark.stands_at(MONDAY)
def test_a_change_of_what_is_live_opens_a_request_of_its_own_and_leaves_it_live(
    world: World, carla: Contact
) -> None:
    row = make_live(world)
    browser = browser_of(carla)

    answer = send(browser, row, wanted="2027-03-31", uploads=SimpleUploadedFile("logo.png", png()))
    work()

    made = Request.objects.select_related("item__run__flow").get(kind="change")
    assert made.item.run is not None
    assert (made.target, made.state, made.channel, str(made.wanted_date)) == (
        row,
        Request.State.CAPTURED,
        "portal",
        "2027-03-31",
    )
    assert (made.item.run.flow.slug, made.item.owner) == ("client-change", world.alice)
    assert Event.objects.get(kind="portal.change_request").actor_id == user_of(carla).pk
    assert fresh(row).state == State.LIVE
    [planned] = Brief.objects.get(request=made).plan
    assert (planned.replaces_id, planned.destination_id) == (row.pk, row.destination_id)
    assert (
        browser.get(answer.headers["Location"]).headers["Location"]
        == f"/portal/requests/{made.item.ref}/"
    )
    assert "logo.png" in words(browser.get(f"/portal/requests/{made.item.ref}/"))
    assert made.item.ref in words(browser.get(f"/portal/work/{row.item.ref}/"))


def test_a_change_sent_twice_is_one(world: World, carla: Contact) -> None:
    row, browser = make_live(world), browser_of(carla)

    first, second = send(browser, row), send(browser, row, details="Another text.")
    work()

    assert first.headers["Location"] == second.headers["Location"]
    assert Request.objects.filter(kind="change").count() == 1


def test_what_is_with_the_client_goes_back_to_its_maker_with_what_is_wanted(
    world: World, carla: Contact
) -> None:
    [row] = make_deliverables(world)
    row = with_the_client(world, row)
    asked = question(row)
    browser = browser_of(carla)

    send(browser, row, uploads=SimpleUploadedFile("logo.png", png()))
    at_once_state, question_state = fresh(row).state, fresh(asked).state
    work()

    made = Request.objects.select_related("item__run", "duplicate_of").get(kind="change")
    assert made.item.run is not None
    note = Note.objects.get(item=row.item)
    assert (at_once_state, question_state) == (State.REWORK, Approval.State.WITHDRAWN)
    assert (note.body, note.author, [str(file) for file in note.files.all()]) == (
        "A bigger logo.",
        user_of(carla),
        ["logo.png"],
    )
    assert (made.state, made.duplicate_of_id, made.item.run.state) == (
        Request.State.DUPLICATE,
        row.request_id,
        Run.State.CANCELLED,
    )
    assert set(
        Notification.objects.filter(item=row.item, words="changes").values_list(
            "recipient", flat=True
        )
    ) == {
        world.alice.pk,
        world.cora.pk,
    }
    assert fresh(row).rounds == 1
    assert File.objects.count() == 1
    assert "Part of another request" in words(browser.get(f"/portal/requests/{made.item.ref}/"))


def test_what_is_approved_and_not_yet_published_is_reopened(world: World, carla: Contact) -> None:
    [row] = make_deliverables(world)
    row = with_the_client(world, row)
    done(
        approvals.approve(
            [question(row).pk],
            by=by(user_of(carla)),
            at=NOW,
            details=DecideDetails(digest=question(row).digest),
        )
    )

    send(browser_of(carla), row)

    assert fresh(row).state == State.REWORK


def test_what_ended_is_not_changed_and_says_why(world: World, carla: Contact) -> None:
    row = make_live(world)
    done(deliverables.archive([row.pk], by=by(world.alice), at=NOW, reason="Taken down."))
    browser = browser_of(carla)

    refused = send(browser, row)

    assert refused.status_code == 409
    assert "no longer current" in words(refused)
    assert "A bigger logo." in words(refused)
    with pytest.raises(CannotChange):
        ask_change(row.pk, {}, token=TOKEN, by=by(user_of(carla)), at=NOW)


def test_viewers_and_other_clients_ask_for_nothing(world: World, carla: Contact) -> None:
    row = make_live(world)
    vera = browser_of(invited(world, "Vera", (world.acme, VIEWER)))
    zoe = browser_of(invited(world, "Zoe", (other_client(world), REQUESTER)))

    assert [send(vera, row).status_code, send(zoe, row).status_code] == [403, 404]
    assert (
        zoe.get(f"/portal/work/{row.item.ref}/").status_code
        == zoe.get("/portal/work/ACM-9999/").status_code
        == 404
    )
    assert "Ask for a change" not in words(vera.get(f"/portal/work/{row.item.ref}/"))
    assert not Event.objects.filter(kind="portal.change_request").exists()


def test_a_form_cannot_name_another_clients_work(world: World, carla: Contact) -> None:
    row = make_live(world)
    theirs = invited(world, "Zoe", (other_client(world), REQUESTER))

    with pytest.raises(Deliverable.DoesNotExist):
        ask_change(row.pk, {"request.details": "Mine"}, token=TOKEN, by=by(user_of(theirs)), at=NOW)


def test_no_change_is_accepted_before_the_client_agreed_to_what_it_means(
    world: World, carla: Contact
) -> None:
    made, alice, client = changed(world, carla), by(world.alice), by(user_of(carla))
    done(requests.triage([made.pk], by=alice, at=NOW))

    [unstated] = requests.accept([made.pk], by=alice, at=NOW)
    done(impacts.state_impact([made.pk], by=alice, at=NOW, details=StateImpactDetails(**IMPACT)))
    [unanswered] = requests.accept([made.pk], by=alice, at=NOW)
    waiting = fresh(made)
    done(
        impacts.accept_impact(
            [made.pk], by=client, at=NOW, details=AnswerImpactDetails(seal=seal_of(waiting))
        )
    )
    done(requests.accept([made.pk], by=alice, at=NOW))

    agreed = fresh(made)
    assert codes(unstated) == codes(unanswered) == ["impact"]
    assert (waiting.impact, waiting.item.waiting_on) == ("stated", "client")
    assert (agreed.state, agreed.impact, agreed.impact_by, agreed.item.waiting_on) == (
        "accepted",
        "accepted",
        carla,
        "agency",
    )
    assert Notification.objects.filter(
        item=made.item, words="impact", recipient=user_of(carla)
    ).exists()
    assert Notification.objects.filter(
        item=made.item, words="decided", recipient=world.alice
    ).exists()


def test_what_was_declined_may_be_stated_anew_and_an_answer_to_the_old_one_is_refused(
    world: World, carla: Contact
) -> None:
    made, alice, client = changed(world, carla), by(world.alice), by(user_of(carla))
    done(impacts.state_impact([made.pk], by=alice, at=NOW, details=StateImpactDetails(**IMPACT)))
    old = seal_of(fresh(made))

    [silent] = impacts.decline_impact(
        [made.pk], by=client, at=NOW, details=AnswerImpactDetails(seal=old)
    )
    done(
        impacts.decline_impact(
            [made.pk], by=client, at=NOW, details=AnswerImpactDetails(seal=old, comment="Too much.")
        )
    )
    [twice] = impacts.accept_impact(
        [made.pk], by=client, at=NOW, details=AnswerImpactDetails(seal=old)
    )
    done(requests.triage([made.pk], by=alice, at=NOW))
    [declined] = requests.accept([made.pk], by=alice, at=NOW)
    done(
        impacts.state_impact(
            [made.pk],
            by=alice,
            at=NOW,
            details=StateImpactDetails(**IMPACT | {"amount": Decimal(100)}),
        )
    )
    [stale] = impacts.accept_impact(
        [made.pk], by=client, at=NOW, details=AnswerImpactDetails(seal=old)
    )

    assert (codes(silent), codes(twice), codes(declined), codes(stale)) == (
        ["comment"],
        ["impact"],
        ["impact"],
        ["seal"],
    )
    assert Note.objects.filter(item=made.item, body="Too much.", audience="client").exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"hours": Decimal(-1)},
        {"amount": Decimal("NaN")},
        {"date": None},
        {"note": "x" * 2_001},
        {"hours": None},
    ],
)
def test_a_statement_leaves_nothing_open(
    world: World, carla: Contact, wrong: dict[str, Any]
) -> None:
    made = changed(world, carla)

    [result] = impacts.state_impact(
        [made.pk], by=by(world.alice), at=NOW, details=StateImpactDetails(**IMPACT | wrong)
    )

    assert codes(result) == ["statement"]


def test_the_impact_is_agreed_to_in_the_portal_by_approvers_only(
    world: World, carla: Contact
) -> None:
    made = changed(world, carla)
    done(
        impacts.state_impact(
            [made.pk], by=by(world.alice), at=timezone.now(), details=StateImpactDetails(**IMPACT)
        )
    )
    path, form = (
        f"/portal/requests/{made.item.ref}/",
        {"word": "accept_impact", "seal": seal_of(fresh(made))},
    )
    browser, rita = browser_of(carla), browser_of(invited(world, "Rita", (world.acme, REQUESTER)))

    home, page = words(browser.get("/portal/")), words(browser.get(path))
    forged = rita.post(f"{path}impact/", form)
    got = browser.get(f"{path}impact/", form).status_code
    stale = browser.post(f"{path}impact/", form | {"seal": "0" * 16})
    answered = browser.post(f"{path}impact/", form, follow=True)

    assert "Accept or decline a change" in home
    assert "250.00 EUR" in page
    # H19: whoever can decide is not told to wait for an approver.
    assert "Answer Waiting for you" in page
    assert (forged.status_code, got, stale.status_code) == (403, 405, 409)
    assert "was updated" in words(stale)
    assert "We have recorded your answer" in words(answered)
    assert fresh(made).impact == "accepted"
    assert "Do you accept" not in words(rita.get(path))


def test_what_replaces_it_goes_into_the_agreed_brief_and_takes_the_next_change_too(
    world: World, carla: Contact
) -> None:
    made, alice = changed(world, carla), by(world.alice)
    done(requests.triage([made.pk], by=alice, at=NOW))
    done(impacts.state_impact([made.pk], by=alice, at=NOW, details=StateImpactDetails(**IMPACT)))
    done(
        impacts.accept_impact(
            [made.pk],
            by=by(user_of(carla)),
            at=NOW,
            details=AnswerImpactDetails(seal=seal_of(fresh(made))),
        )
    )
    done(requests.accept([made.pk], by=alice, at=NOW))
    brief = Brief.objects.get(request=made)
    done(briefs.submit([brief.pk], by=alice, at=NOW))
    done(briefs.approve([brief.pk], by=by(world.bob), at=NOW))
    successor = Deliverable.objects.select_related("item").get(replaces=made.target)

    assert made.target is not None
    send(browser_of(carla), made.target, token="another-token-of-it", details="And blue.")
    work()

    assert Note.objects.get(item=successor.item).body == "And blue."
    assert (
        Request.objects.filter(
            kind="change", target=successor, state=Request.State.DUPLICATE
        ).count()
        == 1
    )


def test_two_changes_of_the_same_do_not_both_replace_it(world: World, carla: Contact) -> None:
    made, alice, client = changed(world, carla), by(world.alice), by(user_of(carla))
    assert made.target is not None
    send(browser_of(carla), made.target, token="another-token-of-it", details="And blue.")
    work()
    for row in Request.objects.filter(kind="change"):
        done(requests.triage([row.pk], by=alice, at=NOW))
        done(impacts.state_impact([row.pk], by=alice, at=NOW, details=StateImpactDetails(**IMPACT)))
        done(
            impacts.accept_impact(
                [row.pk], by=client, at=NOW, details=AnswerImpactDetails(seal=seal_of(fresh(row)))
            )
        )
        done(requests.accept([row.pk], by=alice, at=NOW))
    first, second = Brief.objects.filter(request__kind="change").order_by("pk")
    for brief in (first, second):
        done(briefs.submit([brief.pk], by=alice, at=NOW))

    done(briefs.approve([first.pk], by=by(world.bob), at=NOW))
    [refused] = briefs.approve([second.pk], by=by(world.bob), at=NOW)

    assert codes(refused) == ["plan"]
