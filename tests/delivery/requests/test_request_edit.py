"""
Editing a request: what its columns cannot hold, or what is another client's, is refused in words.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from delivery.models import Request
from delivery.requests.details import EditRequestDetails
from delivery.requests.operations import requests
from routing.models import Contact, Membership
from tests.world import NOW, World, by, make_client, make_contact, make_request


@pytest.mark.parametrize(
    "details",
    [
        {"title": "x" * 201},
        {"title": "  "},
        {"title": None},
        {"title": "a\x00b"},
        {"details": "\ud800"},
        {"details": "x" * 10_001},
        {"priority": 99},
        {"priority": "urgent"},
        {"kind": "nonsense"},
        {"channel": ""},
        {"wanted_date": "tomorrow"},
        {"wanted_date": 5},
        {"contact_id": 10_000_000},
        {"contact_id": "one"},
    ],
    ids=str,
)
def test_a_value_that_does_not_fit_is_refused_and_nothing_is_written(
    world: World, details: dict[str, Any]
) -> None:
    request = make_request(world.acme)

    [result] = requests.edit(
        [request.pk], by=by(world.alice), at=NOW, details=EditRequestDetails(**details)
    )

    assert [refusal.code for refusal in result.refusals] == ["fields"]
    assert str(result.refusals[0].evidence)
    assert request.history.count() == 1


def test_the_contact_is_one_of_the_clients_or_nobody(world: World) -> None:
    request, other = (
        make_request(world.acme),
        make_client("BEE", world.team, world.alice, world.bob),
    )
    theirs, foreign, erased = (
        make_contact(),
        make_contact("F", "f@x.test"),
        make_contact("E", "", erased_at=NOW),
    )
    for contact, client in ((theirs, world.acme), (foreign, other), (erased, world.acme)):
        Membership.objects.create(contact=contact, client=client)

    def edit(contact: Contact | None) -> bool:
        return requests.edit(
            [request.pk],
            by=by(world.alice),
            at=NOW,
            details=EditRequestDetails(contact_id=contact.pk if contact else None),
        )[0].done

    assert [edit(contact) for contact in (foreign, erased, theirs, None)] == [
        False,
        False,
        True,
        True,
    ]


def test_everything_that_fits_is_kept(world: World) -> None:
    request = make_request(world.acme)
    told: dict[str, Any] = {
        "kind": "change",
        "channel": "phone",
        "details": "",
        "wanted_date": date(2026, 12, 1),
    }

    [result] = requests.edit(
        [request.pk],
        by=by(world.alice),
        at=NOW,
        details=EditRequestDetails(title="x" * 200, priority=1, **told),
    )

    now = Request.objects.select_related("item").get(pk=request.pk)
    assert result.done
    assert {name: getattr(now, name) for name in told} == told
    assert (now.item.title, now.item.priority) == ("x" * 200, 1)
