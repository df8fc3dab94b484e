"""
Views for the figures and the monthly reports of a contact's clients.

The figures are those of the monthly report, for the month so far. All of them are read from work
that this very contact may see.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from delivery.portal.access import for_contacts
from delivery.portal.views import page
from delivery.portal.waiting import WaitingEntry, waiting_for
from delivery.reports.client_time import time_section, working_day
from delivery.reports.document import printed_shares
from delivery.reports.forms import TYPES, form_of
from delivery.reports.models import Report
from delivery.reports.monthly import ClientRows, dates, figures
from delivery.reports.months import ClientMonth
from routing.desk.charts import ChartPoint, lines
from routing.people.actors import Actor
from routing.people.clients import Client
from routing.work.visibility import clients_seen_by

AHEAD = timedelta(days=60)
MOST_DATES, MOST_REPORTS, MOST_WAITING = 12, 60, 5
FORMS = ("html", "pdf", "csv")  # of those that the desk has, the ones that clients read


def clients_of(by: Actor) -> Sequence[Client]:
    return list(clients_seen_by(by).order_by("name", "pk"))


def reports_of(by: Actor) -> Any:
    """Return the kept reports of this contact's clients, the newest month first."""
    rows = Report.objects.filter(client__in=clients_seen_by(by)).select_related("client")
    return rows.order_by("-month", "-made_at", "-pk")


def report_of(by: Actor, key: int) -> Report:
    """:raises Http404: if there is no such report, or it is of another client"""
    found: Report | None = reports_of(by).filter(pk=key).first()
    if found is None:
        raise Http404
    return found


def words_of(row: Report) -> dict[str, Any]:
    """Return the words of a report, with a notice if it was withdrawn."""
    words: dict[str, Any] = dict(row.words)
    if row.withdrawn_at is not None:
        # The reason was written for colleagues.
        words["notice"] = _("We have withdrawn this report, because something in it was wrong.")
    return words


@require_safe
@for_contacts
def overview(request: HttpRequest, by: Actor) -> HttpResponse:
    """Show the figures of one client. A contact of several chooses which."""
    clients = clients_of(by)
    wanted = request.GET.get("client", "")
    chosen = next((each for each in clients if each.code == wanted), None)
    if wanted and chosen is None:
        raise Http404
    client = chosen or (clients[0] if clients else None)
    context: dict[str, Any] = {"client": client, "clients": clients}
    if client is not None:
        context |= _figures_of(client, by)
        context["reports"] = list(reports_of(by).filter(client=client)[:MOST_REPORTS])
        context["forms"] = FORMS
    return page(request, by, "overview", context)


def _figures_of(client: Client, by: Actor) -> dict[str, Any]:
    at = timezone.now()
    month = ClientMonth.of(f"{timezone.localtime(at, _zone(client)):%Y-%m}", client.timezone)
    rows = ClientRows(client, month, at, by)
    today = timezone.localtime(at, month.zone).date()
    with timezone.override(month.zone):
        [time] = time_section(rows.spans, working_day(rows.items))
        coming = dates(rows, today, today + AHEAD)
    shares = printed_shares([replace(each, time=_minutes(each.time)) for each in time.shares])
    points = [
        ChartPoint(each["label"], part.time.total_seconds(), each["value"])
        for each, part in zip(shares, time.shares, strict=True)
    ]
    waiting = _waiting(client, by)
    return {
        "month": month.words,
        "figures": figures(rows),
        "time": time,
        "shares": list(zip(shares, lines(points), strict=True)),
        "waiting": waiting[:MOST_WAITING],
        "waiting_count": len(waiting),
        "dates": coming[:MOST_DATES],
        "zone": month.zone,
    }


def _minutes(time: timedelta) -> timedelta:
    return timedelta(minutes=round(time / timedelta(minutes=1)))


def _zone(client: Client) -> Any:
    return ClientMonth.of("2000-01", client.timezone).zone


def _waiting(client: Client, by: Actor) -> list[WaitingEntry]:
    return [each for each in waiting_for(by) if each.client_id == client.pk]


@require_safe
@for_contacts
def report(request: HttpRequest, by: Actor, key: int) -> HttpResponse:
    """Show a report of a month as it was made."""
    row = report_of(by, key)
    return page(request, by, "report", {"row": row, "report": words_of(row), "forms": FORMS})


@require_safe
@for_contacts
def report_file(request: HttpRequest, by: Actor, key: int, form: str) -> HttpResponse:
    """
    Serve a report as a file that is saved.

    :raises Http404: also if clients get no such form
    """
    row = report_of(by, key)
    if form not in FORMS:
        raise Http404
    answer = HttpResponse(
        form_of(form, words_of(row), row.data, row.made_at), content_type=TYPES[form]
    )
    name = f"{slugify(row.client.code)}-{row.name}.{form}"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
