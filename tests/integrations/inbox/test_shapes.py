"""F6: a body with other fields than before is flagged, and the health owner is told once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from integrations.inbox.shapes import learn_shapes
from integrations.models import Connection, ShapeChange
from routing.kernel.reasons import Reason
from routing.models import Dispatch, ExceptionCase, RunEvent
from routing.people.actors import Actor
from routing.runs.operations.capture import Signal, capture
from routing.runs.operations.exceptions import dismiss
from routing.runs.operations.own_failures import own_failures
from routing.runs.operations.raising import ExceptionFinding, raise_exception
from routing.runs.registry import notes_on
from tests.integrations.inbox.senders import make_connection, submit
from tests.world import NOW, World, by

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("N9", "E15", "N4", "I5")]


def send(number: int, **answers: Any) -> None:
    submit({"id": f"f-{number}", "data": answers}, key=f"msg_{number}")


def cases() -> list[ExceptionCase]:
    learn_shapes(at=NOW)
    own_failures(at=NOW)
    return list(ExceptionCase.objects.filter(reason=Reason.FORM_CHANGED).order_by("pk"))


def test_f6_a_renamed_field_is_told_once_with_its_new_name(form: Connection, world: World):
    Connection.objects.update(health_owner=world.ivan, health_backup=world.olga)
    send(1, Email="a@a.example", Amount="10")
    send(2, Email="b@b.example", Betrag="20")

    [case] = cases()

    assert (case.evidence["gone"], case.evidence["new"]) == (["Amount"], ["Betrag"])
    assert case.item.owner == world.ivan
    send(3, Email="c@c.example", Betrag="30")
    assert cases() == [case]
    dismiss([case.pk], by=by(world.ivan), at=NOW, reason="Meant so.")
    send(4, Email="d@d.example", Betrag="40")
    assert cases() == [case]


@pytest.mark.parametrize(
    "later",
    [
        {"Email": "b@b.example", "Amount": ""},
        {"Email": "b@b.example", "Amount": "9", "Newsletter": "on"},
        {"Name": "Ann", "Message": "Hello"},
    ],
)
def test_f6_empty_answers_boxes_and_other_forms_are_no_change(
    form: Connection, later: dict[str, str]
):
    send(1, Email="a@a.example", Amount="10", Newsletter="on")
    send(2, Name="Ben", Message="Hi")
    send(3, **later)

    assert cases() == []


def test_f6_forms_with_an_id_are_compared_with_themselves(form: Connection):
    for number, (form_id, label) in enumerate([("a", "One"), ("b", "Two"), ("a", "Three")]):
        body = {"id": f"f-{number}", "form": form_id, "data": {"Email": "x", label: "y"}}
        submit(body, key=f"msg_{number}")

    [case] = cases()

    assert case.evidence["gone"] == ["One"]


def deal(number: int, **fields: Any) -> None:
    body = {"objectId": 1, "propertyName": "amount", "propertyValue": "1"} | fields
    body = {name: value for name, value in body.items() if value is not None}
    at = NOW + timedelta(seconds=number)
    signal = Signal("crm", "hubspot.deal.propertyChange", str(number), "deal", "1", at, body)
    capture([signal], by=Actor.system(), at=at)


def test_a_field_that_is_gone_new_or_of_another_type_is_flagged_and_told_once(world: World):
    crm = make_connection("hubspot", world, slug="crm")
    Connection.objects.filter(pk=crm.pk).update(health_owner=world.ivan, health_backup=world.olga)
    for number in range(4):
        deal(number)
    assert cases() == []

    deal(5, objectId={"id": 1}, propertyValue=None, currency="EUR")
    [case] = cases()

    assert case.item.owner == world.ivan
    evidence = case.evidence
    assert (evidence["gone"], evidence["new"]) == (
        ["objectId", "propertyValue"],
        ["currency", "objectId.id"],
    )
    assert evidence["was"] == "objectId (number), propertyName (text), propertyValue (text)"
    assert evidence["now"] == "currency (text), objectId.id (number), propertyName (text)"
    [change] = ShapeChange.objects.select_related("event")
    [flag] = notes_on(change.event)
    assert "Other fields than before. Before: objectId (number)" in flag
    assert RunEvent.objects.count() == 0  # it is accepted, and waits to be routed
    assert Dispatch.objects.filter(event=change.event, parked_reason="").exists()
    deal(6, objectId={"id": 1}, propertyValue=None, currency="EUR")
    dismiss([case.pk], by=by(world.ivan), at=NOW, reason="Meant so.")
    assert cases() == [case]


def test_a_type_that_changed_is_said_in_words(world: World):
    make_connection("hubspot", world, slug="crm")
    for number in range(4):
        deal(number)
    deal(5, objectId="one")

    [case] = cases()

    assert case.evidence["retyped"] == ["objectId (number before, text now)"]


def test_fields_that_come_and_go_or_are_named_by_chance_are_no_change(world: World):
    make_connection("hubspot", world, slug="crm")
    for number in range(8):
        deal(number, propertyValue="1" if number % 2 else None, **{f"x{number}": "1"})

    assert cases() == []
    assert ShapeChange.objects.count() == 0


def test_a_change_that_an_older_version_told_of_is_not_told_again(form: Connection, world: World):
    finding = ExceptionFinding(
        Reason.FORM_CHANGED, {"connection": form.slug, "gone": ["Amount"]}, about=form.name
    )
    raise_exception(finding, at=NOW)
    send(1, Email="a@a.example", Amount="10")
    send(2, Email="b@b.example", Betrag="20")

    assert len(cases()) == 1
    for number in range(3, 6):
        send(number, Email="c@c.example", Betrag="20")
    send(6, Email="c@c.example", Betrag="20", Summe="30")
    learn_shapes(at=NOW)
    assert [row.new for row in ShapeChange.objects.all()] == [["Summe"]]
