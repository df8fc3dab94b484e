"""
Display of values: states as badges, times as relative words with the exact time on hover.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import formats, timezone
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from routing.work.items import WorkItem

NOTHING = "–"
SOON = timedelta(hours=24)


def size(count: int) -> str:
    """Return a number of bytes in the units in which limits are set and phones show files."""
    for unit, bytes_each in (("MB", 1_000_000), ("kB", 1_000)):
        if count >= bytes_each:
            places = 0 if count % bytes_each == 0 else 1
            return f"{number_format(count / bytes_each, places)} {unit}"
    return ngettext("%(count)s byte", "%(count)s bytes", count) % {"count": count}


def exact(at: datetime) -> str:
    """Return a time in the reader's time zone, such as Sat 21 Nov 2026, 14:20 CET."""
    return formats.date_format(timezone.localtime(at), "D j M Y, H:i T")


def relative(at: datetime, now: datetime) -> str:
    """Return a relative time in its largest unit: “in 3 hours”, “2 days ago”."""
    if abs(at - now) < timedelta(minutes=1):
        return _("now")
    span = timesince(min(at, now), max(at, now), depth=1)
    if at > now:
        return _("in %(span)s") % {"span": span}
    return _("%(span)s ago") % {"span": span}


def when(at: datetime | None, now: datetime | None = None) -> SafeString | str:
    if at is None:
        return NOTHING
    return _time(at, relative(at, now or timezone.now()))


def due(item: WorkItem, now: datetime | None = None) -> SafeString | str:
    """
    Return the due time of the item, marked if it is past or near.

    Ended work is never overdue.
    """
    at = item.next_due_at
    if at is None:
        return NOTHING
    now = now or timezone.now()
    return due_time(at, now) if item.is_open else _time(at, relative(at, now))


def due_time(at: datetime, now: datetime) -> SafeString:
    """Return the due time of something open, marked if it is past or near."""
    if at < now:
        return _time(at, _("%(span)s overdue") % {"span": timesince(at, now, depth=1)}, "tl-late")
    return _time(at, relative(at, now), "tl-soon" if at - now < SOON else "")


def _time(at: datetime, words: str, tone: str = "") -> SafeString:
    return format_html(
        '<time class="tl-time {}" datetime="{}" title="{}">{}</time>',
        tone,
        at.isoformat(),
        exact(at),
        words,
    )


def badge(text: Any, tone: str = "plain") -> SafeString:
    """:param tone: plain, info, good, warn or bad"""
    return format_html('<span class="tl-badge tl-{}">{}</span>', tone, text)


def named(item: WorkItem) -> SafeString:
    """Return the reference and the title of work, as lists show them."""
    return format_html(
        '<span class="tl-ref">{}</span> <span class="tl-name">{}</span>', item.ref, item.title
    )


def priority(item: WorkItem) -> SafeString | str:
    tones = {WorkItem.Priority.URGENT: "bad", WorkItem.Priority.HIGH: "warn"}
    label = item.get_priority_display()
    if item.priority not in tones:
        return label
    return badge(label, tones[WorkItem.Priority(item.priority)])


def hold(item: WorkItem) -> SafeString | str:
    return badge(_("On hold"), "warn") if item.held_at else ""
