"""
Escalations for people to read: who was notified of overdue or nearly overdue work, and when.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.messages.models import Notification
from routing.sla.clocks import Clock, Escalation
from routing.sla.ladder import TOP, Level, level_of
from routing.work.display import exact

WORDS = {
    Level.WARNING: gettext_lazy("Due soon"),
    Level.BREACH: gettext_lazy("Overdue"),
    Level.BACKUP: gettext_lazy("Overdue: escalated to the backup"),
    Level.TEAM_LEAD: gettext_lazy("Overdue: escalated to the team lead"),
    Level.OPERATIONS_LEAD: gettext_lazy("Overdue: escalated to the operations lead"),
    Level.DEFAULT_PAIR: gettext_lazy("Overdue: escalated to the agency's default owner and backup"),
}
SHORT = {
    Level.WARNING: (gettext_lazy("Warned"), "warn"),
    Level.BREACH: (gettext_lazy("Overdue"), "bad"),
    Level.BACKUP: (gettext_lazy("Backup"), "bad"),
    Level.TEAM_LEAD: (gettext_lazy("Team lead"), "bad"),
    Level.OPERATIONS_LEAD: (gettext_lazy("Operations lead"), "bad"),
    Level.DEFAULT_PAIR: (gettext_lazy("Default owner and backup"), "bad"),
}


@dataclass(frozen=True, slots=True)
class EscalationEntry:
    """
    One level with the names of the people who were told, and the rows that say so.

    A level that was not sent has no ``sent_at``. It says when a higher one was sent instead, or in
    ``why`` the reason why nobody was told.
    """

    level: int
    due_at: datetime
    sent_at: datetime | None
    people: Sequence[str]
    instead_at: datetime | None = None
    why: str = ""
    rows: Sequence[models.Model] = ()

    @property
    def words(self) -> str:
        return str(WORDS[level_of(self.level)])

    @property
    def said(self) -> str:
        """Return the level, and that it was not sent if it was not."""
        if self.sent_at is not None:
            return self.words
        return _("Not sent: %(what)s") % {"what": self.words}

    @property
    def whom(self) -> str:
        if self.sent_at is not None:
            people = _(" and ").join(self.people) or _("nobody")
            return _("notified %(people)s") % {"people": people}
        if self.instead_at is not None:
            at = exact(self.instead_at)
            return _("not sent: a higher level was notified instead, %(at)s") % {"at": at}
        return _("nobody was notified, because %(why)s") % {"why": self.why}


def escalation_entries(clocks: Sequence[Clock]) -> Mapping[int, list[EscalationEntry]]:
    """
    Return the escalations of each clock by its id, lowest level first. Of repeated levels, only the
    newest is included. A breach that nobody was told of is included with the reason.
    """
    # The top level repeats until somebody acts. Thousands of repeats must not fill a page.
    ids = [clock.pk for clock in clocks]
    rows = Escalation.objects.filter(clock__in=ids)
    repeats = (
        rows.filter(level__gt=TOP).order_by("clock_id", "-level").distinct("clock_id").values("pk")
    )
    climbed = list(rows.filter(Q(level__lte=TOP) | Q(pk__in=repeats)).order_by("clock_id", "level"))
    told = _told(clocks) if any(row.sent_at for row in climbed) else {}
    of_clock: dict[int, list[Escalation]] = defaultdict(list)
    for row in climbed:
        of_clock[row.clock_id].append(row)
    found: dict[int, list[EscalationEntry]] = defaultdict(list)
    for clock in clocks:
        levels = of_clock.get(clock.pk, [])
        for row in levels:
            found[clock.pk].append(_entry(row, levels, told.get((clock.pk, row.level), ())))
        if clock.breached_at and not any(row.level >= Level.BREACH for row in levels):
            why = _why_nobody(clock)
            found[clock.pk].append(
                EscalationEntry(Level.BREACH, clock.breached_at, None, (), why=why, rows=(clock,))
            )
    return found


def _entry(
    row: Escalation, levels: Sequence[Escalation], told: Sequence[Notification]
) -> EscalationEntry:
    people = [each.recipient.full_name for each in told]
    higher = next((each for each in levels if each.level > row.level and each.sent_at), None)
    if row.sent_at is not None or higher is None:
        why = "" if row.sent_at else _("the level that was notified instead is not recorded")
        return EscalationEntry(
            row.level, row.due_at, row.sent_at, people, why=why, rows=(row, *told)
        )
    return EscalationEntry(
        row.level, row.due_at, None, (), instead_at=higher.sent_at, rows=(row, higher)
    )


def _why_nobody(clock: Clock) -> str:
    if clock.trouble:
        return _("the last attempt failed: %(why)s") % {"why": clock.trouble}
    if clock.stopped_at is not None:
        return _("the work was done or over at %(at)s, before anybody was") % {
            "at": exact(clock.stopped_at)
        }
    if clock.wakes_at is not None:
        return _("that is due at %(at)s") % {"at": exact(clock.wakes_at)}
    return _("the clock is paused")


def _told(clocks: Sequence[Clock]) -> Mapping[tuple[int, int], Sequence[Notification]]:
    """Return the notifications by clock and level, which the dedupe key contains."""
    found: dict[tuple[int, int], list[Notification]] = defaultdict(list)
    sent = Notification.objects.filter(
        item__in={clock.item_id for clock in clocks}, dedupe_key__startswith="clock:"
    )
    for row in sent.select_related("recipient").order_by("id"):
        _word, clock, level, _person = row.dedupe_key.split(":")
        found[int(clock), int(level)].append(row)
    return found
