"""Counts of a walkthrough: every notification, e-mail and turn exactly, or it ends."""

from __future__ import annotations

import pytest

from delivery.models import Request
from demo.walkthrough.told import Told, turn_is
from demo.walkthrough.transcript import StepFailed, Transcript
from routing.models import Contact, Membership, Notification, User
from tests.delivery.making import record_request
from tests.world import World, make_contact

pytestmark = pytest.mark.django_db
OWNS, RECEIPT = Notification.Words.OWNS, "mail.receipt"


@pytest.fixture
def transcript() -> Transcript:
    return Transcript(lambda line: None)


@pytest.fixture
def rita(world: World) -> Contact:
    contact = make_contact("Rita", "rita@client.test")
    Membership.objects.create(contact=contact, client=world.acme, role=Membership.Role.REQUESTER)
    return contact


def told_of(world: World, rita: Contact) -> tuple[Told, Request, User]:
    """What a call of Rita tells, its request and the owner, if Olga records it."""
    earlier = record_request(world, who=world.olga).item.run
    assert earlier is not None
    told = Told(earlier)
    request = record_request(world, who=world.olga, channel="phone", contact=rita)
    owner, run = request.item.owner, request.item.run
    assert owner is not None
    assert run is not None
    return told.of(run), request, owner


def test_what_was_told_exactly_is_two_steps(
    world: World, rita: Contact, transcript: Transcript
) -> None:
    told, _request, owner = told_of(world, rita)

    told.exactly(transcript, [(owner, OWNS)], [RECEIPT])

    assert transcript.steps == 2


@pytest.mark.parametrize(
    ("wanted", "emails", "found"),
    [
        ([], [RECEIPT], "instead of none"),
        (["owner", "owner"], [RECEIPT], "instead of 2 ×"),
        (["owner", "olga"], [RECEIPT], "instead of .*olga"),
        (["owner"], [], "e-mails: 2"),
        (["owner"], [RECEIPT, RECEIPT], "e-mails: 2"),
    ],
)
def test_the_first_wrong_count_ends_it(
    world: World,
    rita: Contact,
    transcript: Transcript,
    wanted: list[str],
    emails: list[str],
    found: str,
) -> None:
    told, _request, owner = told_of(world, rita)
    people = {"owner": owner, "olga": world.olga}

    with pytest.raises(StepFailed, match=f"(?i){found}"):
        told.exactly(transcript, [(people[who], OWNS) for who in wanted], emails)


def test_a_turn_of_somebody_else_ends_it(
    world: World, rita: Contact, transcript: Transcript
) -> None:
    _told, request, owner = told_of(world, rita)

    turn_is(transcript, request.item, "owner", [owner])

    with pytest.raises(StepFailed, match=r"request\.captured\.owner"):
        turn_is(transcript, request.item, "owner", [world.olga])
    with pytest.raises(StepFailed):
        turn_is(transcript, request.item, "requester", [owner])
