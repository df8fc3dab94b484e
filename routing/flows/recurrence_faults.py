"""What is wrong with the calendar triggers of a draft, and findings about them."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext as _

from routing.flows.lint import LintFinding, lint, near_to, with_near
from routing.flows.models import FlowVersion
from routing.flows.recurrences import KEY, DaysOff, Recurrence
from routing.flows.rhythm import Every, occurrences
from routing.people.clients import Client
from routing.sla.calendars import Calendar

ON_WEEKDAYS = (Every.WEEK, Every.MONTH_WEEKDAY)


def faults_of_recurrences(version: FlowVersion) -> list[str]:
    """Return why calendar triggers would not work, in words for the person who wrote them."""
    found: list[str] = []
    for row in version.recurrences.all():
        found += _faults_of(row)
    return found


def _faults_of(row: Recurrence) -> Iterator[str]:
    names = {"name": row.name, "client": row.client, "calendar": row.calendar}
    if row.every in ON_WEEKDAYS and not row.weekdays:
        yield _("The calendar trigger “%(name)s” has no weekday. Choose one.") % names
        return
    if row.client and not Client.objects.filter(code=row.client).exists():
        yield _(
            "The calendar trigger “%(name)s” is for a client “%(client)s” that is not there."
        ) % (names)
    if row.calendar and not Calendar.objects.filter(slug=row.calendar).exists():
        words = _(
            "The calendar trigger “%(name)s” uses a calendar “%(calendar)s” that is not there."
        )
        yield words % names
    elif next(occurrences(row.rhythm, DaysOff().working_days(row)), None) is None:
        yield _("The calendar trigger “%(name)s” never occurs. Check its days off.") % names


@lint
def clientless_recurrences(version: FlowVersion) -> Iterator[LintFinding]:
    """Find calendar triggers without a client, whose runs all stop."""
    page = reverse("admin:routing_flowversion_change", args=[version.pk])
    known = set(Client.objects.values_list("code", flat=True))
    for place, row in enumerate(version.recurrences.all()):
        path = (KEY, place, "client")
        where = f"{page}#recurrences-group"
        if not row.client:
            message = _(
                "The calendar trigger “%(name)s” names no client, so each of its runs waits until "
                "somebody chooses one."
            )
            yield LintFinding(
                "recurrence_without_client", message % {"name": row.name}, where, path=path
            )
        elif row.client not in known:
            near = near_to(row.client, known)
            message = _("There is no client “%(client)s”.") % {"client": row.client}
            yield LintFinding("unknown_client", with_near(message, near), where, near, path)
