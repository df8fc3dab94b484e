"""Error pages. They say what happened, what was saved and what to do, without a traceback."""

from __future__ import annotations

import errno
import sys
from http import HTTPStatus

import redis
import structlog
from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template import TemplateSyntaxError
from django.template.loader import render_to_string
from django.utils import timezone
from psycopg.errors import DiskFull

from routing.audit.operations.security_notices import Kind, notice

RETRY_AFTER_S = "5"
FULL = "Our storage is full, and nothing was saved. Try again later or tell your administrator.\n"
FAILED_PLAINLY = "Something went wrong on our side, and nothing was saved. Try again in a minute.\n"


def unreadable(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, "unreadable", HTTPStatus.BAD_REQUEST)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    # The texts of PermissionDenied are our own and written for readers.
    why = str(exception) if isinstance(exception, PermissionDenied) else ""
    return _page(request, "forbidden", HTTPStatus.FORBIDDEN, why)


def form_expired(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form without a valid CSRF token. Django logs the reason."""
    return _page(request, "form_expired", HTTPStatus.FORBIDDEN)


def missing(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, "missing", HTTPStatus.NOT_FOUND)


def too_many(request: HttpRequest) -> HttpResponse:
    notice(Kind.LOCKED_OUT, request)
    return _page(request, "too_many", HTTPStatus.TOO_MANY_REQUESTS)


def failed(request: HttpRequest) -> HttpResponse:
    """
    Show the page for an unexpected error, with a number that finds the request in the log.

    It uses neither database nor session, because these may have failed.
    """
    error = sys.exc_info()[1]
    if _no_room(error):
        return HttpResponse(
            FULL, status=HTTPStatus.INSUFFICIENT_STORAGE, content_type="text/plain; charset=utf-8"
        )
    status, headers = HTTPStatus.INTERNAL_SERVER_ERROR, None
    if _away(error):
        status, headers = HTTPStatus.SERVICE_UNAVAILABLE, {"Retry-After": RETRY_AFTER_S}
    number = structlog.contextvars.get_contextvars().get("request_id", "")
    try:
        text = render_to_string("errors/failed.html", {"number": number, "at": timezone.now()})
    except (ValueError, TemplateSyntaxError):
        # Static files are not collected, or one of our templates is broken.
        return HttpResponse(
            FAILED_PLAINLY, status=status, headers=headers, content_type="text/plain; charset=utf-8"
        )
    return HttpResponse(text, status=status, headers=headers)


def _away(error: BaseException | None) -> bool:
    """
    Return whether a retry may work.

    The database or broker was away, or the transaction gave way to another.
    """
    while error is not None:
        if isinstance(
            error, OperationalError | InterfaceError | redis.ConnectionError | redis.TimeoutError
        ):
            return True
        error = error.__cause__
    return False


def _no_room(error: BaseException | None) -> bool:
    """Return whether a disk is full: ours during an upload, or the database's."""
    while error is not None:
        if isinstance(error, DiskFull):
            return True
        if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
            return True
        error = error.__cause__
    return False


def _page(request: HttpRequest, name: str, status: HTTPStatus, why: str = "") -> HttpResponse:
    # Rendered without context processors: those read session and messages, which may not exist yet.
    user = getattr(request, "user", None)
    context = {
        "user": user,
        "staff": bool(user and user.is_authenticated and user.is_staff),
        "why": why,
    }
    return HttpResponse(render_to_string(f"errors/{name}.html", context), status=status)
