"""The pages of figures at the desk: the table, and the rows behind each number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Case, F, QuerySet, Value, When
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.desk.addresses import work_page
from routing.desk.base import DeskAdmin, actor
from routing.figures.addresses import read_selection
from routing.figures.admin.choice import FigureChoice
from routing.figures.catalogue import (
    SEE_FIGURES,
    TOOK,
    Figure,
    UnknownFigure,
    figures_called,
)
from routing.figures.computing import FigureScope, FigureValue, narrowed, rows_of, value_of, values
from routing.figures.dimensions import BadKey
from routing.figures.shown import elapsed, shown
from routing.figures.spans import BadInstant, Span, read_instant
from routing.sla.calendars import agency_zone
from routing.work.gates import Words

SCHEMA = {"name": "throughline.figure_rows", "version": 1}
MOST_GROUPS = 60
ROWS_A_PAGE = 100
TITLE: Words = gettext_lazy("Figures")


def figures_view(page: DeskAdmin[Any], request: HttpRequest) -> HttpResponse:
    """Show the chosen figures by their groups, each beside that of the period before."""
    _require(request)
    zone = agency_zone()
    choice = FigureChoice.read(request.GET, timezone.now(), zone)
    scope = FigureScope.of(actor(request), choice.span, apart=choice.apart)
    before = FigureScope.of(actor(request), choice.span.before(zone), apart=choice.apart)
    tables, unfit = [], []
    for figure in choice.figures:
        dimensions = choice.fitting(figure)
        if dimensions is None:
            unfit.append(figure.title)
            continue
        found = values(figure, dimensions, scope)
        has_before = not figure.is_now and not any(each.period for each in dimensions)
        earlier = values(figure, dimensions, before) if has_before else []
        tables.append(_table(figure, found, earlier))
    first, last = before.span.days(zone)
    context = {
        "title": TITLE,
        "choice": choice,
        "zone": zone,
        "tables": tables,
        "unfit": unfit,
        "headings": _headings(choice),
        "before": {"first": first, "last": last},
        "is_grouped": bool(choice.by),
        "apart_address": choice.query(apart="1"),
    }
    return page.render(request, "desk/figures.html", context)


def _headings(choice: FigureChoice) -> list[Words]:
    known: dict[str, Words] = {}
    for figure in choice.figures:
        known |= {each.name: each.title for each in figure.dimensions}
    return [known.get(name, name) for name in choice.by]


def _table(
    figure: Figure, found: Sequence[FigureValue], earlier: Sequence[FigureValue]
) -> dict[str, Any]:
    """Return a figure with its groups, those first that have most rows now."""
    past = {each.labels: each for each in earlier}
    lines = [_line(each, past.pop(each.labels, None)) for each in found]
    return {
        "figure": figure,
        "lines": lines[:MOST_GROUPS],
        "left_out": max(0, len(lines) - MOST_GROUPS),
    }


def _line(value: FigureValue, before: FigureValue | None) -> dict[str, Any]:
    return {
        "labels": value.labels,
        "name": ", ".join(value.labels),
        "value": shown(value.value, value.unit),
        "why": value.why_null,
        "n": shown(value.n, "count"),
        "address": value.rows_url if value.n else "",
        "before": shown(before.value, before.unit) if before else "",
        "before_address": before.rows_url if before and before.n else "",
    }


def rows_view(
    page: DeskAdmin[Any], request: HttpRequest, name: str, since: str, until: str, where: str
) -> HttpResponse:
    """
    Show the rows of one figure for one group, or answer their number and references as JSON.

    :raises Http404: if there is no such figure, span or group
    """
    _require(request)
    try:
        figure, span = _figure(name), Span(read_instant(since), read_instant(until))
        by, apart = read_selection(where)
        scope = FigureScope.of(actor(request), span, apart=apart)
        rows = narrowed(rows_of(figure, scope), figure, scope, by)
        value = value_of(figure, rows, scope, by)
    except (UnknownFigure, BadInstant, BadKey) as error:
        raise Http404(str(error)) from None
    listed = _listed(rows, figure)
    if request.GET.get("format") == "json":
        return _as_json(value, listed)
    chosen = Paginator(listed, ROWS_A_PAGE).get_page(request.GET.get("page"))
    first, last = span.days(scope.zone)
    context = {
        "title": _("Rows of %(figure)s") % {"figure": figure.title},
        "figure": figure,
        "value": value,
        "number": shown(value.value, value.unit),
        "numerator": None if value.numerator is None or not figure.is_rate else value.numerator,
        "groups": _groups(figure, by, has_rows=value.n > 0),
        "first": first,
        "last": last,
        "zone": scope.zone,
        "page": chosen,
        "rows": [_row(row, figure) for row in chosen],
        "apart": apart,
    }
    return page.render(request, "desk/figure_rows.html", context)


def _figure(name: str) -> Figure:
    """:raises UnknownFigure: if there is none of this name; a family has no rows of its own"""
    [*found] = figures_called([name])
    if len(found) != 1:
        raise UnknownFigure(name)
    return found[0]


def _listed(rows: QuerySet[Any], figure: Figure) -> QuerySet[Any]:
    """Return the rows with what the list shows of their work, the newest first."""
    shown_of: dict[str, Any] = {
        "row_item": F(figure.of_work("pk") if figure.item else "pk"),
        "row_ref": F(figure.of_work("ref")),
        "row_title": F(figure.of_work("title")),
    }
    if figure.at:
        shown_of["row_at"] = F(figure.at)
    if figure.good is not None:
        shown_of["row_good"] = Case(When(figure.good, then=Value(True)), default=Value(False))
    found: QuerySet[Any] = rows.annotate(**shown_of)
    return found.order_by(*(["-row_at"] if figure.at else []), "-pk")


def _as_json(value: FigureValue, listed: QuerySet[Any]) -> JsonResponse:
    refs = list(listed.values_list("row_ref", flat=True))
    body = {"schema": SCHEMA, "count": len(refs), "refs": refs, **value.as_json()}
    answer = JsonResponse(body)
    answer["Cache-Control"] = "private, no-store"
    return answer


def _groups(
    figure: Figure, by: Mapping[str, str | None], *, has_rows: bool
) -> list[tuple[Words, str]]:
    # Without rows nothing is named: the reader may not know of that client.
    found: list[tuple[Words, str]] = []
    for name, key in by.items():
        dimension = figure.dimension(name)
        label = key or _("None")
        if has_rows and key is not None:
            value = dimension.value_of(key)
            label = dimension.groups([value])[value].label
        found.append((dimension.title, label))
    return found


def _row(row: Any, figure: Figure) -> dict[str, Any]:
    took = getattr(row, TOOK, None)
    if took is not None:
        took = elapsed(took.total_seconds()) if isinstance(took, timedelta) else str(took)
    return {
        "ref": row.row_ref,
        "title": row.row_title,
        "address": work_page(row.row_item) if row.row_item else "",
        "at": getattr(row, "row_at", None),
        "took": took or "",
        "good": getattr(row, "row_good", None),
    }


def _require(request: HttpRequest) -> None:
    """:raises PermissionDenied: if the signed-in person may not see figures"""
    if not actor(request).may(SEE_FIGURES):
        raise PermissionDenied
