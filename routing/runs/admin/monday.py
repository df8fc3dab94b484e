"""The Monday list: stalled runs, hand-offs and failure modes on one page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from routing.desk.addresses import address, page_of, work_page
from routing.desk.base import DeskAdmin, actor
from routing.figures.catalogue import SEE_FIGURES, figures_called
from routing.figures.computing import FigureScope, FigureValue, values
from routing.figures.spans import Span
from routing.people.actors import Actor
from routing.runs.exceptions import ExceptionRoute
from routing.runs.monday import newest_stalled
from routing.work.gates import Words

SEE = "routing.view_run"
MOST_STALLED, MOST_LINES = 5, 10
HAND_OFF_DAYS, FAILURE_DAYS = 28, 7
TITLE: Words = _("Monday list")


@dataclass(frozen=True, slots=True)
class FailureMode:
    """Exceptions of one flow for one reason, with the page on which they are routed."""

    flow: str
    reason: str
    count: int
    rows_url: str
    route_url: str


def monday_view(page: DeskAdmin[Any], request: HttpRequest) -> HttpResponse:
    """Show the list of the reader: only work that they may see."""
    by, now = actor(request), timezone.now()
    if not by.may(SEE):
        raise PermissionDenied
    stalled = newest_stalled(by, now, MOST_STALLED)
    context = {
        "title": TITLE,
        "stalled": [
            (each, page_of(each.run), work_page(each.about.pk) if each.about else "")
            for each in stalled
        ],
        "pairs": _figure(by, "hand_offs", ("from", "to"), HAND_OFF_DAYS, now),
        "flows": _figure(by, "hand_offs", ("flow",), HAND_OFF_DAYS, now),
        "modes": _failure_modes(by, now),
        "hand_off_days": HAND_OFF_DAYS,
        "failure_days": FAILURE_DAYS,
    }
    return page.render(request, "desk/monday.html", context)


def _figure(
    by: Actor, name: str, grouped: Sequence[str], days: int, now: datetime
) -> list[FigureValue]:
    """Return the groups of a figure over the last days, those with most rows first."""
    if not by.may(SEE_FIGURES):
        return []
    # Work of the demo and of walkthroughs counts: what is stalled of it is listed as well.
    scope = FigureScope.of(by, Span(now - timedelta(days=days), now), apart=True)
    [figure] = figures_called([name])
    dimensions = [figure.dimension(each) for each in grouped]
    return [each for each in values(figure, dimensions, scope) if each.n][:MOST_LINES]


def _failure_modes(by: Actor, now: datetime) -> list[FailureMode]:
    found = _figure(by, "exceptions_opened", ("flow", "reason"), FAILURE_DAYS, now)
    may_route = by.may("routing.view_exceptionroute")
    routes = dict(ExceptionRoute.objects.values_list("reason", "pk")) if may_route else {}
    modes = []
    for each in found:
        flow, reason = each.labels
        route = routes.get(each.by["reason"] or "")
        url = address(ExceptionRoute, "change", route) if route else ""
        modes.append(FailureMode(flow, reason, each.n, each.rows_url, url))
    return modes
