"""
Compare the body of an event with what is known of the bodies before it: pure values.

Fields are known by their names and the types of their values. No value is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from integrations.adapters.form.adapter import KIND as FORM
from integrations.adapters.form.answers import keys_in
from routing.kernel.shapes import MOST_FIELDS, JSONType, Shape, flat, json_type

STEADY = 20  # bodies in a row that had a field, before it counts as always sent
SURE = 3  # bodies, before what is new in the next one counts
MOST_FORMS = 20  # that share a connection
MOST_KNOWN = 300  # fields of one form
# Names under which form builders say which form it is.
FORM_IDS = ("form", "form_id", "formId", "formID", "form_name", "formName")
# Browsers do not send boxes that are not ticked, so these fields come and go.
TICKS = frozenset({"on", "off", "true", "false", "yes", "no", "1", "0"})
LONGEST_ID = 100  # characters

# ``{"name": …, "seen": …, "quiet": …, "fields": {name: {"types": […], "run": …, "tick": …}}}``
KnownForm: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class BodyShape:
    """
    The shape of one body.

    ``form`` is the id of its form, if it names one, and ``ticks`` are fields that come and go.
    """

    fields: Shape
    ticks: frozenset[str] = frozenset()
    form: str = ""
    shares: bool = False  # several forms may share the connection, and not say which it is

    @classmethod
    def of(cls, kind: str, body: Any) -> BodyShape:
        if kind != FORM or not isinstance(body, Mapping):
            return cls(_types(flat(body)))
        given = dict(list(keys_in(body).items())[:MOST_FIELDS])
        named = next((body[key] for key in FORM_IDS if isinstance(body.get(key), str | int)), "")
        ticks = frozenset(name for name, value in given.items() if _may_be_a_tick(value))
        return cls(_types(given), ticks, str(named)[:LONGEST_ID], shares=True)

    @property
    def steady(self) -> frozenset[str]:
        return frozenset(self.fields) - self.ticks


@dataclass(frozen=True, slots=True)
class ShapeDifference:
    """What a body has no longer, what is new in it, and what has another type, with both shapes."""

    gone: tuple[str, ...]
    new: tuple[str, ...]
    retyped: tuple[tuple[str, str, str], ...]
    was: Shape
    now: Shape


def _types(values: Mapping[str, Any]) -> Shape:
    # Any text counts as text: somebody may answer “5” or “five”.
    return {
        name: (JSONType.TEXT if isinstance(value, str) and value else json_type(value)).value
        for name, value in values.items()
    }


def _may_be_a_tick(value: Any) -> bool:
    return isinstance(value, bool | list) or str(value).casefold() in TICKS


def learn(forms: list[KnownForm], body: BodyShape) -> ShapeDifference | None:
    """
    Return how a body differs from those before it, and add it to what is known, in place.

    The first body of a form differs from nothing.
    """
    known = form_of(forms, body)
    if known is None:
        forms.append(_added({"name": body.form, "seen": 0, "quiet": 0, "fields": {}}, body))
        del forms[:-MOST_FORMS]
        return None
    found = _difference(known, body)
    _added(known, body)
    return found


def form_of(forms: Sequence[KnownForm], body: BodyShape) -> KnownForm | None:
    """Return what is known of the form that a body comes from, or None for a new one."""
    same = [known for known in forms if known["name"] == body.form]
    if not same or body.form or not body.shares:
        return same[0] if same else None
    # The one with the most fields in common is meant.
    like = max(reversed(same), key=lambda known: len(_always(known) & frozenset(body.fields)))
    if _always(like) & frozenset(body.fields):
        return like
    only = len(same) == 1 and same[0]["seen"] >= SURE
    return like if only else None  # all its fields changed, or it is another form


def _always(known: KnownForm) -> frozenset[str]:
    """Return the fields that every body of a form has had lately."""
    enough = min(known["seen"], STEADY)
    fields = known["fields"].items()
    return frozenset(name for name, each in fields if each["run"] >= enough and not each["tick"])


def _difference(known: KnownForm, body: BodyShape) -> ShapeDifference | None:
    fields = known["fields"]
    # A browser sends empty fields as well. Other systems may leave them out, and take a while.
    sure = known["seen"] >= SURE
    gone = _always(known) - frozenset(body.fields) if sure or body.shares else frozenset()
    # Some senders name fields by chance, such as by an id. Theirs are always new.
    is_calm = known["quiet"] >= SURE and len(fields) < MOST_KNOWN
    new = frozenset(body.fields) - frozenset(fields) if is_calm or gone else frozenset()
    retyped = []
    for name, type_ in sorted(body.fields.items()):
        before = fields[name]["types"] if name in fields else []
        if sure and before and type_ != JSONType.EMPTY and type_ not in before:
            retyped.append((name, ", ".join(before), type_))
    if not gone and not new and not retyped:
        return None
    shown = {name: ", ".join(each["types"]) for name, each in fields.items() if each["run"]}
    return ShapeDifference(
        tuple(sorted(gone)), tuple(sorted(new)), tuple(retyped), shown, dict(body.fields)
    )


def _added(known: KnownForm, body: BodyShape) -> KnownForm:
    known["seen"] += 1
    fields = known["fields"]
    known["quiet"] = 0 if frozenset(body.fields) - frozenset(fields) else known["quiet"] + 1
    for name, type_ in body.fields.items():
        if name not in fields and len(fields) >= MOST_KNOWN:
            continue
        each = fields.setdefault(name, {"types": [], "run": 0, "tick": False})
        each["run"] += 1
        each["tick"] = each["tick"] or name in body.ticks
        if type_ != JSONType.EMPTY and type_ not in each["types"]:
            each["types"].append(type_)
    for name, each in fields.items():
        if name not in body.fields:
            each["run"] = 0
    return known
