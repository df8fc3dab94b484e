"""
Devices that have signed in before, as a signed cookie.

Somebody who guesses at an account from elsewhere uses up the attempts of strangers. The owner's own
devices have attempts of their own, so nobody can lock them out.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from config.accounts.boxes import digest

COOKIE = "throughline_device"
LEAVES = "throughline_leaves"
SALT = "config.accounts.devices"
AGE = timedelta(days=180)
PATH = "/accounts/"  # nothing else asks for it
MOST_ACCOUNTS = 5  # of one browser


def device_of(request: HttpRequest, account: str) -> str:
    """Return the id of this device if the account has signed in on it, or an empty string."""
    found = _read(request)
    return str(found["device"]) if digest("device", account) in found["accounts"] else ""


def _read(request: HttpRequest) -> dict[str, Any]:
    try:
        found: dict[str, Any] = signing.loads(
            request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=AGE
        )
    except signing.BadSignature:
        return {"device": secrets.token_urlsafe(12), "accounts": []}
    return found


def remember(request: HttpRequest, account: str) -> None:
    """Let the response to this request make the browser a device of the account."""
    found = _read(request)
    others = [each for each in found["accounts"] if each != digest("device", account)]
    found["accounts"] = [digest("device", account), *others][:MOST_ACCOUNTS]
    request.META[COOKIE] = signing.dumps(found, salt=SALT)


def forget_pages(request: HttpRequest) -> None:
    """Let the response to this request make the browser drop what it keeps of our pages."""
    request.META[LEAVES] = True


class DeviceMiddleware:
    """Sets the cookie on the response to a sign-in, and clears caches after signing out."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if value := request.META.get(COOKIE):
            response.set_cookie(
                COOKIE,
                value,
                max_age=AGE,
                path=PATH,
                secure=settings.SESSION_COOKIE_SECURE,
                httponly=True,
                samesite="Lax",
            )
        if request.META.get(LEAVES):
            response.headers["Clear-Site-Data"] = '"cache", "storage"'
        return response
