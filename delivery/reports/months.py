"""A month of a client, in the client's time zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils import formats
from django.utils.translation import gettext as _

LONGEST = timedelta(days=32)


class BadMonth(ValueError):
    """A text is no month such as 2026-11."""


@dataclass(frozen=True, slots=True)
class ClientMonth:
    """The month that begins on the day ``first``. ``begins`` and ``ends`` are its instants."""

    first: date
    zone: ZoneInfo

    @classmethod
    def of(cls, text: str, zone: str) -> ClientMonth:
        """:raises BadMonth: unless the text is written YYYY-MM"""
        try:
            first = date.fromisoformat(f"{text}-01")
        except ValueError as error:
            raise BadMonth(_("Enter a month such as 2026-11.")) from error
        return cls(first, ZoneInfo(zone))

    @property
    def following(self) -> ClientMonth:
        return ClientMonth((self.first + LONGEST).replace(day=1), self.zone)

    @property
    def begins(self) -> datetime:
        return datetime.combine(self.first, time(), self.zone)

    @property
    def ends(self) -> datetime:
        return self.following.begins

    @property
    def middle(self) -> datetime:
        return self.begins + timedelta(days=14)

    @property
    def name(self) -> str:
        return f"{self.first:%Y-%m}"

    @property
    def words(self) -> str:
        return formats.date_format(self.first, "F Y")

    def has(self, at: datetime | None) -> bool:
        return at is not None and self.begins <= at < self.ends
