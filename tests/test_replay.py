"""A world that is played again is the one that was made."""

from __future__ import annotations

import pytest
from django.db import transaction

from routing.models import Client
from tests import replay
from tests.world import World, make_client, make_world

pytestmark = pytest.mark.django_db


def test_what_is_played_has_the_rows_that_were_made() -> None:
    with transaction.atomic():
        made, recording = replay.record(make_world)
        rows = replay._rows()
        transaction.set_rollback(True)
    assert recording

    played = recording.play()

    assert replay._rows() == rows
    assert (played, played.acme.owner) == (made, made.alice)
    Client.objects.create(  # ids go on after those that were played
        code="NXT", name="Next", team=played.team, owner=played.alice, backup=played.bob
    )


def test_what_a_test_does_to_its_world_is_gone_in_the_next() -> None:
    with transaction.atomic():
        _made, recording = replay.record(make_world)
        transaction.set_rollback(True)
    assert recording
    with transaction.atomic():
        recording.play().alice.full_name = "Somebody else"
        transaction.set_rollback(True)

    assert recording.play().alice.full_name == "Alice"


def test_rows_that_came_to_others_are_not_played(world: World) -> None:
    made, recording = replay.record(lambda: make_client("NXT", world.team, world.alice, world.bob))

    assert (made.code, recording) == ("NXT", None)
