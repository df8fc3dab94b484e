"""Context for every template."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from routing.cover.agency import Agency


def house(_: HttpRequest) -> dict[str, Any]:
    """Return values of the installation. ``agency_name`` is read only if a page shows it."""
    return {"embedded": settings.EMBEDDED, "agency_name": SimpleLazyObject(agency_name)}


def agency_name() -> str:
    return Agency.objects.values_list("name", flat=True).first() or "Throughline"
