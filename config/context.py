"""What every template may ask about the installation."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def house(_: HttpRequest) -> dict[str, Any]:
    return {"embedded": settings.EMBEDDED}
