"""Incidents at the desk: opened by a form, shown to everybody, led on their page."""

from __future__ import annotations

import pytest
from django.test import Client as Browser

from integrations.incidents.models import Incident
from integrations.incidents.operations.watching import tend
from integrations.models import Connection
from routing.models import User
from tests.desk import signed_in, url, words
from tests.integrations.outbox.remote import Shelf, Time, deliver, send
from tests.world import NOW, World, make_client, make_request

pytestmark = [
    pytest.mark.usefixtures("without_second_factor"),
    pytest.mark.requirement("I1", "I10"),
]


def opened(browser: Browser, **fields: object) -> Incident:
    data = {"what": "The CRM loses deals", "severity": "major", "once": "t1", **fields}
    answer = browser.post(url(Incident, "add"), data)
    assert answer.status_code == 302, words(answer)
    return Incident.objects.select_related("item__owner").latest("pk")


def test_a_person_opens_one_once_and_everybody_reads_it_on_today(
    world: World, connection: Connection, shelf: Shelf
) -> None:
    browser = signed_in(world.alice)
    found = opened(browser, connection=connection.pk)
    opened(browser, connection=connection.pk)
    assert Incident.objects.get().joined == 0

    assert words(browser.get(url(Incident, "changelist"))).count(found.item.ref) > 0
    refused = browser.post(url(Incident, "add"), {"what": "", "severity": "major", "once": "t2"})
    assert "Correct the marked fields" in words(refused)
    for person in (world.alice, world.cora, world.audrey):
        said = words(signed_in(person).get("/admin/"))
        assert "An incident is open" in said
        assert "Incident: The CRM loses deals" in said
    assert signed_in(world.audrey).get(url(Incident, "add")).status_code == 403


def test_its_page_lists_what_waits_as_far_as_the_reader_sees_it(
    world: World, connection: Connection, shelf: Shelf, time: Time, keeper: User
) -> None:
    secret = make_client("SEC", world.team, world.olga, world.bob, restricted=True)
    for number, client in enumerate([world.acme, secret]):
        item = make_request(client, title=f"Page of {client.code}").item_id
        send(connection, f"a{number}", obj=f"thing:{number}", item_id=item, at=NOW)
    found = opened(signed_in(world.olga), connection=connection.pk)
    tend(found, NOW)

    assert "Page of SEC" in words(signed_in(world.olga).get(url(Incident, "change", found.pk)))
    stranger = User.objects.get(pk=world.ivan.pk)
    stranger.groups.set(world.alice.groups.all())
    said = words(signed_in(stranger).get(url(Incident, "change", found.pk)))
    assert "Page of ACM" in said
    assert "SEC" not in said

    browser = signed_in(keeper)
    page = url(Incident, "change", found.pk)
    assert "Read the status page of the system" in words(browser.get(page))
    for verb, fields in (
        ("acknowledge", {}),
        ("tick", {"done": "status"}),
        ("assess", {"severity": "minor"}),
        ("test", {}),
        ("close", {"found": "Their disk was full", "measure": "An alarm at 80 %"}),
    ):
        answer = browser.post(url(Incident, "step", found.pk, verb), fields, follow=True)
        assert answer.status_code == 200, words(answer)
    deliver(time)
    said = words(browser.get(page))
    assert "An alarm at 80 %" in said
    assert Incident.objects.get().state == "closed"
    assert "An incident is open" not in words(browser.get("/admin/"))
