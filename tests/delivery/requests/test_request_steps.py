"""Taking a step of a request, by its page."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client as Browser

from delivery.models import Request
from routing.desk.offers import steps_of
from tests.desk import signed_in, url, words
from tests.world import World, make_client, make_contact, make_request

pytestmark = pytest.mark.usefixtures("without_second_factor")


def again(row: Request) -> Request:
    return Request.objects.select_related("item").get(pk=row.pk)


def test_a_step_is_performed_and_says_so(world: World) -> None:
    row = make_request(world.acme)

    answer = signed_in(world.alice).post(url(Request, "step", row.pk, "triage"), follow=True)

    assert again(row).state == Request.State.TRIAGED
    assert f"{row.item.ref}: Triage done." in words(answer)


@pytest.mark.parametrize("verb", list(steps_of(Request)))
def test_reading_a_step_never_decides(world: World, verb: str) -> None:
    row = make_request(world.acme)
    before = again(row).__dict__ | again(row).item.__dict__

    answer = signed_in(world.olga).get(
        url(Request, "step", row.pk, verb), {"reason": "x", "question": "x"}
    )

    after = again(row)
    changed = {
        key
        for key, value in (after.__dict__ | after.item.__dict__).items()
        if not key.startswith("_") and before[key] != value
    }
    assert answer.status_code == 200
    assert changed <= {"item"}


@pytest.mark.parametrize("verb", list(steps_of(Request)))
def test_a_forged_step_without_permission_is_refused(world: World, verb: str) -> None:
    row = make_request(world.acme)

    answer = signed_in(world.audrey).post(url(Request, "step", row.pk, verb), {"reason": "forged"})

    assert answer.status_code == 403
    assert again(row).history.count() == 1


def test_a_forged_post_of_a_hidden_button_is_refused_by_the_machine(world: World) -> None:
    row = make_request(world.acme)

    answer = signed_in(world.alice).post(url(Request, "step", row.pk, "accept"))

    assert answer.status_code == 409
    assert "This was refused. Nothing has changed. Not allowed in this state." in words(answer)
    assert again(row).state == Request.State.CAPTURED


@pytest.mark.parametrize(
    "verb", ["begin", "deliver", "close", "replace_person", "history", "_turn"]
)
def test_what_is_no_step_of_a_person_has_no_page(world: World, verb: str) -> None:
    row = make_request(world.acme, Request.State.ACCEPTED)

    assert signed_in(world.olga).post(url(Request, "step", row.pk, verb)).status_code == 404


def test_a_gate_refuses_with_its_reason(world: World) -> None:
    row = make_request(world.acme, details="")

    answer = signed_in(world.alice).post(url(Request, "step", row.pk, "triage"))

    assert answer.status_code == 409
    assert "There is no description." in words(answer)


def test_sending_a_step_twice_does_it_once(world: World) -> None:
    row, browser = make_request(world.acme), signed_in(world.alice)

    answers = [browser.post(url(Request, "step", row.pk, "triage")).status_code for _ in range(2)]

    assert answers == [302, 409]
    assert again(row).history.count() == 2


def test_a_step_needs_the_forms_token(world: World) -> None:
    row = make_request(world.acme)
    strict = Browser(enforce_csrf_checks=True)
    strict.force_login(world.alice)

    assert strict.post(url(Request, "step", row.pk, "triage")).status_code == 403
    assert again(row).state == Request.State.CAPTURED


def test_errors_keep_what_was_typed(world: World) -> None:
    row = make_request(world.acme)
    sent = {
        "owner": world.bob.pk,
        "backup": world.bob.pk,
        "doer": "",
        "reason": "Half of it is typed",
    }

    answer = signed_in(world.alice).post(url(Request, "step", row.pk, "hand_over"), sent)

    assert answer.status_code == 409
    assert "Choose an owner and a different backup." in words(answer)
    assert "Half of it is typed" in answer.content.decode()


def test_a_missing_reason_is_asked_for_in_words(world: World) -> None:
    row = make_request(world.acme)

    answer = signed_in(world.alice).post(url(Request, "step", row.pk, "hold"), {"reason": "  "})

    assert "Enter a reason." in words(answer)
    assert again(row).item.held_at is None


def edited(row: Request, **changes: Any) -> dict[str, Any]:
    """
    The edit form as a browser sends it back: each field, and what it was when the page was drawn.
    """
    was = {
        "title": row.item.title,
        "details": row.details,
        "wanted_date": "",
        "priority": row.item.priority,
        "kind": row.kind,
        "channel": row.channel,
        "contact_id": row.contact_id or "",
    }
    return {f"initial-{name}": value for name, value in was.items()} | was | changes


def test_editing_sends_only_what_was_changed(world: World) -> None:
    row, browser = make_request(world.acme), signed_in(world.alice)
    stale = edited(row, title="Alice's title")
    browser.post(url(Request, "step", row.pk, "edit"), edited(row, details="Bob's words"))

    answer = browser.post(url(Request, "step", row.pk, "edit"), stale)

    assert answer.status_code == 302
    assert (again(row).item.title, again(row).details) == ("Alice's title", "Bob's words")


def test_editing_takes_no_field_that_is_not_on_the_form(world: World) -> None:
    row = make_request(world.acme)
    forged = {
        "state": "accepted",
        "accepted_at": "2026-01-01",
        "owner": world.cora.pk,
        "item": 1,
        "question": "x",
        "at": "x",
        "by": 1,
    }

    signed_in(world.alice).post(
        url(Request, "step", row.pk, "edit"), edited(row, title="New") | forged
    )

    after = again(row)
    assert (after.item.title, after.state, after.accepted_at, after.item.owner_id) == (
        "New",
        "captured",
        None,
        world.alice.pk,
    )


def test_a_contact_of_another_client_is_no_choice(world: World) -> None:
    row = make_request(world.acme)
    stranger = make_contact("Stan Stranger", "stan@other.test")

    answer = signed_in(world.alice).post(
        url(Request, "step", row.pk, "edit"), edited(row, contact_id=stranger.pk)
    )

    assert answer.status_code == 200
    assert again(row).contact_id is None


def test_a_duplicate_names_the_request_that_stays_by_its_reference(world: World) -> None:
    row, original = make_request(world.acme), make_request(world.acme)

    signed_in(world.alice).post(
        url(Request, "step", row.pk, "mark_duplicate"), {"duplicate_of": original.item.ref.lower()}
    )

    assert (again(row).state, again(row).duplicate_of_id) == ("duplicate", original.pk)


@pytest.mark.parametrize("which", ["itself", "another client's", "unknown"])
def test_a_duplicate_of_the_wrong_request_is_refused_in_words(world: World, which: str) -> None:
    row = make_request(world.acme)
    other = make_request(make_client("OTH", world.team, world.alice, world.bob))
    ref = {"itself": row.item.ref, "another client's": other.item.ref, "unknown": "XYZ-99"}[which]

    answer = signed_in(world.alice).post(
        url(Request, "step", row.pk, "mark_duplicate"), {"duplicate_of": ref}
    )

    assert answer.status_code in {200, 409}
    assert again(row).state == Request.State.CAPTURED
    assert (
        "XYZ-99" in words(answer)
        if which == "unknown"
        else "must be from the same client" in words(answer)
    )
