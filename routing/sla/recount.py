"""
Open clocks counted anew: what a change of a policy or calendar would make of them. Nothing here
writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db import models

from routing.kernel.sql import run
from routing.sla.calendars import Calendar
from routing.sla.clocks import Clock
from routing.sla.policies import SLAPolicy, Target
from routing.sla.promise_changes import Scope
from routing.sla.terms import Agreed, Uses, agree
from routing.sla.timing import Counted, Does, count
from routing.work.items import WorkItem

MOST_EXAMPLES = 20
# Of a clock and its work, in the order of ``OpenClock``.
COLUMNS = (
    "pk",
    "item_id",
    "item__kind",
    "purpose",
    "policy_id",
    "item__team_id",
    "item__client_id",
    "started_at",
    "target",
    "spent",
    "due_at",
    "breached_at",
)


@dataclass(frozen=True, slots=True)
class OpenClock:
    """An open clock as it stands, with its turns in order."""

    marks: Sequence[tuple[datetime, Does]]
    id: int
    item_id: int
    kind: str
    purpose: str
    policy_id: int
    team_id: int | None
    client_id: int | None
    started_at: datetime
    target: timedelta
    spent: timedelta
    due_at: datetime | None
    breached_at: datetime | None

    def is_late(self, at: datetime) -> bool:
        return self.breached_at is not None or (self.due_at is not None and self.due_at < at)


@dataclass(frozen=True, slots=True)
class Recounted:
    """What an open clock would be at ``at`` if it had begun under other terms."""

    clock: OpenClock
    target: Target
    worktime: timedelta
    agreed: Agreed
    counted: Counted
    at: datetime

    @property
    def is_late(self) -> bool:
        """Return whether it would be overdue."""
        counted = self.counted
        return counted.breached_at is not None or (
            counted.due_at is not None and counted.due_at < self.at
        )

    @property
    def was_late(self) -> bool:
        return self.clock.is_late(self.at)

    @property
    def moves_by(self) -> timedelta:
        """
        Return how much later it would be due; negative if earlier. Of a paused clock, how much more
        working time would be left.
        """
        if self.clock.due_at is not None and self.counted.due_at is not None:
            return self.counted.due_at - self.clock.due_at
        return (self.worktime - self.counted.spent) - (self.clock.target - self.clock.spent)

    def applies(self, scope: str) -> bool:
        """
        Return whether the change reaches this clock.

        A breach is a fact that people were notified of, so a clock that is overdue keeps its terms.
        """
        if scope == Scope.NEW or self.was_late:
            return False
        return scope == Scope.ALL or self.moves_by >= timedelta()


@dataclass
class NewTerms:
    """
    The policies, targets and calendars that clocks are counted anew under.

    ``edited`` is a calendar that takes the place of its stored row.
    """

    policies: Mapping[int, SLAPolicy]
    targets: Mapping[tuple[int, str, str], Target]
    usual: Mapping[tuple[int, str, str], frozenset[timedelta]]
    edited: Calendar | None = None
    _uses: dict[tuple[int | None, int | None], Uses] = field(default_factory=dict)
    _agreed: dict[Any, Agreed] = field(default_factory=dict)

    def recount(self, clock: OpenClock, at: datetime) -> Recounted | None:
        """Return the clock counted anew, or None if its policy has no such target any more."""
        key = (clock.policy_id, clock.kind, clock.purpose)
        target = self.targets.get(key)
        if target is None:
            return None
        # A timebox of its own, such as that of an exception, stays.
        is_usual = clock.target in self.usual.get(key, ())
        worktime = target.worktime if is_usual else clock.target
        agreed = self._agree(clock, target, worktime)
        counted = count(clock.marks, worktime, agreed.terms.hours, at)
        return Recounted(clock, target, worktime, agreed, counted, at)

    def _agree(self, clock: OpenClock, target: Target, worktime: timedelta) -> Agreed:
        whose = (clock.team_id, clock.client_id)
        key = (id(target), worktime, whose, clock.started_at.year)
        if key not in self._agreed:
            policy = self.policies[clock.policy_id]
            calendars = self._uses_of(clock).for_item(clock, policy.sources)
            self._agreed[key] = agree(target, policy, calendars, worktime, clock.started_at)
        return self._agreed[key]

    def _uses_of(self, clock: OpenClock) -> Uses:
        whose = (clock.team_id, clock.client_id)
        if whose not in self._uses:
            self._uses[whose] = _with(Uses.of([clock]), self.edited)
        return self._uses[whose]


def _with(uses: Uses, edited: Calendar | None) -> Uses:
    if edited is None:
        return uses

    def known(calendar: Calendar) -> Calendar:
        return edited if calendar.pk == edited.pk else calendar

    return replace(
        uses,
        agency=known(uses.agency) if uses.agency else None,
        teams={team: known(calendar) for team, calendar in uses.teams.items()},
        clients={client: known(calendar) for client, calendar in uses.clients.items()},
    )


def terms_of_policy(policy: SLAPolicy, targets: Iterable[Target] | None = None) -> NewTerms:
    """
    Return the terms of an edited policy.

    :param policy: with its edited values, in the database or not yet
    :param targets: its edited targets; those in the database if None
    """
    rows = policy.targets.all() if targets is None else targets
    by_key = {(policy.pk, row.kind, row.purpose): row for row in rows}
    return NewTerms({policy.pk: policy}, by_key, _usual([policy.pk]))


def terms_of_calendar(calendar: Calendar) -> NewTerms:
    """Return the terms of every policy, with an edited calendar in place of its stored row."""
    policies = {policy.pk: policy for policy in SLAPolicy.objects.all()}
    rows = Target.objects.all()
    by_key = {(row.policy_id, row.kind, row.purpose): row for row in rows}
    return NewTerms(policies, by_key, _usual(list(policies)), edited=calendar)


def _usual(policies: Sequence[int]) -> Mapping[tuple[int, str, str], frozenset[timedelta]]:
    """Return every working time that the targets of these policies have or had."""
    found: dict[tuple[int, str, str], set[timedelta]] = {}
    history: Any = Target.history
    rows = history.filter(policy_id__in=policies).distinct()
    for policy, kind, purpose, worktime in rows.values_list(
        "policy_id", "kind", "purpose", "worktime"
    ):
        found.setdefault((policy, kind, purpose), set()).add(worktime)
    return {key: frozenset(times) for key, times in found.items()}


def clocks_of_policy(policy: SLAPolicy) -> models.QuerySet[Clock]:
    return Clock.objects.filter(stopped_at=None, policy=policy)


def clocks_of_calendar(calendar: Calendar) -> models.QuerySet[Clock]:
    """Return the open clocks that are counted in the hours of a calendar."""
    named = {"terms__document__hours__contains": [{"calendar": calendar.slug}]}
    return Clock.objects.filter(stopped_at=None, **named)


def open_clocks(clocks: models.QuerySet[Clock]) -> Iterator[OpenClock]:
    """Yield clocks with their turns, in the order of their ids."""
    rows = (
        clocks.order_by("pk")
        .annotate(
            times=ArrayAgg("marks__at", order_by="marks__id"),
            actions=ArrayAgg("marks__does", order_by="marks__id"),
        )
        .values_list("times", "actions", *COLUMNS)
    )
    # In binary form: half of the time would go into reading timestamps from text.
    for times, actions, *columns in run(*rows.query.sql_with_params(), binary=True):
        values: Any = columns
        yield OpenClock(list(zip(times, map(Does, actions), strict=True)), *values)


# -- Preview ---------------------------------------------------------------------------------------


@dataclass
class Preview:
    """
    What an edit would make of the open work that one may see, in numbers of clocks.

    ``later``, ``earlier`` and ``same`` are those that are not overdue now. ``late`` of them would
    be overdue at once. ``overdue`` are overdue now; ``not_late`` of these would not be.
    ``examples`` are those that would be overdue, and those that move the farthest.
    """

    clocks: int = 0
    later: int = 0
    earlier: int = 0
    same: int = 0
    late: int = 0
    overdue: int = 0
    not_late: int = 0
    without_target: int = 0
    examples: list[Recounted] = field(default_factory=list)


def preview(
    clocks: models.QuerySet[Clock], terms: NewTerms, at: datetime, seen: models.QuerySet[WorkItem]
) -> Preview:
    """
    Count open clocks anew and return what would change. Nothing is written.

    :param seen: the work that the reader may see
    """
    found = Preview()
    for clock in open_clocks(clocks.filter(item__in=seen.order_by())):
        found.clocks += 1
        again = terms.recount(clock, at)
        if again is None:
            found.without_target += 1
        elif again.was_late:
            found.overdue += 1
            found.not_late += not again.is_late
        else:
            _add(found, again)
    found.examples = _first(found.examples)
    return found


def _add(found: Preview, again: Recounted) -> None:
    found.late += again.is_late
    if not again.moves_by:
        found.same += 1
        return
    found.later += again.moves_by > timedelta()
    found.earlier += again.moves_by < timedelta()
    found.examples.append(again)
    if len(found.examples) > 50 * MOST_EXAMPLES:
        found.examples = _first(found.examples)


def _first(examples: list[Recounted]) -> list[Recounted]:
    examples.sort(key=lambda each: (not each.is_late, -abs(each.moves_by), each.clock.id))
    return examples[:MOST_EXAMPLES]
