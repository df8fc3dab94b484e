"""The name and look of the admin site. The settings import this, so it cannot import models."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Throughline",
    "SITE_HEADER": "Throughline",
    "SITE_SYMBOL": "conversion_path",
    "SITE_URL": None,
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "config.desk.theme.mark"}],
    "SHOW_VIEW_ON_SITE": False,
    "STYLES": [
        "config.desk.theme.stylesheet",
        "config.desk.theme.trace",
        "config.desk.theme.making",
        "config.desk.theme.letters",
    ],
    "SCRIPTS": ["config.desk.theme.files", "config.desk.theme.counts", "config.desk.theme.colours"],
    "DASHBOARD_CALLBACK": "config.desk.today.today",
    "SIDEBAR": {"navigation": "config.desk.sidebar.sidebar", "show_search": False},
    "COLORS": {
        "primary": {  # 600 on white and 500 on the dark background have a contrast above 4.5 : 1
            "50": "oklch(97.6% .015 205)",
            "100": "oklch(94.5% .03 207)",
            "200": "oklch(89% .055 208)",
            "300": "oklch(82% .085 210)",
            "400": "oklch(76% .11 213)",
            "500": "oklch(72% .115 215)",
            "600": "oklch(47% .095 220)",
            "700": "oklch(42% .085 222)",
            "800": "oklch(37% .072 223)",
            "900": "oklch(33% .06 224)",
            "950": "oklch(25% .045 226)",
        },
        "font": {
            "subtle-light": "var(--color-base-600)",
            "subtle-dark": "var(--color-base-300)",
            "default-light": "var(--color-base-700)",
            "default-dark": "var(--color-base-200)",
            "important-light": "var(--color-base-900)",
            "important-dark": "var(--color-base-100)",
        },
    },
}


def stylesheet(request: HttpRequest) -> str:
    return static("routing/desk.css")


def trace(request: HttpRequest) -> str:
    return static("routing/trace.css")


def making(request: HttpRequest) -> str:
    return static("delivery/making.css")


def files(request: HttpRequest) -> str:
    return static("routing/files.js")


def counts(request: HttpRequest) -> str:
    return static("routing/counts.js")


def colours(request: HttpRequest) -> str:
    return static("config/theme.js")


def letters(request: HttpRequest) -> str:
    return static("config/letters.css")


def mark(request: HttpRequest) -> str:
    return static("config/icon.svg")
