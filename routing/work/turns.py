"""
Turns: for each open state of each noun, the party that must act next, and the verbs that settle it.

Rooms and packages above declare their parties and turns when they are loaded. The status line of a
page, the column and filter “Waits for”, “Waiting for my decision” on Today, the portal's list and
notifications all read this table. A test fails if an open state has no turn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.db.models import Case, Q, Value, When
from django.utils.translation import gettext_lazy as _

from routing.kernel.transitions import transitions_of
from routing.people.actors import Actor
from routing.work.gates import Words
from routing.work.items import WorkItem, WorkItemQuerySet, WorkNoun

# User ids by work item id. An item may have none, such as a client without portal access.
People = Mapping[int, Sequence[int]]


@dataclass(frozen=True, slots=True)
class Party:
    """
    Those who may have to act: a person of the work item, the holders of a right, or a client.

    ``people`` returns the users to notify. ``mine`` is the condition on a work item for which the
    actor is one of them; it presumes that the item waits for this party. ``outside`` is true of
    the client's people.
    """

    code: str
    label: Words
    people: Callable[[Sequence[WorkItem]], People]
    mine: Callable[[Actor], Q]
    outside: bool = False


def _nobody(items: Sequence[WorkItem]) -> People:
    return {}


def nobodys_turn(by: Actor) -> Q:
    """Return a condition that no item meets, for parties that are only notified."""
    return Q(pk__in=[])


def _owners(items: Sequence[WorkItem]) -> People:
    return {item.pk: [item.owner_id] for item in items if item.owner_id}


def _backups(items: Sequence[WorkItem]) -> People:
    return {item.pk: [item.backup_id] for item in items if item.backup_id}


def _assignees(items: Sequence[WorkItem]) -> People:
    found = {item.pk: item.doer_id or item.owner_id for item in items}
    return {pk: [user] for pk, user in found.items() if user}


OWNER = Party("owner", _("Owner"), _owners, lambda by: Q(owner=by.user_id))
BACKUP = Party("backup", _("Backup"), _backups, lambda by: Q(backup=by.user_id))
ASSIGNEE = Party(
    "assignee",
    _("Assignee"),
    _assignees,
    lambda by: Q(doer=by.user_id) | Q(doer=None, owner=by.user_id),
)
# The assignee alone, for messages about work that only a maker needs to know about.
MAKER = Party(
    "assignee",
    _("Assignee"),
    lambda items: {item.pk: [item.doer_id] for item in items if item.doer_id},
    lambda by: Q(doer=by.user_id),
)
# Those whose turn it is with the parts of the work; each part says so itself.
PARTS = Party("parts", _("Its parts"), _nobody, nobodys_turn)
# The product itself: a job, a probe or a message in the outbox. What fails becomes an exception.
SYSTEM = Party("system", _("Throughline"), _nobody, nobodys_turn)


@dataclass(frozen=True, slots=True)
class Turn:
    """
    One row of the table: in this state, and under this condition, the party must act.

    ``act`` completes “Waits for Dana Whitfield to …”. ``verbs`` settle it. ``decision`` is true if
    a person has to decide rather than to work, which Today lists first. ``when`` is a condition on
    the work item; the first turn of a state whose condition holds counts.
    """

    model: type[models.Model]
    state: str
    party: Party
    act: Words
    verbs: tuple[str, ...]
    decision: bool = False
    when: Q = field(default_factory=Q)

    @property
    def key(self) -> str:
        """Return a name that is unique in the table, such as ``request.triaged.owner``."""
        return f"{self.model._meta.model_name}.{self.state}.{self.party.code}"

    @property
    def condition(self) -> Q:
        """Return the condition on a work item."""
        return Q(kind=self.model._meta.model_name, state=self.state, is_open=True) & self.when


_turns: dict[str, Turn] = {}


def turn(
    model: type[models.Model],
    *states: str,
    party: Party,
    act: Words,
    by: Sequence[str],
    decision: bool = False,
    when: Q | None = None,
) -> None:
    """
    Declare whose turn it is in these states.

    :param by: verbs that settle it
    :param when: condition on the work item. Declare turns with a condition before the one without
    :raises ValueError: if a verb does not start from the state, or the row stands there twice
    """
    for state in states:
        row = Turn(model, str(state), party, act, tuple(by), decision, when or Q())
        changes = transitions_of(model)
        wrong = [verb for verb in by if verb not in changes or state not in changes[verb].sources]
        if wrong:
            raise ValueError(f"{model.__name__}: {wrong} do not start from {state}.")
        if row.key in _turns:
            raise ValueError(f"{row.key} is declared twice.")
        _turns[row.key] = row


HELD = "held"


def turns() -> Mapping[str, Turn]:
    """Return the table by key, in the order of declaration."""
    return dict(_turns)


def turns_of(model: type[models.Model], state: str) -> tuple[Turn, ...]:
    """Return the turns of a state: those with a condition first, in the order they are tried."""
    return tuple(row for row in _turns.values() if row.model is model and row.state == state)


def with_turns(items: WorkItemQuerySet, state: str = "") -> WorkItemQuerySet:
    """
    Annotate items with ``turn_key``: the key of the turn that holds, ``HELD`` for work on hold, or
    an empty string for work that has ended.

    :param state: the state of all these items, if it is known: fewer conditions are asked
    """
    nouns = [row for row in _turns.values() if issubclass(row.model, WorkNoun)]
    if state:
        nouns = [row for row in nouns if row.state == state]
    cases = [When(row.condition, then=Value(row.key)) for row in nouns]
    # A hold refuses every verb but resume and cancel, so it comes before the turn of any state.
    held = When(Q(is_open=True, held_at__isnull=False), then=Value(HELD))
    return items.annotate(
        turn_key=Case(held, *cases, default=Value(""), output_field=models.CharField())
    )


def waits_for(items: WorkItemQuerySet, *parties: Party) -> WorkItemQuerySet:
    """Filter for open items, not on hold, whose turn is with one of the parties."""
    keys = [key for key, row in _turns.items() if row.party in parties]
    return with_turns(items).filter(Q(turn_key__in=keys))


def decisions_of(items: WorkItemQuerySet, by: Actor) -> WorkItemQuerySet:
    """Filter for items that wait for a decision of the actor."""
    asked: dict[str, list[str]] = {}
    parties = {}
    for key, row in _turns.items():
        if row.decision:
            asked.setdefault(row.party.code, []).append(key)
            parties[row.party.code] = row.party
    mine = Q(pk__in=[])
    for code, keys in asked.items():
        mine |= Q(turn_key__in=keys) & parties[code].mine(by)
    return with_turns(items).filter(mine)


def turn_of(item: Any) -> Turn | None:
    """Return the turn of an item from ``with_turns``, or None if it is on hold or has ended."""
    return _turns.get(item.turn_key)
