"""A verb, or a form, that does not take the details of its operation is refused at the start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pytest
from django import forms
from django.core.checks.registry import registry
from django.db import models

from delivery.approvals.operations import approvals
from delivery.models import Request
from delivery.requests.admin_forms import RequestAnswerForm
from delivery.requests.details import DuplicateDetails
from delivery.requests.operations import requests
from routing.desk import forms as desk_forms
from routing.desk.checks import every_form_has_the_fields_of_its_details as check_forms
from routing.runs.operations import identify
from routing.work import checks, door
from routing.work.checks import every_verb_takes_the_details_of_its_operation as check
from routing.work.operations import items


@dataclass(frozen=True, slots=True)
class NumberedDetails:
    details: int


@dataclass(frozen=True, slots=True)
class LongerDetails:
    details: str
    urgent: bool


Declare = Callable[[door.Operation[Any]], None]


@pytest.fixture
def declared(monkeypatch: pytest.MonkeyPatch) -> Declare:
    """Declare an operation in place of its namesake, for this test alone."""

    def declare(step: door.Operation[Any]) -> None:
        monkeypatch.setitem(door._operations[step.model], step.verb, step)

    return declare


def test_both_checks_run_with_those_of_django():
    assert {check, check_forms} <= set(registry.get_checks())


def test_every_verb_and_every_form_of_ours_takes_its_details():
    assert check() == []
    assert check_forms() == []
    assert len(desk_forms.step_forms()) > 10


@pytest.mark.parametrize("step", [items.HOLD_BELOW, identify.NAME_CLIENT, door.RELEASE])
def test_a_step_that_nobody_calls_by_itself_agrees_with_its_verb_too(step: door.Operation[Any]):
    assert checks._parameters(step, step.verb) == checks._given(step)


@pytest.mark.parametrize(
    ("details", "words"),
    [
        (DuplicateDetails, "duplicate_of: <class 'int'>"),  # another name
        (NumberedDetails, "details: <class 'int'>"),  # another type
        (LongerDetails, "urgent: <class 'bool'>"),  # one more
        (None, "gives nothing"),
    ],
)
def test_a_verb_that_takes_other_details_is_refused(declared: Declare, details: Any, words: str):
    declared(replace(requests.answer, details=details))

    [error] = check()

    assert error.id == "throughline.E024"
    assert error.msg.startswith("Request.answer takes details: <class 'str'>, but delivery.request")
    assert words in error.msg


def test_a_verb_that_takes_anything_is_refused(monkeypatch: pytest.MonkeyPatch):
    def ask(self: Request, *, at: datetime, question: str, **said: Any) -> None:
        """Take whatever comes."""

    monkeypatch.setattr(Request, "ask", ask)

    assert [error.id for error in check()] == ["throughline.E024"]


def test_a_field_for_gates_that_the_details_lack_is_refused(declared: Declare):
    declared(replace(approvals.reject, for_gates=("digest", "comment", "uploads", "coment")))

    assert [error.id for error in check()] == ["throughline.E024"]


def test_what_an_operation_becomes_takes_the_same_details(declared: Declare):
    declared(replace(requests.ask, becomes=("triage",)))

    [error] = check()

    assert error.msg.startswith("Request.triage takes nothing")


def test_a_form_without_a_field_of_the_details_is_refused(monkeypatch: pytest.MonkeyPatch):
    class Wrong(RequestAnswerForm):
        details = None  # type: ignore[assignment]
        detials = forms.CharField()

    key: tuple[type[models.Model], str] = (Request, "answer")
    monkeypatch.setitem(desk_forms._forms, key, Wrong)

    [error] = check_forms()

    assert error.id == "throughline.E023"
    assert error.msg.endswith("details, detials.")


def test_a_form_that_converts_values_is_compared_too(monkeypatch: pytest.MonkeyPatch):
    class Wrong(RequestAnswerForm):
        detials = forms.CharField()

        def values(self) -> dict[str, Any]:
            return {}

    key: tuple[type[models.Model], str] = (Request, "answer")
    monkeypatch.setitem(desk_forms._forms, key, Wrong)

    [error] = check_forms()

    assert error.msg.endswith("detials.")
