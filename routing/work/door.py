"""
The door: the one function through which work changes state, and the operations that lead through
it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, lru_cache, partial
from typing import Any, ClassVar

from django.core.exceptions import EmptyResultSet, PermissionDenied
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from routing.kernel.retrying import again
from routing.kernel.roles import Role, grant, holders
from routing.kernel.transitions import transition_of, turn
from routing.people.actors import Actor
from routing.work.gates import (
    GONE,
    OVERTAKEN,
    Gate,
    GateContext,
    GateResult,
    Words,
    has_reason,
    holds_role,
    not_held,
    passed,
    refused,
)
from routing.work.items import WorkItem
from routing.work.locking import lock, open_below
from routing.work.registry import bring_in_line, reactions
from routing.work.sql import EventMeta, load, write
from routing.work.visibility import visible_work

# Details are empty for a button.
Facts = Callable[[Sequence[Any], Actor, datetime, Mapping[str, Any]], Mapping[int, Any]]
# SQL that selects the work items that are seen, and its parameters; None for all.
Seen = tuple[str, Sequence[Any]] | None
NOTHING: Seen = ("SELECT 0 WHERE false", ())
NOT_FROM_HERE = _("Not allowed in this state.")


@dataclass(frozen=True, slots=True)
class CallContext:
    """Context of a call: actor, time, reason and details."""

    by: Actor
    at: datetime
    reason: str
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class OperationResult:
    """Result for one id: done, or refused by these gates."""

    id: int
    done: bool
    refusals: tuple[GateResult, ...] = ()
    # As written; None when it does not exist.
    row: Any = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, eq=False)
class Operation:
    """
    One verb of one noun: who may, which gates, how it is called on screen. Buttons, bulk actions,
    API and tests read this.

    Calling it runs ``run``, or the door itself: for one id or a thousand, one ``OperationResult``
    per id in the order given. ``facts`` loads what the gates need, once for the batch. ``system``
    operations have no button: reactions call them.
    """

    do_not_call_in_templates: ClassVar[bool] = (
        True  # a template that shows the label must not run the step
    )

    model: type[models.Model]
    verb: str
    label: Words
    may: tuple[Role, ...] = ()
    contacts: tuple[
        str, ...
    ] = ()  # roles of a membership whose contacts may too, with their own client's work
    becomes: tuple[
        str, ...
    ] = ()  # verbs that ``run`` may take in place of its own, as the facts decide
    gates: tuple[Gate, ...] = ()
    facts: Facts | None = None
    through_hold: bool = False
    needs_reason: bool = False
    details: tuple[str, ...] = ()  # names of fields a person fills in
    run: Callable[..., list[OperationResult]] | None = None
    system: bool = False
    danger: bool = False
    done: Words = ""  # a past-tense sentence for the activity, such as “%(who)s approved the brief”

    @property
    def app(self) -> str:
        return self.model._meta.app_label

    @cached_property
    def permission(self) -> str:
        return f"{self.app}.{self.verb}_{self.model._meta.model_name}"

    @cached_property
    def kind(self) -> str:
        """The kind of the events it records."""
        return f"{self.app}.{self.model._meta.model_name}.{self.verb}"

    @cached_property
    def all_gates(self) -> tuple[Gate, ...]:
        hold = () if self.through_hold else (not_held,)
        role = (partial(holds_role, self.contacts),) if self.contacts else ()
        return (*role, *hold, *self.gates, *((has_reason,) if self.needs_reason else ()))

    def __call__(
        self, ids: Sequence[int], *, by: Actor, at: datetime, reason: str = "", **details: Any
    ) -> list[OperationResult]:
        """:raises PermissionDenied: if ``by`` may not do this at all"""
        if self.run is None:
            return move(self, ids, by=by, at=at, reason=reason, **details)
        self.require(by)  # before ``run`` reads or locks anything
        call = partial(self.run, self, ids, by=by, at=at, reason=reason, **details)
        return again(call, otherwise=partial(_overtaken, ids))

    def require(self, by: Actor) -> None:
        """:raises PermissionDenied: if ``by`` may not do this at all"""
        if not self.open_to(by):
            by.require(
                self.permission,
                to=f"{self.verb.replace('_', ' ')} {self.model._meta.verbose_name_plural}",
            )

    def open_to(self, by: Actor) -> bool:
        return by.may(self.permission) or bool(self.contacts and by.clients_as(*self.contacts))


_operations: dict[type[models.Model], dict[str, Operation]] = defaultdict(dict)


def operation(model: type[models.Model], verb: str, label: Words, **options: Any) -> Operation:
    """Declare an operation, and with it the permission and the roles that hold it."""
    made = Operation(model, verb, label, **options)
    _operations[model][verb] = made
    grant(
        made.permission, *made.may, name=f"Can {verb.replace('_', ' ')} {model._meta.verbose_name}"
    )
    return made


def operations_of(model: type[models.Model]) -> Mapping[str, Operation]:
    return _operations[model]


def all_operations() -> list[Operation]:
    return [each for verbs in _operations.values() for each in verbs.values()]


def move(
    step: Operation,
    ids: Sequence[int],
    *,
    by: Actor,
    at: datetime,
    reason: str = "",
    **details: Any,
) -> list[OperationResult]:
    """
    Take rows through a verb: permission, lock, gates, verb, one statement for rows, history and
    events, clocks, reactions.

    What a gate, the state machine or another person refuses stays as it was. One id that neither a
    reaction, a clock nor a hold waits for needs no lock: its one statement, guarded by the row
    version, is the transaction. Undone for a deadlock, it is tried again, unless the transaction is
    the caller's.

    :param at: aware; the instant of the change in history and events
    :raises PermissionDenied: if ``by`` lacks the permission
    :raises TypeError: if a detail is none of the operation's
    """
    step.require(by)
    unknown = details.keys() - step.details
    if unknown and not step.system:  # a verb that takes any field would write it
        raise TypeError(f"{step.kind} takes no {', '.join(sorted(unknown))}")
    wanted, asked = list(dict.fromkeys(ids)), CallContext(by, at, reason, details)
    return again(
        partial(_move, step, wanted, asked, _seen(by)), otherwise=partial(_overtaken, wanted)
    )


def carry(
    step: Operation,
    ids: Sequence[int],
    *,
    by: Actor,
    at: datetime,
    reason: str = "",
    **details: Any,
) -> list[OperationResult]:
    """
    Take along what belongs to rows that were just moved, whether or not ``by`` may do or see it:
    the whole was asked for.

    Call it in the transaction that moved them.
    """
    return _move(step, ids, CallContext(by, at, reason, details), None)


def _move(
    step: Operation, wanted: Sequence[int], asked: CallContext, seen: Seen
) -> list[OperationResult]:
    if len(wanted) == 1 and not reactions(step.kind):
        rows = load(step.model, wanted, lock=False, seen=seen)
        if not any((item := _item(row)).concerns_clocks or item.held_at for row in rows):
            return _pass(step, wanted, rows, asked)
    with transaction.atomic(savepoint=False):
        lock(step.model, wanted)
        return _pass(step, wanted, load(step.model, wanted, lock=True, seen=seen), asked)


def _pass(
    step: Operation, wanted: Sequence[int], rows: Sequence[Any], asked: CallContext
) -> list[OperationResult]:
    """Judge, turn and write rows that are loaded, and locked where that is needed."""
    by, at = asked.by, asked.at
    context = _context(step, rows, by, at, {**asked.details, "reason": asked.reason})
    found = {
        row.pk: [answer for answer in judge(step, row, context) if not answer.passed]
        for row in rows
    }
    moved = [
        pair
        for row in rows
        if not found[row.pk] and (pair := _turn(step, row, at, asked.details, found[row.pk]))
    ]
    written = (
        write(
            step.model,
            moved,
            EventMeta(kind=step.kind, actor=by.user_id, at=at, reason=asked.reason),
        )
        if moved
        else set()
    )
    for _before, after, *_items in moved:
        if after["id"] not in written:
            found[after["id"]].append(OVERTAKEN)
    done = [row for row in rows if row.pk in written]
    freed = [
        before["id"]
        for _, noun, before, after in moved
        if noun["id"] in written and _ended_held(before, after)
    ]
    release(freed, by=by, at=at, reason=asked.reason)
    bring_in_line([_item(row) for row in done], at)
    for reaction in reactions(step.kind) if done else ():
        reaction(done, by, at)
    by_id = {row.pk: row for row in rows}
    return [
        OperationResult(pk, not found.get(pk, [GONE]), tuple(found.get(pk, [GONE])), by_id.get(pk))
        for pk in wanted
    ]


def _overtaken(ids: Sequence[int]) -> list[OperationResult]:
    return [OperationResult(pk, False, (OVERTAKEN,)) for pk in dict.fromkeys(ids)]


def _ended_held(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    return before["held_at"] is not None and before["is_open"] and not after["is_open"]


def release(ids: Sequence[int], *, by: Actor, at: datetime, reason: str) -> None:
    """
    Resume what is held with these items, whose own hold is over; before reactions, which may have
    steps to take with it.
    """
    below = [item for item, held_by in open_below(ids) if held_by in ids] if ids else []
    if below:
        carry(RELEASE, below, by=by, at=at, reason=reason)


def judge(step: Operation, row: Any, context: GateContext) -> list[GateResult]:
    """Every answer, passed or not, in the order a person should clear them: state first."""
    return [_state(step, row), *(gate(row, context) for gate in step.all_gates)]


def preview(
    steps: Sequence[Operation], row: Any, *, by: Actor, at: datetime
) -> list[tuple[Operation, list[GateResult]]]:
    """
    Return the answer of each operation without doing it.

    It asks the same gates, so buttons agree with the door.
    """
    answers = []
    for step in steps:
        context = _context(step, [row], by, at, {}, preview=True)
        answers.append((step, [_permission(step, by), *judge(step, row, context)]))
    return answers


def _permission(step: Operation, by: Actor) -> GateResult:
    if step.open_to(by):
        return passed("permission")
    return refused(
        "permission", _("Your role does not allow this."), clears_by=holders(step.permission)
    )


def _context(
    step: Operation,
    rows: Sequence[Any],
    by: Actor,
    at: datetime,
    details: Mapping[str, Any],
    *,
    preview: bool = False,
) -> GateContext:
    facts = step.facts(rows, by, at, details) if step.facts and rows else {}
    return GateContext(by, at, details, facts, preview)


@lru_cache(maxsize=512)
def _seen(by: Actor) -> Seen:
    condition = visible_work(by)
    if condition is None:
        return None
    try:
        return WorkItem.objects.filter(condition).order_by().values("pk").query.sql_with_params()
    except EmptyResultSet:  # no row can match, and Django makes no SQL of that
        return NOTHING


def _state(step: Operation, row: Any) -> GateResult:
    change = transition_of(step.model, step.verb)
    if change is None or row.state in change.targets:
        return passed("state", evidence=row.state)
    return refused("state", NOT_FROM_HERE, evidence=row.state)


def _item(row: Any) -> WorkItem:
    item: WorkItem = getattr(row, "item", row)
    return item


def _turn(
    step: Operation, row: Any, at: datetime, details: Mapping[str, Any], held: list[GateResult]
) -> tuple[Any, ...] | None:
    """
    Run the verb in memory and mirror the outcome to the work item; the values before and after, or
    None if refused.
    """
    item = _item(row)
    before, item_before = row.__dict__.copy(), item.__dict__.copy()
    if not turn(row, step.verb, at=at, **details):
        held.append(refused("state", NOT_FROM_HERE, evidence=before["state"]))
        return None
    if item is not row:
        item.state, item.is_open = row.state, row.is_open
        if item.held_at is not None and not item.is_open:
            # A hold pauses open work: what has ended can neither be held nor hold its parts.
            item.resume(at=at)
    item.changed_at = at
    return before, row.__dict__, item_before, item.__dict__


def is_held(row: WorkItem, context: GateContext) -> GateResult:
    if row.held_at is not None:
        return passed("held", _("On hold."), evidence=row.hold_reason)
    return refused("held", _("Not on hold."), clears_by=_("Nobody"))


# Below a held item nobody is asked again: whoever may resume the whole, or end it, may resume its
# parts.
RELEASE = Operation(
    WorkItem,
    "resume",
    _("Resume"),
    done=_("%(who)s resumed the work"),
    gates=(is_held,),
    through_hold=True,
    system=True,
)

__all__ = [
    "Operation",
    "OperationResult",
    "PermissionDenied",
    "all_operations",
    "carry",
    "judge",
    "move",
    "operation",
    "operations_of",
    "preview",
    "release",
]
