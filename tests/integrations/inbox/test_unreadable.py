"""
I5 and I12: what cannot be read is kept and told once for each kind and connection, to its health
owner, and read again after a mend.
"""

from __future__ import annotations

from typing import Any

import pytest

from integrations.adapters.form.adapter import FormAdapter
from integrations.base.adapter import UnreadableBody
from integrations.models import Connection, Inbound
from routing.kernel.reasons import Reason
from routing.models import Event, ExceptionCase
from routing.runs.operations.exceptions import dismiss, resolve
from routing.runs.operations.own_failures import own_failures
from tests.desk import signed_in, url, words
from tests.integrations.inbox.senders import event, send, submit
from tests.world import NOW, World, by

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("N9", "E15", "N4", "I5")]


@pytest.fixture
def owned(world: World, hubspot: Connection, form: Connection) -> Connection:
    Connection.objects.update(health_owner=world.ivan, health_backup=world.olga)
    return hubspot


def cases(**evidence: Any) -> list[ExceptionCase]:
    wanted = {f"evidence__{name}": value for name, value in evidence.items()}
    return list(ExceptionCase.objects.filter(reason=Reason.UNREADABLE, **wanted).order_by("pk"))


def test_i5_eighty_unreadable_deliveries_are_one_exception_with_the_health_owner(
    owned: Connection, world: World
):
    for number in range(80):
        assert send(f"not json {number}".encode()).status_code == 400

    [case] = cases()

    assert (case.item.owner, case.evidence["connection"]) == (world.ivan, "hubspot-main")
    assert case.evidence["message"] == "The body, or a part of it, is not JSON."


def test_i5_unreadable_events_in_good_batches_are_told_by_their_kind(owned: Connection):
    for number in range(6):
        good, bad = event(objectId=number + 1), event(objectId=number, occurredAt=None)
        answer = send([good, bad, event(objectId="a/b")])
        assert (answer.status_code, answer.json()["captured"]) == (200, 1)

    assert {case.evidence["code"] for case in cases()} == {"no_time", "no_object_id"}


def test_i5_each_connection_has_its_own(owned: Connection):
    send(b"no json")
    submit(b"no json", key="msg_9")

    assert {case.evidence["connection"] for case in cases()} == {"hubspot-main", "form-main"}


def test_i5_what_is_none_of_our_business_is_told_to_nobody(owned: Connection):
    send([event(portalId=1), event(subscriptionType="ticket.creation")])
    assert submit({"type": "other"}).json()["ignored"] == 1

    assert own_failures(at=NOW) == 0
    assert cases() == []


def test_i5_after_a_mend_resolving_reads_them_again(
    owned: Connection, world: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(FormAdapter, "parts", broken_parts)
    for number in range(3):
        submit({"id": f"f-{number}", "data": {}}, key=f"msg_{number}")
    [case] = cases()
    [refused] = dismiss([case.pk], by=by(world.ivan), at=NOW, reason="Later.")
    monkeypatch.undo()

    [done] = resolve([case.pk], by=by(world.ivan), at=NOW, reason="The sender was mended.")

    assert (refused.done, done.done) == (False, True)
    assert Event.objects.filter(source="form-main").count() == 3
    assert set(Inbound.objects.values_list("state", "poison", "settled_at")) == {
        ("processed", 0, None)
    }
    assert own_failures(at=NOW) == 0


def broken_parts(*_: object) -> list[object]:
    """What an earlier version could not read."""
    raise UnreadableBody("not_json")


def test_i5_what_still_cannot_be_read_is_left_alone_and_stays_in_the_list(
    owned: Connection, world: World
):
    send(b"no json")
    [case] = cases()

    resolve([case.pk], by=by(world.ivan), at=NOW, reason="A test of the sender's.")
    send(b"no json")

    assert own_failures(at=NOW) == 0
    assert len(cases()) == 1
    row = Inbound.objects.get()
    assert (row.state, row.poison, row.settled_at) == ("poison", 1, NOW)


def test_i5_the_sweep_finds_what_was_stored_before_anybody_was_told(owned: Connection):
    shared = {"connection": owned, "received_at": NOW, "last_received_at": NOW, "state": "poison"}
    problems = [{"place": 0, "reason": "not_json"}, {"place": 1, "reason": "unknown_portal"}]
    Inbound.objects.create(raw=b"x", sha256="0" * 64, poison=1, problems=problems, **shared)

    assert own_failures(at=NOW) == 1
    assert [case.evidence["code"] for case in cases()] == ["not_json"]


def test_i5_the_owner_reads_one_again_on_its_page(
    owned: Connection, world: World, without_second_factor: None
):
    send(b"no json")
    row, browser = Inbound.objects.get(), signed_in(world.ivan)
    page = browser.get(url(Inbound, "change", row.pk))
    again = f"{url(Inbound, 'change', row.pk).removesuffix('change/')}read-again/"

    answer = browser.post(again, follow=True)

    assert "Read again" in words(page)
    assert "0 new events, 1 still unreadable" in words(answer)
    assert signed_in(world.olga).post(again).status_code == 403


def test_i12_a_signed_form_that_is_no_text_is_kept_and_told_what_is_wrong(owned: Connection):
    answer = submit(b'{"id": "f-1", "data": {"Name": "Zo\xeb"}}')

    assert (answer.status_code, answer.json()["error"]) == (400, "not_utf8")
    assert "not text in UTF-8" in answer.json()["message"]
    assert bytes(Inbound.objects.get().raw) == b'{"id": "f-1", "data": {"Name": "Zo\xeb"}}'
    assert [case.evidence["code"] for case in cases(connection="form-main")] == ["not_utf8"]
