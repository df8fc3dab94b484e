"""
Escalations for people to read: who was notified of overdue or nearly overdue work, and when.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.messages.models import Notification
from routing.sla.clocks import Clock, Escalation
from routing.sla.ladder import TOP, Level, level_of

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
    """One level with the names of the people. It has none if a higher level replaced it."""

    level: int
    due_at: datetime
    sent_at: datetime | None
    people: Sequence[str]

    @property
    def words(self) -> str:
        return str(WORDS[level_of(self.level)])

    @property
    def whom(self) -> str:
        if self.sent_at is None:
            return _("skipped for a later level")
        return _("notified %(people)s") % {"people": _(" and ").join(self.people) or _("nobody")}


def escalation_entries(clocks: Sequence[Clock]) -> Mapping[int, list[EscalationEntry]]:
    """
    Return the escalations of each clock by its id, lowest level first. Of repeated levels, only the
    newest is included.
    """
    # The top level repeats until somebody acts. Thousands of repeats must not fill a page.
    ids = [clock.pk for clock in clocks]
    rows = Escalation.objects.filter(clock__in=ids)
    repeats = (
        rows.filter(level__gt=TOP).order_by("clock_id", "-level").distinct("clock_id").values("pk")
    )
    climbed = list(rows.filter(Q(level__lte=TOP) | Q(pk__in=repeats)).order_by("clock_id", "level"))
    people = _people(clocks) if any(row.sent_at for row in climbed) else {}
    found: dict[int, list[EscalationEntry]] = defaultdict(list)
    for row in climbed:
        found[row.clock_id].append(
            EscalationEntry(
                row.level, row.due_at, row.sent_at, people.get((row.clock_id, row.level), ())
            )
        )
    return found


def _people(clocks: Sequence[Clock]) -> Mapping[tuple[int, int], Sequence[str]]:
    """Return the names of notified people by clock and level, which the dedupe key contains."""
    found: dict[tuple[int, int], list[str]] = defaultdict(list)
    sent = Notification.objects.filter(
        item__in={clock.item_id for clock in clocks}, dedupe_key__startswith="clock:"
    )
    for key, name in sent.order_by("id").values_list("dedupe_key", "recipient__full_name"):
        _word, clock, level, _person = key.split(":")
        found[int(clock), int(level)].append(name)
    return found
