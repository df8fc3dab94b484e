"""Error pages: what happened, what was saved and what to do next. Never a traceback."""

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

RETRY_AFTER_S = "5"
FULL = "Our storage is full, and nothing was saved. Try again later or tell your administrator.\n"
FAILED_PLAINLY = "Something went wrong on our side, and nothing was saved. Try again in a minute.\n"


def unreadable(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, "unreadable", HTTPStatus.BAD_REQUEST)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    # Ours, written for the reader.
    why = str(exception) if isinstance(exception, PermissionDenied) else ""
    return _page(request, "forbidden", HTTPStatus.FORBIDDEN, why)


def form_expired(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form came without its token; Django's reason is for the log, which has it."""
    return _page(request, "form_expired", HTTPStatus.FORBIDDEN)


def missing(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, "missing", HTTPStatus.NOT_FOUND)


def too_many(request: HttpRequest) -> HttpResponse:
    return _page(request, "too_many", HTTPStatus.TOO_MANY_REQUESTS)


def failed(request: HttpRequest) -> HttpResponse:
    """
    Touches neither database nor session: one of them may be what failed. The number finds the
    request in the log.
    """
    error = sys.exc_info()[1]
    if _no_room(error):
        return HttpResponse(
            FULL, status=HTTPStatus.INSUFFICIENT_STORAGE, content_type="text/plain; charset=utf-8"
        )
    status = HTTPStatus.SERVICE_UNAVAILABLE if _away(error) else HTTPStatus.INTERNAL_SERVER_ERROR
    headers = {"Retry-After": RETRY_AFTER_S} if _away(error) else None
    number = structlog.contextvars.get_contextvars().get("request_id", "")
    try:
        text = render_to_string("errors/failed.html", {"number": number, "at": timezone.now()})
    except (
        ValueError,
        TemplateSyntaxError,
    ):  # static files are not collected, or a page of ours is broken
        return HttpResponse(
            FAILED_PLAINLY, status=status, headers=headers, content_type="text/plain; charset=utf-8"
        )
    return HttpResponse(text, status=status, headers=headers)


def _away(error: BaseException | None) -> bool:
    """
    Return whether the database or broker was away or gave way to another transaction, so that a
    retry may work.
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
        if (
            isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}
        ) or isinstance(error, DiskFull):
            return True
        error = error.__cause__
    return False


def _page(request: HttpRequest, name: str, status: HTTPStatus, why: str = "") -> HttpResponse:
    # Without the request's context: its processors read session and messages, which may not be
    # there this early.
    user = getattr(request, "user", None)
    context = {
        "user": user,
        "staff": bool(user and user.is_authenticated and user.is_staff),
        "why": why,
    }
    return HttpResponse(render_to_string(f"errors/{name}.html", context), status=status)
