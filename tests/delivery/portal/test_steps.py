"""Steps of a contact on a request, and their limits."""

from __future__ import annotations

import pytest
from django.test import Client as Browser

from delivery.models import Brief, Request
from delivery.requests.details import AskDetails
from delivery.requests.operations import requests
from routing.models import Contact
from routing.work.door import all_operations
from tests.portal import APPROVER, browser_of, invited, user_of
from tests.world import NOW, World, by, make_request

pytestmark = pytest.mark.requirement("U3")

STEPS: tuple[tuple[str, dict[str, str]], ...] = (
    ("answer/", {"details": "Two minutes"}),
    ("withdraw/", {}),
)


def test_an_answer_goes_through_the_door_as_the_contacts_own(
    world: World, browser: Browser, carla: Contact
) -> None:
    row = make_request(world.acme, details="A film")
    requests.ask([row.pk], by=by(world.alice), at=NOW, details=AskDetails(question="How long?"))

    browser.post(f"/portal/requests/{row.item.ref}/answer/", {"details": "Two minutes"})

    now = Request.objects.select_related("item").get(pk=row.pk)
    assert (now.state, now.details, now.item.waiting_on) == (
        Request.State.CAPTURED,
        "A film\n\nTwo minutes",
        "agency",
    )
    assert now.history.latest("history_id").history_user_id == user_of(carla).pk


def test_an_empty_answer_is_told_and_a_second_one_too(world: World, browser: Browser) -> None:
    row = make_request(world.acme, Request.State.NEEDS_INFORMATION, question="How long?")
    path = f"/portal/requests/{row.item.ref}/answer/"

    empty = browser.post(path, {"details": " "})
    browser.post(path, {"details": "Two minutes"})
    again = browser.post(path, {"details": "Three minutes"})

    assert "Enter your answer" in empty.content.decode()
    assert again.status_code == 409
    assert "Three minutes" not in Request.objects.get(pk=row.pk).details


@pytest.mark.parametrize("state", list(Request.State))
def test_an_own_request_can_be_withdrawn_until_it_is_accepted(
    world: World, browser: Browser, carla: Contact, state: str
) -> None:
    fields = {"duplicate_of": make_request(world.acme)} if state == Request.State.DUPLICATE else {}
    row = make_request(world.acme, state, contact=carla, **fields)

    answer = browser.post(f"/portal/requests/{row.item.ref}/withdraw/")

    early = state in Request.before_acceptance
    assert answer.status_code == (302 if early else 409)
    assert Request.objects.get(pk=row.pk).state == (Request.State.CANCELLED if early else state)


def test_a_colleagues_request_is_seen_but_not_withdrawn(world: World, browser: Browser) -> None:
    colleague = invited(world, "Cleo", (world.acme, APPROVER))
    row = make_request(world.acme, contact=colleague)

    page, answer = (
        browser.get(f"/portal/requests/{row.item.ref}/"),
        browser.post(f"/portal/requests/{row.item.ref}/withdraw/"),
    )

    assert (page.status_code, answer.status_code) == (200, 409)
    assert "Withdraw" not in page.content.decode()
    assert Request.objects.get(pk=row.pk).state == Request.State.CAPTURED


def test_another_clients_request_answers_like_none_on_every_address(
    world: World, zoe: Contact
) -> None:
    row = make_request(world.acme, Request.State.NEEDS_INFORMATION, question="How long?")
    browser = browser_of(zoe)

    def tried(ref: str) -> list[tuple[int, bytes]]:
        answers = [
            browser.get(f"/portal/requests/{ref}/"),
            browser.get(f"/portal/requests/{ref}/withdraw/"),
        ]
        answers += [browser.post(f"/portal/requests/{ref}/{step}", data) for step, data in STEPS]
        return [(answer.status_code, answer.content) for answer in answers]

    assert tried(row.item.ref) == tried("ACM-999")
    assert {status for status, _ in tried(row.item.ref)} == {404}
    assert (
        row.item.title
        not in browser.get("/portal/requests/?show=all&q=" + row.item.ref).content.decode()
    )
    assert Request.objects.get(pk=row.pk).state == Request.State.NEEDS_INFORMATION


def test_a_step_without_its_token_is_refused(world: World, carla: Contact) -> None:
    row = make_request(
        world.acme, Request.State.NEEDS_INFORMATION, question="How long?", contact=carla
    )
    strict = Browser(enforce_csrf_checks=True)
    strict.force_login(user_of(carla))

    answers = [
        strict.post(f"/portal/requests/{row.item.ref}/{step}", data).status_code
        for step, data in STEPS
    ]

    assert answers == [403, 403]
    assert Request.objects.get(pk=row.pk).state == Request.State.NEEDS_INFORMATION


def test_what_else_is_posted_changes_nothing(world: World, browser: Browser) -> None:
    row = make_request(world.acme, Request.State.NEEDS_INFORMATION, question="How long?")
    more = {
        "state": "closed",
        "title": "Mine",
        "owner": world.bob.pk,
        "client": 999,
        "question": "",
        "contact_id": 1,
    }

    browser.post(f"/portal/requests/{row.item.ref}/answer/", {"details": "Two minutes", **more})

    now = Request.objects.select_related("item").get(pk=row.pk)
    assert (now.state, now.item.title, now.item.owner_id, now.item.client_id) == (
        "captured",
        row.item.title,
        world.alice.pk,
        world.acme.pk,
    )


def test_contacts_can_do_no_other_operation(carla: Contact) -> None:
    actor = by(user_of(carla))

    theirs = {
        f"delivery.request.{verb}"
        for verb in ("answer", "withdraw", "accept_impact", "decline_impact")
    }
    theirs |= {f"delivery.approval.{verb}" for verb in ("approve", "request_changes", "reject")}
    theirs.add("delivery.approval.see")  # taken when an approver opens the page of a question
    theirs.add("delivery.deliverable.confirm_receipt")
    assert {step.kind for step in all_operations() if step.open_to(actor)} == theirs
    assert Brief.open_to_clients is False
