"""Tell which part of the product a request is for, by the view that was found."""

from __future__ import annotations

from django.http import HttpRequest

# As config.urls has them. The address that a client writes decides nothing: it can differ from what
# was found, for example by a SCRIPT_NAME in front of it.
ACCOUNTS, DESK = "accounts/", "admin/"


def is_below(request: HttpRequest, route: str) -> bool:
    return request.resolver_match is not None and request.resolver_match.route.startswith(route)
