"""11. Clients see their own: every query starts from who is asking. The portal comes later; staff are held to it already."""

from __future__ import annotations

from routing.models import WorkItem
from routing.roles import AM, CREATIVE
from routing.visibility import clients_seen_by, contacts_seen_by, work_seen_by
from tests.world import World, by, make_client, make_contact, make_request, make_user


def test_somebody_without_a_role_sees_nothing(world: World) -> None:
    make_request(world.acme)
    nobody = by(make_user("Nobody"))

    assert not work_seen_by(nobody).exists()
    assert WorkItem.objects.exists()


def test_a_restricted_client_is_not_there_for_others(world: World) -> None:
    secret = make_client("SEC", world.team, world.alice, world.bob, restricted=True)
    make_request(secret)
    contact = make_contact()
    contact.memberships.create(client=secret)

    for person in (make_user("Eve", AM), make_user("Kim", CREATIVE)):
        actor = by(person)
        assert not work_seen_by(actor).filter(client=secret).exists()
        assert secret not in clients_seen_by(actor)
        assert contact not in contacts_seen_by(actor)
    assert secret in clients_seen_by(by(world.alice))
