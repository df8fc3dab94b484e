"""Erasing a person reaches what was posted to us."""

from __future__ import annotations

from integrations.models import Connection, Inbound
from routing.audit.operations.erasure import erase
from tests.world import NOW, World, by, make_contact


def delivery(connection: Connection, body: bytes) -> Inbound:
    return Inbound.objects.create(
        connection=connection,
        received_at=NOW,
        last_received_at=NOW,
        raw=body,
        sha256=str(hash(body)),
    )


def test_deliveries_that_name_the_address_are_emptied_and_others_stay(
    world: World, form: Connection
) -> None:
    contact = make_contact()
    naming = [
        delivery(form, body)
        for body in (b'{"email": "carla@acme.test"}', b"\xff\x00 Carla@ACME.test")
    ]
    other = delivery(form, b'{"email": "dora@acme.test"}')

    erase(contact.pk, by=by(world.olga), at=NOW, reason="Asked to be forgotten")

    assert [bytes(Inbound.objects.get(pk=each.pk).raw) for each in naming] == [b"", b""]
    assert bytes(Inbound.objects.get(pk=other.pk).raw) == b'{"email": "dora@acme.test"}'
