"""Store the engagements that an external system reports."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from delivery.models import Engagement
from integrations.base.adapter import SubjectFacts
from integrations.base.typed import Typed, currency, day, number, whole
from integrations.inbox.keep.writer import RecordWriter
from integrations.inbox.matching import SubjectLinks
from routing.models import Client
from routing.runs.registry import Problem

MAX_ROUNDS, MAX_HOURS = 32_767, 1_000_000  # limits of the columns


def keep_engagement(
    writer: RecordWriter, client: Client, known: SubjectFacts, links: SubjectLinks
) -> Engagement | None:
    """
    Store the engagement of a deal. Values that are not reported stay unchanged.

    :raises Problem: ``missing_context``, if it ends before it starts
    """
    engagement, changed = engagement_of(client, known, links)
    if engagement is None or known.deal is None:
        return None
    is_new = engagement.pk is None
    if changed or is_new:
        writer.save(engagement)
    if is_new:
        writer.link(*known.deal, engagement=engagement)
    return engagement


def engagement_of(
    client: Client, known: SubjectFacts, links: SubjectLinks
) -> tuple[Engagement | None, bool]:
    """
    Return the unsaved engagement and whether any value changed.

    :raises Problem: ``missing_context``, if it ends before it starts
    """
    if known.deal is None:
        return None, False
    reported = _values(known.facts)
    found = links.deal.engagement if links.deal else None
    engagement = found or Engagement(client=client, name=_("Deal %(id)s") % {"id": known.deal[1]})
    changed = False
    for name, value in reported.items():
        if getattr(engagement, name) != value:
            setattr(engagement, name, value)
            changed = True
    starts, ends = engagement.starts_date, engagement.ends_date
    if starts and ends and starts > ends:
        message = _(
            "The end date %(ends)s is before the start date %(starts)s. Correct the dates in the "
            "external system, then retry."
        )
        dates = {"starts": starts.isoformat(), "ends": ends.isoformat()}
        raise Problem("missing_context", message % dates, dates)
    return engagement, changed


def _values(facts: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return the values for columns of an engagement.

    The facts of a form are as somebody typed them, so those that are no numbers or dates are left
    out.
    """
    read: dict[str, tuple[str, Typed]] = {
        "name": ("deal.name", _name),
        "amount": ("deal.amount", _amount),
        "currency": ("deal.currency", currency),
        "hours": ("deal.hours", _hours),
        "rounds": ("deal.rounds", _rounds),
        "starts_date": ("deal.starts", _date),
        "ends_date": ("deal.ends", _date),
    }
    found: dict[str, Any] = {}
    for column, (fact, typed) in read.items():
        try:
            found[column] = typed(str(facts[fact]))
        except (KeyError, ValueError, OverflowError):
            continue
    return found


def _name(value: str) -> str:
    return value[:200]


def _amount(value: str) -> Decimal:
    return Decimal(number(value))


def _date(value: str) -> date:
    return date.fromisoformat(day(value))


def _hours(value: str) -> Decimal:
    hours = Decimal(number(value))
    if not 0 <= hours < MAX_HOURS:
        raise ValueError("not the hours of a deal")
    return hours


def _rounds(value: str) -> int:
    rounds = whole(value)
    if not 0 <= rounds <= MAX_ROUNDS:
        raise ValueError("not a number of rounds")
    return rounds
