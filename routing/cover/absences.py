"""Absence: the time during which a person cannot take work."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from django.db import models
from django.utils import dateformat
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from routing.kernel.history import Tracked
from routing.people.staff import User

NOON = time(12)


class AbsenceQuerySet(models.QuerySet["Absence"]):
    def at(self, instant: datetime) -> Self:
        """Filter for absences at ``instant`` (aware). The end is the first moment back."""
        return self.filter(starts_at__lte=instant, ends_at__gt=instant)

    def within(self, starts: datetime, ends: datetime) -> Self:
        """Filter for absences that share a moment with this time."""
        return self.filter(starts_at__lt=ends, ends_at__gt=starts)


class Absence(models.Model):
    user = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="absences", verbose_name=_("person")
    )
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))
    substitute = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_index=False,  # nobody looks for absences by it among many
        related_name="+",
        verbose_name=_("substitute"),
        help_text=_("Stands in, and is the first choice where nobody covers the work."),
    )

    objects = AbsenceQuerySet.as_manager()
    history = Tracked()

    class Meta:
        verbose_name = _("absence")
        verbose_name_plural = _("absences")
        ordering = ("-starts_at",)
        indexes = (models.Index(fields=["user", "starts_at"], name="absence_user_idx"),)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(starts_at__lt=models.F("ends_at")),
                name="absence_starts_before_it_ends",
                violation_error_message=_("The end of an absence must be after its start."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.user} · {self.words()}"

    @property
    def zone(self) -> ZoneInfo:
        """Return the time zone of the absent person, whose days an absence has."""
        return ZoneInfo(self.user.timezone)

    def words(self, zone: ZoneInfo | None = None) -> str:
        """
        Return the days, with “morning” or “afternoon” for half ones, or the times of an absence
        that is not of such days.

        :param zone: a reader's; by default that of the absent person
        """
        zone = zone or self.zone
        starts, ends = self.starts_at.astimezone(zone), self.ends_at.astimezone(zone)
        if not (is_half(starts, zone) and is_half(ends, zone)):
            said = [dateformat.format(at, "D j M Y, H:i") for at in (starts, ends)]
            return " – ".join(dict.fromkeys(said))
        last = (ends - timedelta(microseconds=1)).astimezone(zone)
        first_day, last_day = (dateformat.format(day, "D j M Y") for day in (starts, last))
        if self.starts_at != midnight(starts.date(), zone):
            first_day = gettext("%(day)s, afternoon") % {"day": first_day}
        if self.ends_at == noon(ends.date(), zone):
            last_day = gettext("%(day)s, morning") % {"day": last_day}
        if starts.date() != last.date():
            return f"{first_day} – {last_day}"
        # One day. Only one of the two says which half of it, and is then the longer one.
        return max(first_day, last_day, key=len)

    def is_of_whole_days(self, zone: ZoneInfo) -> bool:
        # Compared as instants: where a change of the clocks skips midnight, the day begins at one.
        ends = (self.starts_at, self.ends_at)
        return all(at == midnight(at.astimezone(zone).date(), zone) for at in ends)

    def in_both_zones(self, reader: ZoneInfo) -> str:
        """Return the absence in the person's zone and, if it differs, in the reader's."""
        theirs = f"{self.words()} ({self.user.timezone})"
        ours = [at.astimezone(reader).utcoffset() for at in (self.starts_at, self.ends_at)]
        if ours == [at.astimezone(self.zone).utcoffset() for at in (self.starts_at, self.ends_at)]:
            return theirs
        return gettext("%(theirs)s; for you %(ours)s (%(zone)s)") % {
            "theirs": theirs,
            "ours": self.words(reader),
            "zone": reader.key,
        }


def midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def noon(day: date, zone: ZoneInfo) -> datetime:
    """Return the middle of a day on the wall, which divides it into half days."""
    return datetime.combine(day, NOON, zone).astimezone(UTC)


def is_half(at: datetime, zone: ZoneInfo) -> bool:
    """Return whether a half day begins or ends at this instant."""
    day = at.astimezone(zone).date()
    return at in {midnight(day, zone), noon(day, zone)}
