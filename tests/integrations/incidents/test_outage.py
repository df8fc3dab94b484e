"""I1: an outage is one incident, which is led, tested, and closed with everything released."""

from __future__ import annotations

from datetime import timedelta

import pytest

from integrations.base.adapter import Temporary
from integrations.incidents.details import CloseDetails
from integrations.incidents.held import counts_of
from integrations.incidents.models import Incident
from integrations.incidents.operations.leading import acknowledge, close
from integrations.incidents.operations.watching import watch_incidents
from integrations.models import Connection, Outbound
from routing.models import Notification, User
from tests.integrations.outbox.remote import Shelf, Time, deliver, send
from tests.world import World, by, make_request

pytestmark = pytest.mark.requirement("I1", "I4", "E7")
AWAY = Temporary("The connection failed (ConnectError).")
Words = Notification.Words


def go_on(time: Time, minutes: int) -> None:
    """What workers and beat do in this time."""
    for _ in range(minutes * 2):
        deliver(time.on(seconds=30))
        watch_incidents(at=time.now)


def told(incident: Incident, words: str) -> set[str]:
    rows = Notification.objects.filter(item=incident.item, words=words)
    return set(rows.values_list("recipient__full_name", flat=True))


def test_an_outage_is_one_incident_until_the_test_passes_and_all_is_released(
    connection: Connection, shelf: Shelf, time: Time, world: World, keeper: User
) -> None:
    shelf.before = [AWAY] * 500
    request = make_request(world.acme)
    for number in range(6):
        send(connection, f"a{number}", obj=f"thing:{number}", item_id=request.item_id, at=time.now)

    deliver(time)

    incident = Incident.objects.select_related("item").get()
    assert incident.cause == f"connection:{connection.slug}"
    assert (incident.signal, incident.severity) == ("breaker", "major")
    assert (incident.item.owner, incident.item.backup_id) == (keeper, connection.health_backup_id)
    assert incident.noticed_at - incident.began_at < timedelta(minutes=1)
    assert told(incident, Words.INCIDENT) == {"Keeper", "Spare", "Olga"}

    emails = Outbound.objects.filter(content__to=keeper.pk)
    assert emails.get().state == "delivered"  # at once, and not five minutes later

    go_on(time, 5)  # the breaker opens again and again, and the owner of the work is told once

    incident = Incident.objects.select_related("item").get()
    assert incident.joined > 0
    assert told(incident, Words.AFFECTED) == {"Alice"}
    assert Notification.objects.filter(words=Words.AFFECTED).count() == 1
    assert (counts_of(incident).held, counts_of(incident).released) == (6, 0)

    me = by(keeper)
    assert acknowledge([incident.pk], by=me, at=time.now)[0].done
    [refused] = close([incident.pk], by=me, at=time.now, details=CloseDetails())
    assert [each.code for each in refused.refusals] == ["canary_failed"]
    assert refused.refusals[0].evidence == str(AWAY)

    shelf.before = []
    time.on(minutes=20)
    deliver(time)
    go_on(time, 1)
    [closed] = close(
        [incident.pk], by=me, at=time.now, details=CloseDetails(found="Their disk was full.")
    )
    assert closed.done

    incident = Incident.objects.get()
    assert (incident.state, incident.canary_passed) == ("closed", True)
    assert incident.recovered_at is not None
    assert (counts_of(incident).held, counts_of(incident).released) == (6, 6)
    assert set(Outbound.objects.filter(connection=connection).values_list("state", flat=True)) == {
        "delivered"
    }
    assert told(incident, Words.INCIDENT_OVER) == {"Spare", "Olga", "Alice"}
    watch_incidents(at=time.now)  # what failed before is no new trouble
    assert Incident.objects.count() == 1
