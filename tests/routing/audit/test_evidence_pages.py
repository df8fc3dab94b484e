"""Events and seals at the desk: to read."""

from __future__ import annotations

import pytest

from delivery.requests.operations import requests
from routing.audit.operations.seals import seal
from routing.models import Event, Seal
from tests.desk import signed_in, url, words
from tests.world import MONDAY, NOW, World, by, make_request

pytestmark = pytest.mark.usefixtures("without_second_factor")


@pytest.mark.parametrize("model", [Event, Seal])
def test_evidence_is_read_by_auditors_and_written_by_nobody(world: World, model) -> None:
    make_request(world.acme)
    seal(at=NOW)
    row, browser = model.objects.first(), signed_in(world.audrey)

    assert browser.get(url(model, "changelist")).status_code == 200
    assert browser.get(url(model, "change", row.pk)).status_code == 200
    assert browser.post(url(model, "change", row.pk), {"kind": "x"}).status_code == 403
    assert browser.post(url(model, "add"), {"kind": "x"}).status_code == 403
    assert browser.post(url(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    assert browser.post(url(model, "history", row.pk)).status_code == 403
    assert signed_in(world.alice).get(url(model, "changelist")).status_code == 403


@pytest.mark.requirement("A2")
def test_events_are_found_by_the_reference_of_their_work(world: World) -> None:
    one, other = make_request(world.acme), make_request(world.acme)
    requests.triage([one.pk], by=by(world.alice), at=NOW)

    page = words(signed_in(world.audrey).get(url(Event, "changelist"), {"q": one.item.ref}))

    assert f"delivery.request.triage {one.item.ref} New → Triaged Alice" in page
    assert other.item.ref not in page


@pytest.mark.stands_at(MONDAY)
def test_verifying_says_whether_the_evidence_is_whole(world: World) -> None:
    make_request(world.acme)
    world.audrey.timezone = "UTC"
    world.audrey.save()
    seal(at=MONDAY)

    page = words(signed_in(world.audrey).post(url(Seal, "verify")))

    assert "The audit trail is intact" in page
    assert "Sealed up to Mon 23 Nov 2026, 09:30 UTC" in page


def test_verifying_needs_the_permission_and_a_post(world: World) -> None:
    assert signed_in(world.alice).post(url(Seal, "verify")).status_code == 403
    assert signed_in(world.audrey).get(url(Seal, "verify")).status_code == 302
