"""Visibility of work, in lists and through the door."""

from __future__ import annotations

import pytest

from delivery.requests.operations import requests
from routing.kernel.roles import AM, CREATIVE
from routing.people.clients import Client
from routing.work.details import HandOverDetails
from routing.work.operations import items
from routing.work.visibility import work_seen_by
from tests.world import NOW, World, by, make_client, make_request, make_user


@pytest.mark.parametrize(
    ("who", "open_client", "restricted_client"),
    [
        ("an account manager of the team", True, True),
        ("an account manager elsewhere", True, False),
        ("a creative of the team", True, True),
        ("a creative elsewhere", False, False),
        ("QA", True, True),
        ("operations", True, True),
        ("an auditor", True, True),
    ],
)
def test_who_sees_what(world: World, who: str, open_client: bool, restricted_client: bool) -> None:
    usual = make_request(world.acme)
    secret = make_request(make_client("SEC", world.team, world.alice, world.bob, restricted=True))
    person = {
        "an account manager of the team": make_user("Tina", AM, team=world.team),
        "an account manager elsewhere": make_user("Eve", AM),
        "a creative of the team": world.cora,
        "a creative elsewhere": make_user("Kim", CREATIVE),
        "QA": world.quin,
        "operations": world.olga,
        "an auditor": world.audrey,
    }[who]

    seen = set(work_seen_by(by(person)).values_list("pk", flat=True))

    assert (usual.item_id in seen, secret.item_id in seen) == (open_client, restricted_client)


def test_whoever_is_named_sees_it_wherever_they_work(world: World) -> None:
    client = make_client("SEC", world.team, world.alice, world.bob)
    secret = make_request(client)
    kim = make_user("Kim", CREATIVE)

    # Nobody is named who is not cleared, but a client may become restricted afterwards.
    [named] = items.hand_over(
        [secret.item_id],
        by=by(world.olga),
        at=NOW,
        reason="Skill",
        details=HandOverDetails(owner=world.alice.pk, backup=world.bob.pk, doer=kim.pk),
    )
    Client.objects.filter(pk=client.pk).update(restricted=True)

    assert named.done
    assert work_seen_by(by(kim)).get().pk == secret.item_id


def test_what_one_may_not_see_answers_like_what_does_not_exist(world: World) -> None:
    secret = make_request(make_client("SEC", world.team, world.alice, world.bob, restricted=True))
    eve = by(make_user("Eve", AM))

    hidden, missing = requests.triage([secret.pk, 10_000_000], by=eve, at=NOW)

    assert hidden.refusals == missing.refusals
    assert [refusal.code for refusal in hidden.refusals] == ["gone"]
