"""
Turns: for each open state of each noun, the party that must act next, and the verbs that settle it.

Rooms and packages above declare their parties and turns when they are loaded. The status line of a
page, the column and filter “Waits for”, “Waiting for my decision” on Today, the portal's list and
notifications all read this table. A test fails if an open state has no turn.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Case, Exists, OuterRef, Q, Value, When
from django.utils.translation import gettext_lazy as _

from routing.kernel.reasons import Reason
from routing.kernel.transitions import transitions_of
from routing.people.actors import Actor
from routing.people.staff import User
from routing.work.gates import Words
from routing.work.items import WorkItem, WorkItemQuerySet, WorkNoun

# User ids by work item id. An item may have none, such as a client without portal access.
People = Mapping[int, Sequence[int]]


class WaitingSide(models.TextChoices):
    """Parties as the filter “Waits for” groups them."""

    OWNER = "owner", _("The owner")
    ASSIGNEE = "assignee", _("The assignee")
    REVIEWERS = "qa", _("QA reviewers")
    AGENCY = "agency", _("The agency's approvers")
    CLIENT = "client", _("The client")
    PRODUCT = "product", _("Its parts or Throughline")


@dataclass(frozen=True, slots=True)
class Party:
    """
    Those who may have to act: a person of the work item, the holders of a right, or a client.

    ``people`` returns the users to notify. ``mine`` is the condition on a work item for which the
    actor may act at that instant, as one of them or in their place; it presumes that the item waits
    for this party. ``phrase`` names the party within a sentence. ``column`` is the column of the
    item with the one person, if there is one. ``outside`` is true of the client's people.
    """

    code: str
    label: Words
    people: Callable[[Sequence[WorkItem]], People]
    mine: Callable[[Actor, datetime], Q]
    phrase: Words = ""
    side: WaitingSide = WaitingSide.OWNER
    column: str = ""
    outside: bool = False


def _nobody(items: Sequence[WorkItem]) -> People:
    return {}


def nobodys_turn(by: Actor, at: datetime) -> Q:
    """Return a condition that no item meets, for parties that are only notified."""
    return Q(pk__in=[])


def replaces_owner(by: Actor, at: datetime) -> Q:
    """Return the condition that the actor backs up work whose owner is absent."""
    absent = User.objects.filter(absences__starts_at__lte=at, absences__ends_at__gt=at)
    return Q(backup=by.user_id, owner__in=absent.values("pk"))


def owns(by: Actor, at: datetime) -> Q:
    """Return the condition that the actor owns the work, or replaces its absent owner."""
    return Q(owner=by.user_id) | replaces_owner(by, at)


def _does(by: Actor, at: datetime) -> Q:
    return Q(doer=by.user_id) | Q(doer=None) & owns(by, at)


def _owners(items: Sequence[WorkItem]) -> People:
    return {item.pk: [item.owner_id] for item in items if item.owner_id}


def _backups(items: Sequence[WorkItem]) -> People:
    return {item.pk: [item.backup_id] for item in items if item.backup_id}


def _assignees(items: Sequence[WorkItem]) -> People:
    found = {item.pk: item.doer_id or item.owner_id for item in items}
    return {pk: [user] for pk, user in found.items() if user}


OWNER = Party("owner", _("Owner"), _owners, owns, _("the owner"), column="owner")
BACKUP = Party(
    "backup",
    _("Backup"),
    _backups,
    lambda by, at: Q(backup=by.user_id),
    _("the backup"),
    column="backup",
)
ASSIGNEE = Party(
    "assignee", _("Assignee"), _assignees, _does, _("the assignee"), WaitingSide.ASSIGNEE
)
# The assignee alone, for messages about work that only a maker needs to know about.
MAKER = Party(
    "assignee",
    _("Assignee"),
    lambda items: {item.pk: [item.doer_id] for item in items if item.doer_id},
    lambda by, at: Q(doer=by.user_id),
)
# Those whose turn it is with the parts of the work; each part says so itself.
PARTS = Party("parts", _("Its parts"), _nobody, nobodys_turn, _("its parts"), WaitingSide.PRODUCT)
# The product itself: a job, a probe or a message in the outbox. What fails becomes an exception.
SYSTEM = Party(
    "system", _("Throughline"), _nobody, nobodys_turn, _("Throughline"), WaitingSide.PRODUCT
)


@dataclass(frozen=True, slots=True)
class Turn:
    """
    One row of the table: in this state, and under this condition, the party must act.

    ``act`` says in a few words what to do, and ``waits`` in a sentence who has to do it and since
    when. ``verbs`` settle it. ``decision`` is true if a person has to decide rather than to work,
    which Today lists first. ``when`` is a condition on the work item; the first turn of a state
    whose condition holds counts. ``parts`` are the kinds of open parts whose existence decides
    about it, and ``begins`` the verbs that begin it without a change of state. ``instead_of`` are
    the reasons of exceptions about the work that its verbs end as well: where both wait for one
    person's decision, only the work is listed.
    """

    model: type[models.Model]
    state: str
    party: Party
    act: Words
    waits: Words
    verbs: tuple[str, ...]
    decision: bool = False
    when: Q = field(default_factory=Q)
    parts: tuple[str, ...] = ()
    begins: tuple[str, ...] = ()
    instead_of: tuple[Reason, ...] = ()

    @property
    def key(self) -> str:
        """Return a name that is unique in the table, such as ``request.triaged.owner``."""
        return f"{self.model._meta.model_name}.{self.state}.{self.party.code}"

    @property
    def condition(self) -> Q:
        """Return the condition on a work item."""
        return Q(kind=self.model._meta.model_name, state=self.state, is_open=True) & self.when

    @property
    def holding(self) -> Q:
        """
        Return the condition for which this turn counts: no earlier one of the state does, and the
        work is not on hold.
        """
        found = self.condition & Q(held_at=None)
        for earlier in turns_of(self.model, self.state):
            if earlier is self:
                return found
            found &= ~earlier.when
        raise LookupError(f"{self.key} is not declared.")


_turns: dict[str, Turn] = {}


def turn(
    model: type[models.Model],
    *states: str,
    party: Party,
    act: Words,
    waits: Words,
    by: Sequence[str],
    decision: bool = False,
    when: Q | None = None,
    parts: Sequence[str] = (),
    begins: Sequence[str] = (),
    instead_of: Sequence[Reason] = (),
) -> None:
    """
    Declare whose turn it is in these states.

    :param waits: a sentence with ``%(who)s`` or, for ``PARTS``, ``%(parts)s``, and ``%(since)s``
    :param by: verbs that settle it
    :param when: condition on the work item. Declare turns with a condition before the one without
    :raises ValueError: if a verb does not start from the state, or the row stands there twice
    """
    for state in states:
        row = Turn(
            model,
            str(state),
            party,
            act,
            waits,
            tuple(by),
            decision,
            when or Q(),
            tuple(parts),
            tuple(begins),
            tuple(instead_of),
        )
        changes = transitions_of(model)
        wrong = [verb for verb in by if verb not in changes or state not in changes[verb].sources]
        if wrong:
            raise ValueError(f"{model.__name__}: {wrong} do not start from {state}.")
        if row.key in _turns:
            raise ValueError(f"{row.key} is declared twice.")
        _turns[row.key] = row


def has_open(kind: str) -> Q:
    """Return a condition for items with an open part of this kind."""
    return Q(Exists(WorkItem.objects.filter(parent=OuterRef("pk"), kind=kind, is_open=True)))


# -- Values of the words of a turn, such as the number of a version --------------------------------

_values: dict[str, tuple[type[WorkNoun], Mapping[str, str]]] = {}


def turn_values(model: type[WorkNoun], **paths: str) -> None:
    """Set the values for the words of a model's turns, such as ``version="version__number"``."""
    _values[str(model._meta.model_name)] = model, paths


def values_of(items: Collection[WorkItem]) -> Mapping[int, Mapping[str, Any]]:
    """Return the values for the words of turns by work item id, with one query for each kind."""
    found: dict[int, Mapping[str, Any]] = {}
    for kind in sorted({item.kind for item in items} & _values.keys()):
        model, paths = _values[kind]
        mine = [item.pk for item in items if item.kind == kind]
        rows = model._base_manager.filter(item__in=mine).values_list("item_id", *paths.values())
        found |= {pk: dict(zip(paths, values, strict=True)) for pk, *values in rows}
    return found


def values_of_noun(noun: WorkNoun) -> Mapping[str, Any]:
    """Return the values for the words of a row's turn from the row and its related rows."""
    _model, paths = _values.get(str(noun._meta.model_name), (None, {}))
    found = {}
    for name, path in paths.items():
        value: Any = noun
        for step in path.split("__"):
            value = getattr(value, step, None)
        found[name] = value
    return found


def related_of(model: type[WorkNoun]) -> list[str]:
    """Return the relations that ``values_of_noun`` reads."""
    _model, paths = _values.get(str(model._meta.model_name), (None, {}))
    return [path.rpartition("__")[0] for path in paths.values() if "__" in path]


NextAttempt = Callable[[WorkItem], datetime | None]

_attempts: dict[str, NextAttempt] = {}


def next_attempt(model: type[WorkNoun], load: NextAttempt) -> None:
    """Set what tells when the product tries next, for an item that waits for it."""
    _attempts[str(model._meta.model_name)] = load


def next_attempt_of(item: WorkItem) -> datetime | None:
    """Return the time of the product's next attempt, or None if it is not known."""
    load = _attempts.get(item.kind)
    return load(item) if load else None


# -- The table -------------------------------------------------------------------------------------

HELD = "held"


def turns() -> Mapping[str, Turn]:
    """Return the table by key, in the order of declaration."""
    return dict(_turns)


def turns_of(model: type[models.Model], state: str) -> tuple[Turn, ...]:
    """Return the turns of a state: those with a condition first, in the order they are tried."""
    return tuple(row for row in _turns.values() if row.model is model and row.state == state)


def with_turns(
    items: WorkItemQuerySet, state: str = "", model: type[models.Model] | None = None
) -> WorkItemQuerySet:
    """
    Annotate items with ``turn_key``: the key of the turn that holds, ``HELD`` for work on hold, or
    an empty string for work that has ended.

    :param state: the state of all these items, if it is known: fewer conditions are asked
    :param model: their noun, likewise
    """
    kinds: dict[str, list[When]] = {}
    for row in _of_work():
        if state in {"", row.state} and model in {None, row.model}:
            holds = When(Q(state=row.state) & row.when, then=Value(row.key))
            kinds.setdefault(str(row.model._meta.model_name), []).append(holds)
    cases = [When(kind=kind, then=_first_of(*holding)) for kind, holding in kinds.items()]
    ended = When(is_open=False, then=Value(""))
    # A hold refuses every verb but resume and cancel, so it comes before the turn of any state.
    held = When(held_at__isnull=False, then=Value(HELD))
    return items.annotate(turn_key=_first_of(ended, held, *cases))


def _first_of(*cases: When) -> Case:
    return Case(*cases, default=Value(""), output_field=models.CharField())


def waits_for(items: WorkItemQuerySet, *parties: Party) -> WorkItemQuerySet:
    """Filter for open items, not on hold, whose turn is with one of the parties."""
    held = Q(pk__in=[])
    for row in _of_work():
        if row.party in parties:
            held |= row.holding
    return items.filter(held)


def parties_of(side: str) -> tuple[Party, ...]:
    """Return the parties on one side, such as those of the client."""
    return tuple({row.party: None for row in _turns.values() if row.party.side == side})


def turns_of_mine(
    items: WorkItemQuerySet,
    by: Actor,
    at: datetime,
    *,
    decisions: bool = False,
    parties: Collection[Party] | None = None,
) -> WorkItemQuerySet:
    """
    Filter for items whose turn it is with the actor, or with an absent person they back up.

    :param decisions: only those that wait for a decision
    :param parties: only those that wait for one of these parties
    """
    asked: dict[Party, Q] = {}
    for row in _of_work():
        wanted = row.decision or not decisions
        if wanted and (parties is None or row.party in parties):
            asked[row.party] = asked.get(row.party, Q(pk__in=[])) | row.holding
    # A query for each party, because each has its own index. With an OR over all of them,
    # PostgreSQL would look at every open item.
    every = [
        WorkItem.objects.filter(party.mine(by, at), held).order_by().values("pk")
        for party, held in asked.items()
    ]
    if not every:
        return items.none()
    found = items.filter(pk__in=every[0].union(*every[1:], all=True))
    return _without_doubles(found) if decisions else found


def _without_doubles(items: WorkItemQuerySet) -> WorkItemQuerySet:
    """Leave out exceptions about work whose own turn asks the same owner for the same decision."""
    told = Q(pk__in=[])
    for row in _of_work():
        if row.instead_of:
            about = WorkItem.objects.filter(row.holding, pk=OuterRef("parent"))
            same = Exists(about.filter(owner=OuterRef("owner")))
            told |= Q(Exists(_cases(row.instead_of))) & Q(same)
    return items.exclude(Q(kind="exceptioncase") & told)


def _cases(reasons: Collection[Reason]) -> WorkItemQuerySet:
    return WorkItem.objects.filter(pk=OuterRef("pk"), as_exceptioncase__reason__in=reasons)


def decisions_of(items: WorkItemQuerySet, by: Actor, at: datetime) -> WorkItemQuerySet:
    """Filter for items that wait for a decision of the actor."""
    return turns_of_mine(items, by, at, decisions=True)


def turn_of(item: Any) -> Turn | None:
    """Return the turn of an item from ``with_turns``, or None if it is on hold or has ended."""
    return _turns.get(item.turn_key)


def _of_work() -> list[Turn]:
    return [row for row in _turns.values() if issubclass(row.model, WorkNoun)]
