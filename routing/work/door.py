"""
The door: the one function through which work changes state, and the operations that go through it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any, Protocol, TypeVar, Unpack, cast, overload

from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from routing.kernel.channel import with_channel
from routing.kernel.retrying import again
from routing.kernel.roles import grant
from routing.kernel.transitions import turn
from routing.people.actors import Actor
from routing.work.declaration import Declaration, Facts, Options
from routing.work.gates import (
    GONE,
    OVERTAKEN,
    ContextWith,
    Gate,
    GateResult,
    Words,
    passed,
    refused,
)
from routing.work.items import WorkItem
from routing.work.judging import NOT_FROM_HERE, CallContext, context_of, judge
from routing.work.locking import lock, open_along
from routing.work.registry import bring_in_line, reactions
from routing.work.sql import EventMeta, load, write
from routing.work.visibility import Seen, seen_by

D = TypeVar("D")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class OperationResult:
    """Result for one id: done, or refused with reasons."""

    id: int
    done: bool
    refusals: tuple[GateResult, ...] = ()
    # The row after the call, or None if there is none.
    row: Any = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, eq=False)
class Operation(Declaration[D]):
    """
    A declaration that can be called with one id or a thousand.

    It calls ``run``, or the door itself, and returns an ``OperationResult`` for each id, in the
    order of the ids.
    """

    @overload
    def __call__(
        self: Operation[None], ids: Sequence[int], *, by: Actor, at: datetime, reason: str = ""
    ) -> list[OperationResult]: ...

    @overload
    def __call__(
        self, ids: Sequence[int], *, by: Actor, at: datetime, reason: str = "", details: D
    ) -> list[OperationResult]: ...

    def __call__(
        self,
        ids: Sequence[int],
        *,
        by: Actor,
        at: datetime,
        reason: str = "",
        details: D | None = None,
    ) -> list[OperationResult]:
        """
        :raises PermissionDenied: if ``by`` may not do this at all
        :raises TypeError: if the details are not the operation's
        """
        if self.run is None:
            return move(self, ids, by=by, at=at, reason=reason, details=cast("D", details))
        self.require(by)  # before ``run`` reads or locks anything
        self.check(details)
        given = {} if details is None else {"details": details}
        call = partial(self.run, self, ids, by=by, at=at, reason=reason, **given)
        return again(call, otherwise=partial(_overtaken, ids))

    def with_details(self, details: type[V]) -> Operation[V]:
        """
        Return the operation that ``run`` passes to the door, with the details of the verb.

        :raises TypeError: if the operation does not declare them as ``verb_details``
        """
        if details is not self.verb_details:
            raise TypeError(f"{self.kind} does not declare {details.__name__} for its verb.")
        bare: Any = self
        inner: Operation[V] = replace(bare, details=details, verb_details=None, run=None)
        return inner


_operations: dict[type[models.Model], dict[str, Operation[Any]]] = defaultdict(dict)


class PlainRun(Protocol):
    """``run`` of an operation without details."""

    def __call__(
        self,
        step: Operation[None],
        ids: Sequence[int],
        /,
        *,
        by: Actor,
        at: datetime,
        reason: str = "",
    ) -> list[OperationResult]: ...


class RunWith(Protocol[D]):
    """``run`` of an operation with details."""

    def __call__(
        self,
        step: Operation[D],
        ids: Sequence[int],
        /,
        *,
        by: Actor,
        at: datetime,
        reason: str = "",
        details: D,
    ) -> list[OperationResult]: ...


@overload
def operation(
    model: type[models.Model],
    verb: str,
    label: Words,
    *,
    gates: tuple[Gate[None], ...] = (),
    facts: Facts[None] | None = None,
    run: PlainRun | None = None,
    **options: Unpack[Options],
) -> Operation[None]: ...


@overload
def operation(
    model: type[models.Model],
    verb: str,
    label: Words,
    *,
    details: type[D],
    gates: tuple[Gate[D], ...] = (),
    facts: Facts[D] | None = None,
    run: RunWith[D] | None = None,
    **options: Unpack[Options],
) -> Operation[D]: ...


@overload
def operation(
    model: type[models.Model],
    verb: str,
    label: Words,
    *,
    verb_details: type[V],
    run: PlainRun,
    gates: tuple[Gate[V], ...] = (),
    facts: Facts[V] | None = None,
    **options: Unpack[Options],
) -> Operation[None]: ...


@overload
def operation(
    model: type[models.Model],
    verb: str,
    label: Words,
    *,
    details: type[D],
    verb_details: type[V],
    run: RunWith[D],
    gates: tuple[Gate[V], ...] = (),
    facts: Facts[V] | None = None,
    **options: Unpack[Options],
) -> Operation[D]: ...


def operation(model: type[models.Model], verb: str, label: Words, **options: Any) -> Operation[Any]:
    """
    Declare an operation, and with it the permission and the roles that hold it.

    The details are a frozen dataclass, which the gates read and whose fields the verb takes::

        @dataclass(frozen=True, slots=True)
        class AskDetails:
            question: str

        class Request(WorkNoun):
            @transition(field=state, source=State.CAPTURED, target=State.NEEDS_INFORMATION)
            def ask(self, *, at: datetime, question: str) -> None:
                self.question = question

        def has_question(row: Request, context: ContextWith[AskDetails]) -> GateResult:
            if context.details is None or context.details.question.strip():
                return passed("question")
            return refused("question", _("Enter a question for the client."))

        ask = operation(
            Request,
            "ask",
            _("Ask client"),
            done=_("%(who)s asked the client a question"),
            may=(AM,),
            gates=(has_question,),
            details=AskDetails,
        )

        ask([request.pk], by=actor, at=now, details=AskDetails("Which colour?"))

    mypy refuses other details, and a gate that reads others. A check compares verb and dataclass.
    """
    made: Operation[Any] = Operation(model, verb, label, **options)
    _operations[model][verb] = made
    grant(
        made.permission, *made.may, name=f"Can {verb.replace('_', ' ')} {model._meta.verbose_name}"
    )
    return made


def operations_of(model: type[models.Model]) -> Mapping[str, Operation[Any]]:
    return _operations[model]


def all_operations() -> list[Operation[Any]]:
    found: list[Operation[Any]] = []
    for verbs in _operations.values():
        found += verbs.values()
    return found


@overload
def move(
    step: Operation[None], ids: Sequence[int], *, by: Actor, at: datetime, reason: str = ""
) -> list[OperationResult]: ...


@overload
def move(
    step: Operation[D], ids: Sequence[int], *, by: Actor, at: datetime, reason: str = "", details: D
) -> list[OperationResult]: ...


def move(
    step: Operation[Any],
    ids: Sequence[int],
    *,
    by: Actor,
    at: datetime,
    reason: str = "",
    details: object = None,
) -> list[OperationResult]:
    """
    Run a verb for rows: permission, lock, gates, verb, one statement for rows, history and events,
    then clocks and reactions.

    Rows that are refused stay as they were. After a deadlock everything is tried again, unless the
    transaction is the caller's.

    :param at: aware time of the change in history and events
    :raises PermissionDenied: if ``by`` lacks the permission
    :raises TypeError: if the details are not the operation's
    """
    step.require(by)
    step.check(details, for_verb=True)
    wanted, asked = list(dict.fromkeys(ids)), CallContext(by, at, reason, details)
    # If the database rolls back every attempt, each id gets OVERTAKEN. To the caller it makes no
    # difference who was faster.
    return again(
        partial(_move, step, wanted, asked, seen_by(by)), otherwise=partial(_overtaken, wanted)
    )


@overload
def carry(
    step: Operation[None], ids: Sequence[int], *, by: Actor, at: datetime, reason: str = ""
) -> list[OperationResult]: ...


@overload
def carry(
    step: Operation[D], ids: Sequence[int], *, by: Actor, at: datetime, reason: str = "", details: D
) -> list[OperationResult]: ...


def carry(
    step: Operation[Any],
    ids: Sequence[int],
    *,
    by: Actor,
    at: datetime,
    reason: str = "",
    details: object = None,
) -> list[OperationResult]:
    """
    Run a verb for rows that belong to rows which were just moved.

    It checks gates but neither permission nor visibility: ``by`` was allowed to change the whole.
    Call it in the transaction that moved the whole.

    :raises TypeError: if the details are not the operation's
    """
    step.check(details, for_verb=True)
    return _move(step, ids, CallContext(by, at, reason, details), None)


def move_loaded(
    step: Operation[D], rows: Sequence[Any], *, by: Actor, at: datetime, reason: str, details: D
) -> list[OperationResult]:
    """
    Run a verb for rows that the caller has just locked and loaded with ``load``.

    Call it in the transaction that loaded them. The rows are the caller's choice, so visibility is
    not checked.

    :raises PermissionDenied: if ``by`` lacks the permission
    :raises TypeError: if the details are not the operation's
    """
    step.require(by)
    step.check(details, for_verb=True)
    return _pass(step, [row.pk for row in rows], rows, CallContext(by, at, reason, details))


def _move(
    step: Operation[Any], wanted: Sequence[int], asked: CallContext, seen: Seen
) -> list[OperationResult]:
    # A single row without clocks, hold or reactions needs no lock. Its one statement is the whole
    # transaction and writes only if the row version is still the one that the gates saw. If not,
    # the caller gets OVERTAKEN.
    if len(wanted) == 1 and not reactions(step.kind):
        rows = load(step.model, wanted, lock=False, seen=seen)
        if not any((item := _item(row)).concerns_clocks or item.held_at for row in rows):
            return _pass(step, wanted, rows, asked)
    with transaction.atomic(savepoint=False):
        # First the work items, by id and with their parents, so that two batches never wait for
        # each other in a circle. Only then are the rows read: what is read is what is locked.
        lock(step.model, wanted)
        return _pass(step, wanted, load(step.model, wanted, lock=True, seen=seen), asked)


def _pass(
    step: Operation[Any], wanted: Sequence[int], rows: Sequence[Any], asked: CallContext
) -> list[OperationResult]:
    """Ask the gates, run the verb and write, for rows that are loaded and locked if necessary."""
    by, at = asked.by, asked.at
    context = context_of(step, rows, asked)
    details = step.keywords(asked.details)
    found: dict[int, list[GateResult]] = {}
    for row in rows:
        answers = judge(step, row, context)
        found[row.pk] = [answer for answer in answers if not answer.passed]
    # All gates are asked before the first verb runs, so that none sees half of a batch.
    moved = []
    for row in rows:
        against = found[row.pk]
        if not against and (turned := _turn(step, row, at, details, against)):
            moved.append(turned)
    written: set[int] = set()
    if moved:
        reason = with_channel(asked.reason)
        meta = EventMeta(kind=step.kind, actor=by.user_id, at=at, reason=reason)
        written = write(step.model, moved, meta)
    for _before, after, *_items in moved:
        if after["id"] not in written:
            found[after["id"]].append(OVERTAKEN)
    done = [row for row in rows if row.pk in written]
    freed = [
        before["id"]
        for _, noun, before, after in moved
        if noun["id"] in written and _ended_held(before, after)
    ]
    # This order matters: the parts of ended work are released before reactions, which may move
    # them, and clocks follow before reactions, which may read due times.
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
    Resume the parts and companions that were held with these items, whose own hold is over.
    """
    # Parts with a hold of their own stay on hold.
    below = [item for item, held_by in open_along(ids) if held_by in ids] if ids else []
    if below:
        carry(RELEASE, below, by=by, at=at, reason=reason)


def _item(row: Any) -> WorkItem:
    item: WorkItem = getattr(row, "item", row)
    return item


def _turn(
    step: Operation[Any], row: Any, at: datetime, details: Mapping[str, Any], held: list[GateResult]
) -> tuple[Any, ...] | None:
    """
    Run the verb in memory and copy the new state to the work item.

    Return the values before and after, or None if the verb was refused.
    """
    item = _item(row)
    before, item_before = row.__dict__.copy(), item.__dict__.copy()
    if not turn(row, step.verb, at=at, **details):
        held.append(refused("state", NOT_FROM_HERE, evidence=before["state"]))
        return None
    if item is not row:
        item.state, item.is_open = row.state, row.is_open
        if item.held_at is not None and not item.is_open:
            # A hold pauses open work. Work that has ended is not on hold and holds no parts.
            item.resume(at=at)
    item.changed_at, item.before, item.active_before = at, item_before, None
    return before, row.__dict__, item_before, item.__dict__


def is_held(row: WorkItem, context: ContextWith[Any]) -> GateResult:
    if row.held_at is not None:
        return passed("held", _("On hold."), evidence=row.hold_reason)
    return refused("held", _("Not on hold."), clears_by=_("Nobody"))


# Declared without a permission: whoever may resume or end the whole may resume its parts.
RELEASE: Operation[None] = Operation(
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
    "move",
    "move_loaded",
    "operation",
    "operations_of",
    "release",
]
