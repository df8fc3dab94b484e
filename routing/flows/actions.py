"""
Kinds of actions: what a flow may do once the owner is known, and the actions of a version.

Packages above register kinds in ``AppConfig.ready``. Each declares its inputs, what it changes and
how that is undone, so that pages, files and the catalogue say the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from routing.flows.change_classes import ChangeClass
from routing.flows.models import FlowVersion, VersionAction
from routing.flows.template import fill
from routing.people.actors import Actor
from routing.work.gates import Words

MOST_ACTIONS = 5


@dataclass(frozen=True, slots=True)
class InputChoice:
    """
    A value that an input can have: as it is stored, in words, and as it stands in a file.

    A file names people, teams and flows as their readers do. Rows have their ids, which stay the
    same if somebody renames them.
    """

    stored: str
    words: Words
    in_file: str = ""

    @property
    def written(self) -> str:
        return self.in_file or self.stored


@dataclass(frozen=True, slots=True)
class ActionInput:
    """
    One input of a kind of action: one of ``choices``, or a text with fields in braces.

    ``long`` is true of a text of several lines.
    """

    name: str
    label: Words
    help_text: Words = ""
    required: bool = True
    long: bool = False
    choices: Callable[[], Sequence[InputChoice]] | None = None

    def choice(self, stored: str) -> InputChoice | None:
        """Return the choice with this stored value, or None if there is none today."""
        found = self.choices() if self.choices else ()
        return next((each for each in found if each.stored == stored), None)

    def shown(self, stored: str) -> str:
        """Return a value in words."""
        known = self.choice(stored)
        return str(known.words) if known else stored

    def to_file(self, stored: str) -> str:
        known = self.choice(stored)
        return known.written if known else stored

    def from_file(self, written: str) -> str:
        found = self.choices() if self.choices else ()
        return next((each.stored for each in found if each.written == written), written)


@dataclass(frozen=True, slots=True)
class ActionRefused:
    """Why an action could not be carried out, in words for the person who decides what to do."""

    message: str
    evidence: Mapping[str, Any] = field(default_factory=dict)


# Runs that are routed, see routing.runs.registry.RoutedRun. It returns the refusals by run id, and
# writes nothing for those runs.
CarryOut = Callable[[Sequence[Any], Actor, datetime], Mapping[int, ActionRefused] | None]
# Why an action with these inputs can never run in this version.
Never = Callable[[FlowVersion, Mapping[str, str]], str]


def no_reason(version: FlowVersion, inputs: Mapping[str, str]) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class ActionKind:
    """
    A kind of action.

    ``changes`` has what it writes, for the catalogue. ``undo`` says how it is taken back.
    ``opens_request`` is true if it opens the request of the run, and ``needs_request`` if it works
    on one that an earlier action has opened. As the first action of a version, one with
    ``at_once`` is carried out with the decision, in the same transaction. ``times`` are the kinds
    of work whose clocks it starts.
    """

    name: str
    label: Words
    changes: tuple[Words, ...]
    undo: Words
    carry_out: CarryOut
    inputs: tuple[ActionInput, ...] = ()
    change_class: ChangeClass = ChangeClass.OUTSIDE_EFFECT
    opens_request: bool = False
    needs_request: bool = False
    at_once: bool = False
    never: Never = no_reason
    times: tuple[str, ...] = ()

    def input(self, name: str) -> ActionInput | None:
        return next((each for each in self.inputs if each.name == name), None)


_kinds: dict[str, ActionKind] = {}


def action_kind(kind: ActionKind) -> ActionKind:
    """Register a kind of action that flows may have."""
    _kinds[kind.name] = kind
    return kind


def kind_named(name: str) -> ActionKind | None:
    return _kinds.get(name)


def action_kinds() -> Sequence[ActionKind]:
    """Return every kind, by label."""
    return sorted(_kinds.values(), key=lambda kind: str(kind.label))


def action_names() -> Sequence[str]:
    return sorted(_kinds)


def kind_words(name: str) -> str:
    """Return the label of a kind, or its name if nothing here carries it out."""
    kind = _kinds.get(name)
    return str(kind.label) if kind else name


# -- Actions of a version --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """An action of a version, with the text of each input as it is stored."""

    kind: str
    inputs: Mapping[str, str] = field(default_factory=dict)

    @property
    def at_once(self) -> bool:
        kind = _kinds.get(self.kind)
        return kind is not None and kind.at_once

    @property
    def opens_request(self) -> bool:
        kind = _kinds.get(self.kind)
        return kind is not None and kind.opens_request

    def filled(self, facts: Mapping[str, Any]) -> dict[str, str]:
        """Return the inputs with the values of the facts that their texts name."""
        kind = _kinds.get(self.kind)
        chosen = {each.name for each in kind.inputs if each.choices} if kind else set()
        return {
            name: text if name in chosen else fill(text, facts)
            for name, text in self.inputs.items()
        }


def actions_of(version: FlowVersion) -> tuple[ActionSpec, ...]:
    """
    Return the actions of a version in their order.

    A version of before there were several has none as rows. Its only one is in a column.
    """
    rows = [ActionSpec(row.kind, dict(row.inputs)) for row in version.actions.all()]
    if not rows and version.action:
        return (ActionSpec(version.action),)
    return tuple(rows)


def keep_actions(version: FlowVersion, actions: Iterable[ActionSpec]) -> None:
    """Store the actions of a new draft."""
    VersionAction.objects.bulk_create(
        VersionAction(version=version, position=place, kind=each.kind, inputs=dict(each.inputs))
        for place, each in enumerate(actions, start=1)
    )


def changes_of(version: FlowVersion) -> list[str]:
    """Return what the actions of a version may change, each once."""
    found: dict[str, None] = {}
    for each in actions_of(version):
        kind = _kinds.get(each.kind)
        found.update((str(words), None) for words in (kind.changes if kind else ()))
    return list(found)


def action_words(spec: ActionSpec) -> str:
    """Return an action in words, such as “Notify. To: Editorial”."""
    kind = _kinds.get(spec.kind)
    if kind is None:
        return spec.kind
    said = [str(kind.label)]
    for each in kind.inputs:
        value = spec.inputs.get(each.name, "")
        shown = each.shown(value) if value else _("not filled in")
        if value or each.required:
            said.append(f"{each.label}: {shown}")
    return ". ".join(said)


# -- Faults ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ActionFault:
    """What is wrong with one action of a draft. ``place`` counts from 0, ``code`` is stable."""

    code: str
    place: int
    message: str
    input: str = ""


def action_faults(version: FlowVersion) -> list[ActionFault]:
    """Return what keeps the actions of a draft from ever being carried out."""
    found: list[ActionFault] = []
    opened = False
    for place, spec in enumerate(actions_of(version)):
        kind = _kinds.get(spec.kind)
        if kind is None:
            words = _("There is no action “%(name)s”. Choose another one.")
            found.append(ActionFault("unknown_action", place, words % {"name": spec.kind}))
            continue
        values = {"place": place + 1, "action": kind.label}
        found += _input_faults(kind, spec, place)
        if kind.needs_request and not opened:
            words = _(
                "Action %(place)s, “%(action)s”, can never run: no action before it opens a "
                "request. Add one, or move this one behind it."
            )
            found.append(ActionFault("action_never_runs", place, words % values))
        elif kind.opens_request and opened:
            words = _(
                "Action %(place)s, “%(action)s”, can never run: an action before it opens the "
                "request already. Delete one of them."
            )
            found.append(ActionFault("action_never_runs", place, words % values))
        elif why := kind.never(version, spec.inputs):
            words = _("Action %(place)s, “%(action)s”, can never run: %(why)s")
            found.append(ActionFault("action_never_runs", place, words % {**values, "why": why}))
        opened = opened or kind.opens_request
    return found


def _input_faults(kind: ActionKind, spec: ActionSpec, place: int) -> list[ActionFault]:
    found = []
    for each in kind.inputs:
        values = {"place": place + 1, "action": kind.label, "input": each.label}
        value = spec.inputs.get(each.name, "").strip()
        if not value:
            if each.required:
                words = _("Action %(place)s, “%(action)s”, lacks “%(input)s”. Fill it in.")
                found.append(ActionFault("action_lacks_input", place, words % values, each.name))
        elif each.choices and each.choice(value) is None:
            words = _(
                "Action %(place)s, “%(action)s”: what was chosen for “%(input)s” is no longer "
                "there. Choose again."
            )
            found.append(ActionFault("action_lacks_input", place, words % values, each.name))
    return found


def texts_of(version: FlowVersion) -> list[str]:
    """Return the texts of the actions that may have fields in braces."""
    found = []
    for spec in actions_of(version):
        kind = _kinds.get(spec.kind)
        texts = [each.name for each in kind.inputs if not each.choices] if kind else []
        found += [spec.inputs.get(name, "") for name in texts]
    return found
