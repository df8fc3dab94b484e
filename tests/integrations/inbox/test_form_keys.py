"""F6: a field that a form sends no longer is told to the health owner of its connection."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.models import Connection
from routing.kernel.reasons import Reason
from routing.models import ExceptionCase
from routing.runs.operations.exceptions import dismiss
from routing.runs.operations.own_failures import own_failures
from tests.integrations.inbox.senders import submit
from tests.world import NOW, World, by

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("N9", "E15", "N4", "I5")]


def send(number: int, **answers: Any) -> None:
    submit({"id": f"f-{number}", "data": answers}, key=f"msg_{number}")


def cases() -> list[ExceptionCase]:
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
