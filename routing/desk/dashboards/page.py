"""The page of a dashboard. Its panels are declared; this shows them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from routing.desk.base import actor
from routing.desk.dashboards.declared import dashboard_called, panels_for
from routing.desk.dashboards.reading import Reading


def dashboard(request: HttpRequest, name: str) -> HttpResponse:
    """
    Show a dashboard, of which every number counts only work that the reader sees.

    :raises Http404: if there is none of this name
    :raises PermissionDenied: if it is not for this reader
    """
    by, found = actor(request), dashboard_called(name)
    if found is None:
        raise Http404
    if not found.may(by):
        raise PermissionDenied
    within, apart = found.within(by), "apart" in request.GET
    reading = Reading.of(by, timezone.now(), within, apart=apart)
    is_empty = within is not None and not within.keys
    panels = [] if is_empty else panels_for(found, by)
    context: dict[str, Any] = {
        "title": found.title,
        "dashboard": found,
        "panels": [(each, each.draw(reading)) for each in panels],
        "is_empty": is_empty,
        "apart": apart,
        "zone": reading.zone,
        "now": reading.at,
    }
    page = admin.site.each_context(request) | context
    return TemplateResponse(request, "desk/dashboard.html", page)
