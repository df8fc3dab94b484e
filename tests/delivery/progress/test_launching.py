"""A deliverable of a channel without an adapter is launched by a person, with what shows it."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile

from delivery.approvals.operations import deliverables
from delivery.deliverables.details import LaunchByHandDetails
from delivery.deliverables.launches import HandLaunch
from delivery.models import Answer, Deliverable
from delivery.progress.operations.launching import launch_by_hand
from delivery.requests.operations import requests
from integrations.models import Outbound
from routing.kernel.roles import CREATIVE
from routing.models import Client, Destination, File, Outcome, Run, User
from routing.work.operations.files import keep
from routing.work.visibility import files_seen_by
from tests.delivery.making import (
    codes,
    done,
    fresh,
    make_deliverables,
    make_destination,
    record_request,
    say,
    with_the_client,
)
from tests.desk import signed_in, url, words
from tests.files import png
from tests.portal import browser_of
from tests.world import NOW, World, by, make_client, make_user

pytestmark = [
    pytest.mark.usefixtures("without_second_factor"),
    pytest.mark.requirement("M1", "M17", "R5", "U2"),
]
ADDRESS = "https://news.example.com/spring"


@pytest.fixture
def newsletter(world: World) -> Destination:
    return make_destination(world, name="Newsletter", kind="newsletter")


@pytest.fixture
def mail(world: World, newsletter: Destination) -> Deliverable:
    """A newsletter that the client approved."""
    return approved(world, newsletter)


def approved(world: World, place: Destination) -> Deliverable:
    request = record_request(world, details="A newsletter")
    done(requests.triage([request.pk], by=by(world.alice), at=NOW))
    done(requests.accept([request.pk], by=by(world.alice), at=NOW))
    plan = [{"key": "a", "title": "Newsletter", "format": "page", "destination": place.pk}]
    [row] = make_deliverables(world, planned=plan, request=fresh(request))
    row = with_the_client(world, row)
    done([say(row, Answer.Word.APPROVE)])
    return fresh(row)


def picture(client: Client, who: User) -> File:
    return keep(ContentFile(png()), name="seen.png", client=client, by=by(who), at=NOW)


def launch(row: Deliverable, who: User, **details: Any) -> Any:
    [result] = launch_by_hand([row.pk], by=by(who), at=NOW, details=LaunchByHandDetails(**details))
    return result


def outcome() -> Outcome:
    return Outcome.objects.get(kind=Outcome.Kind.LAUNCHED)


def test_a_screenshot_proves_it_and_completes_the_run(mail: Deliverable, world: World) -> None:
    shot = picture(world.acme, world.alice)

    done([launch(mail, world.alice, evidence=shot.pk)])

    row, proof = fresh(mail), outcome()
    assert (row.state, row.live_at, row.live_url) == ("live", NOW, "")
    assert (proof.state, proof.evidence["screenshot"]) == ("proven", shot.sha256)
    assert row.version is not None
    assert proof.evidence["digest"] == row.version.digest
    assert proof.next_probe_at is None
    assert (row.request.state, Run.objects.get().state) == ("closed", "complete")


def test_an_address_alone_proves_nothing_and_is_fetched_from_now_on(
    mail: Deliverable, world: World
) -> None:
    done([launch(mail, world.alice, address=ADDRESS)])

    assert (fresh(mail).state, fresh(mail).live_url) == ("live", ADDRESS)
    assert (outcome().state, outcome().next_probe_at) == ("expected", NOW)
    assert (fresh(mail).request.state, Run.objects.get().state) == (
        "delivered",
        "awaiting_outcome",
    )


def test_an_approved_newsletter_is_not_sent_to_an_adapter(mail: Deliverable, world: World) -> None:
    [published] = deliverables.publish([mail.pk], by=by(world.alice), at=NOW)
    [handed] = deliverables.hand_out([mail.pk], by=by(world.alice), at=NOW)

    assert mail.state == "approved"
    assert (codes(published), codes(handed)) == (["destination"], ["destination"])
    assert "Launch it by hand" in str(published.refusals[0].message)
    assert not Outbound.objects.filter(verb="publish").exists()


def test_what_an_adapter_publishes_is_not_launched_by_hand(world: World) -> None:
    place = make_destination(world, publishes_on_approval=False)
    page = approved(world, place)

    result = launch(page, world.alice, address=ADDRESS)

    assert codes(result) == ["destination"]
    assert fresh(page).state == "approved"


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "news.example.com",
        "https://me:secret@example.com/",
        "http://127.0.0.1/x",
        "http://[::1]/",
        "http://localhost/x",
        "https://10.0.0.8/x",
    ],
)
def test_an_address_that_nobody_outside_can_open_is_refused(
    address: str, mail: Deliverable, world: World
) -> None:
    assert codes(launch(mail, world.alice, address=address)) == ["address"]
    assert fresh(mail).state == "approved"


def test_a_launch_without_anything_that_shows_it_is_refused(
    mail: Deliverable, world: World
) -> None:
    other = make_client("OTH", world.team, world.alice, world.bob)
    words_only = ContentFile(b"Words, not a picture.\n")
    text = keep(words_only, name="notes.txt", client=world.acme, by=by(world.alice), at=NOW)
    foreign = picture(other, world.alice)

    assert codes(launch(mail, world.alice)) == ["evidence"]
    assert codes(launch(mail, world.alice, evidence=text.pk)) == ["evidence"]
    assert codes(launch(mail, world.alice, evidence=foreign.pk)) == ["evidence"]
    assert not HandLaunch.objects.exists()


def test_a_proven_launch_is_not_recorded_again_and_an_unproven_one_is(
    mail: Deliverable, world: World
) -> None:
    done([launch(mail, world.alice, address=ADDRESS)])
    shot = picture(world.acme, world.bob)

    done([launch(mail, world.bob, address=f"{ADDRESS}-2", evidence=shot.pk)])
    again = launch(mail, world.alice, address=ADDRESS)

    assert codes(again) == ["proof"]
    assert (outcome().state, outcome().next_probe_at) == ("proven", NOW)
    assert fresh(mail).live_url == f"{ADDRESS}-2"
    assert HandLaunch.objects.count() == 2


def test_the_client_is_written_to_once(mail: Deliverable, world: World) -> None:
    done([launch(mail, world.alice, address=ADDRESS)])
    done([launch(mail, world.alice, address=f"{ADDRESS}-2")])

    assert Outbound.objects.filter(verb="mail.live").count() == 1


def test_it_is_recorded_at_the_desk_with_errors_beside_their_fields(
    mail: Deliverable, world: World
) -> None:
    browser = signed_in(world.alice)
    path = url(Deliverable, "step", mail.pk, "launch_by_hand")

    empty = words(browser.post(path, {"address": ""}))
    inside = words(browser.post(path, {"address": "http://localhost/x"}))
    text = SimpleUploadedFile("notes.txt", b"Words, not a picture.\n")
    no_picture = words(browser.post(path, {"address": "", "evidence": text}))
    shot = SimpleUploadedFile("seen.png", png())
    page = words(browser.post(path, {"address": ADDRESS, "evidence": shot}, follow=True))

    assert "Enter the address, add a screenshot, or both." in empty
    assert "Only people inside your network reach this address." in inside
    assert "Add a picture, such as a PNG or a JPEG." in no_picture
    assert "Alice launched the deliverable by hand" in page
    assert "Launched by Alice" in page
    assert "seen.png" in page
    assert ADDRESS in page


def test_the_screenshot_is_seen_by_those_who_see_the_work(mail: Deliverable, world: World) -> None:
    shot = picture(world.acme, world.alice)
    done([launch(mail, world.alice, evidence=shot.pk)])

    stranger = make_user("Carol", CREATIVE)

    assert shot in files_seen_by(by(world.bob))
    assert shot not in files_seen_by(by(stranger))


def test_the_client_sees_where_it_is(mail: Deliverable, world: World) -> None:
    done([launch(mail, world.alice, address=ADDRESS)])
    contact = mail.item.client.memberships.get().contact if mail.item.client else None
    assert contact is not None

    page = words(browser_of(contact).get(f"/portal/work/{mail.item.ref}/"))

    assert ADDRESS in page
