"""Forbid browsers and proxies to store a page, unless its view allows it."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

NOBODY = "no-store, private"


class CachingMiddleware:
    """
    Forbids browsers and proxies to store what has no Cache-Control of its own.

    Error pages are among them: one stored for everybody would hide a page, or show whose it is.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response.headers.setdefault("Cache-Control", NOBODY)
        return response
