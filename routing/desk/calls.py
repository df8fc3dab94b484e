"""
Calls of operations by name, with details as text: the work item, the verb and the values that a
person types are looked up here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING, Field, fields
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.base import File as Upload
from django.utils import timezone

from routing.desk.forms import StepForm, form_of
from routing.desk.offers import target
from routing.kernel.entered import Day, Lines, OneLine
from routing.kernel.past_dates import SURE, AsksAboutPast
from routing.people.actors import Actor
from routing.people.staff import User
from routing.work.door import Operation, operations_of
from routing.work.items import WorkItem, WorkNoun
from routing.work.kinds import models_by_kind
from routing.work.visibility import contacts_seen_by, work_seen_by

REF = re.compile(r"[A-Za-z0-9]{1,20}-[0-9]{1,12}")
YES, NO = {"yes", "true", "1"}, {"no", "false", "0"}
EMPTY = {"", "none"}
FILES = {"uploads", "files"}


class BadCall(ValueError):
    """What was typed cannot be understood. The message says what to type instead."""


def noun_called(ref: str, by: Actor) -> WorkNoun:
    """
    Return the row behind a reference, if the actor sees it.

    :raises BadCall: if there is none
    """
    item = work_seen_by(by).filter(ref=ref.strip().upper()).first()
    model = models_by_kind().get(item.kind) if item else None
    if item is None or model is None:
        raise BadCall(f"There is no work {ref}, or {by.name} cannot see it.")
    found: WorkNoun = model._base_manager.select_related("item").get(item=item)
    return found


def step_called(noun: WorkNoun, verb: str) -> Operation[Any]:
    """
    Return the operation with this verb, of the noun or of any work item.

    :raises BadCall: if there is none that a person can call; the message names near ones
    """
    every = {**operations_of(WorkItem), **operations_of(type(noun))}
    named = verb.strip().lower().replace("-", "_").replace(" ", "_")
    found = every.get(named)
    if found is not None and not found.system:
        return found
    kind = type(noun)._meta.verbose_name
    if found is not None:
        raise BadCall(f"“{verb}” follows from other steps. Nobody calls it.")
    known = [name for name, step in every.items() if not step.system]
    hint = _near(named, known)
    raise BadCall(f"A {kind} has no verb “{verb}”.{hint} Its verbs: {', '.join(sorted(known))}.")


def details_called(
    step: Operation[Any], noun: WorkNoun, by: Actor, given: Mapping[str, str]
) -> Any:
    """
    Return the operation's details from texts by name. What is not given keeps its default, or the
    value that the work has now.

    :raises BadCall: if a name is unknown, a value is missing or cannot be read
    """
    details: Any = step.details
    if details is None:
        if given:
            raise BadCall(f"“{step.verb}” takes no values, so leave out --set.")
        return None
    known = {each.name: each for each in fields(details)}
    given = dict(given)
    confirmed = given.pop(SURE, "").strip().lower() in YES
    for name in given:
        if name not in known:
            hint = _near(name, known)
            raise BadCall(f"“{step.verb}” has no value “{name}”.{hint} It takes: {_list(known)}.")
    about = target(step, noun)
    form = form_of(step)(step, [about], by)
    before, values = form.known(about), {}
    types = get_type_hints(details)
    for name, each in known.items():
        if name in given:
            values[name] = _Reader(name, types[name], form, by).read(given[name])
            if not confirmed:
                _check_past(form, name, values[name], before.get(name))
        elif _required(each):
            if name not in before:
                raise BadCall(f"“{step.verb}” needs --set {name}=…")
            values[name] = before[name]
    return details(**values)


def _check_past(form: StepForm, name: str, day: Any, before: Any) -> None:
    """:raises BadCall: if the form would ask whether this date in the past is meant"""
    if not isinstance(form, AsksAboutPast) or name not in form.coming or not isinstance(day, date):
        return
    if day != before and day < timezone.localdate(timezone=form.zone_of_dates()):
        raise BadCall(f"“{name}”: {day} is in the past. Correct it, or add --set {SURE}=yes.")


def _required(each: Field[Any]) -> bool:
    return each.default is MISSING and each.default_factory is MISSING


def _near(name: str, known: Iterable[str]) -> str:
    found = get_close_matches(name, list(known), 3)
    return f" Did you mean {' or '.join(found)}?" if found else ""


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"


class _Reader:
    """Reads the text of one value as its type says."""

    def __init__(self, name: str, hint: Any, form: StepForm, by: Actor) -> None:
        self.name, self.by = name, by
        self.types: tuple[Any, ...] = get_args(hint) if type(None) in get_args(hint) else (hint,)
        if get_origin(hint) is not None and get_origin(hint) not in {Sequence, list, dict, tuple}:
            self.types = get_args(hint)
        self.field = form.fields.get(name)

    def read(self, text: str) -> Any:
        """:raises BadCall: if the text is no value of the type"""
        if self.name in FILES or any(_holds_files(each) for each in self.types):
            raise BadCall(
                f"“{self.name}” takes files, and this command sends none. Use the page of the work."
            )
        if NoneType in self.types and text.strip().lower() in EMPTY:
            return None
        chosen = self._chosen(text)
        readers: dict[Any, Callable[[str], Any]] = {
            bool: self._truth,
            int: self._number,
            Decimal: self._decimal,
            date: self._date,
            datetime: self._instant,
            str: str,
        }
        for type_, reader in readers.items():
            if type_ in self.types:
                return self._as_in_the_form(reader(chosen))
        return self._json(text)

    def _as_in_the_form(self, value: Any) -> Any:
        """
        Return the value as the form of the step would take it.

        :raises BadCall: if the form would refuse it, such as a number below zero
        """
        field = self.field
        if isinstance(value, date) and not isinstance(value, datetime):
            field = Day()
        elif not isinstance(field, OneLine | Lines | forms.DecimalField):
            return value
        try:
            return field.clean(value)
        except ValidationError as error:
            raise BadCall(f"“{self.name}”: {' '.join(error.messages)}") from None

    def _chosen(self, text: str) -> str:
        """Return the value of a choice that was given by its label, or the text itself."""
        if isinstance(self.field, forms.ModelChoiceField) or self.field is None:
            return text
        # A person is named by e-mail address, and read as a number below. The gate checks them.
        if int in self.types and "@" in text:
            return text
        choices = getattr(self.field, "choices", None)
        if choices is None:
            return text
        known = {str(value): str(label) for value, label in choices}
        for value, label in known.items():
            if text.strip().casefold() in {value.casefold(), label.casefold()}:
                return value
        raise BadCall(f"“{text}” is no choice of “{self.name}”. Choose one of: {_list(known)}.")

    def _truth(self, text: str) -> bool:
        if text.strip().lower() in YES | NO:
            return text.strip().lower() in YES
        raise BadCall(f"“{self.name}” is yes or no, not “{text}”.")

    def _number(self, text: str) -> int:
        """Return a number, or the id of the person or the work that the text names."""
        text = text.strip()
        if text.isascii() and text.isdecimal():
            return int(text)
        if "@" in text:
            return self._person(text)
        if REF.fullmatch(text):
            return int(noun_called(text, self.by).pk)
        raise BadCall(f"“{self.name}” is a number, an e-mail address or a reference, not “{text}”.")

    def _person(self, email: str) -> int:
        if self.name.startswith("contact"):
            people: Any = contacts_seen_by(self.by)
        else:
            people = User.objects.staff()
        found = people.filter(email__iexact=email).values_list("pk", flat=True).first()
        if found is None:
            hint = _near(email.lower(), people.values_list("email", flat=True))
            raise BadCall(f"“{self.name}”: nobody has the e-mail address {email}.{hint}")
        return int(found)

    def _decimal(self, text: str) -> Decimal:
        try:
            found = Decimal(text.strip())
        except InvalidOperation:
            found = Decimal("NaN")
        if not found.is_finite():
            raise BadCall(f"“{self.name}” is a number such as 1250.50, not “{text}”.")
        return found

    def _date(self, text: str) -> date:
        try:
            return date.fromisoformat(text.strip())
        except ValueError:
            words = f"“{self.name}” is a date such as 2026-12-24, not “{text}”."
            raise BadCall(words) from None

    def _instant(self, text: str) -> datetime:
        words = f"“{self.name}” is a time such as 2026-12-24T14:20+01:00, not “{text}”."
        try:
            found = datetime.fromisoformat(text.strip())
        except ValueError:
            raise BadCall(words) from None
        if found.tzinfo is None:
            raise BadCall(words)
        return found

    def _json(self, text: str) -> Any:
        try:
            return json.loads(text)
        except ValueError:
            raise BadCall(f"“{self.name}” is JSON, and this cannot be read: {text}") from None


def _holds_files(hint: Any) -> bool:
    inner = [get_origin(each) or each for each in get_args(hint)]
    return any(isinstance(each, type) and issubclass(each, Upload) for each in inner)
