"""Checks of the address that a client sent: its host builds no link, and its query has no NUL."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from urllib.parse import urljoin

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.encoding import iri_to_uri


class LinksMiddleware:
    """
    Replaces the one method that Django and its libraries ask for an absolute link.

    A port in a Host header is not checked against ALLOWED_HOSTS, and a link in an e-mail must lead
    to us, whoever asked for it. A NUL in a query is refused, since PostgreSQL takes none in a text
    that a filter or a search asks for.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        query = request.META.get("QUERY_STRING", "")
        if "%00" in query or "\0" in query:
            raise SuspiciousOperation("A NUL in a query.")
        request.build_absolute_uri = partial(absolute, request)  # type: ignore[method-assign]
        return self.get_response(request)


def absolute(request: HttpRequest, location: str | None = None) -> str:
    """Return a location of this site as a whole link. One that is whole already stays."""
    here = settings.SITE_URL + request.get_full_path()
    return iri_to_uri(here if location is None else urljoin(here, str(location)))
