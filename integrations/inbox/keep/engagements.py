"""Store the engagements that an external system reports."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from delivery.models import Engagement
from integrations.base.adapter import SubjectFacts
from integrations.base.typed import Typed, amount, currency, day, number, whole
from integrations.inbox.keep.writer import RecordWriter
from integrations.inbox.matching import SubjectLinks
from routing.flows.registry import about_money
from routing.kernel.clean_text import one_line
from routing.models import Client
from routing.people.actors import Actor
from routing.people.saving import save_with_reason
from routing.runs.registry import Problem, fact_keeper

MAX_ROUNDS, MAX_HOURS = 32_767, 1_000_000  # limits of the columns

about_money("deal.amount", "deal.currency", "deal.hours")  # an engagement is billed by them


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


@fact_keeper
def correct_engagement(
    engagement_id: int, facts: Mapping[str, Any], by: Actor, at: datetime, reason: str
) -> None:
    """Store what a person filled in, such as an amount that could not be read."""
    reported = _values(facts)
    if not reported:
        return
    engagement = Engagement.objects.select_for_update().get(pk=engagement_id)
    before = {name: getattr(engagement, name) for name in reported}
    for name, value in reported.items():
        setattr(engagement, name, value)
    starts, ends = engagement.starts_date, engagement.ends_date
    if before != reported and not (starts and ends and starts > ends):
        save_with_reason(engagement, by=by, at=at, reason=reason)


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
    return one_line(value)[:200] or _("Deal")


def _amount(value: str) -> Decimal:
    return Decimal(amount(value))


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
