"""Is this process alive, and is it fit to serve?"""

from __future__ import annotations

import hmac
from collections.abc import Callable

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound, JsonResponse
from django.http.response import HttpResponseBase
from kombu.exceptions import OperationalError

from config.celery import app
from config.observe import metrics, queues
from config.storage import schema

BROKER_TIMEOUT_S = 2


class ProbeMiddleware:
    """
    Answer the three probes before anything looks at the host name, the session or the language.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.probes = {"/healthz": alive, "/readyz": ready, "/metrics": figures}

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        probe = self.probes.get(request.path)
        return probe(request) if probe else self.get_response(request)


def alive(_: HttpRequest) -> HttpResponse:
    return JsonResponse({"alive": True})


def ready(_: HttpRequest) -> HttpResponse:
    """200, or 503 with what is missing; the reasons name no host, role or password."""
    reasons = {part: why for part, why in (("database", _database()), ("broker", _broker())) if why}
    return JsonResponse({"ready": not reasons, "reasons": reasons}, status=503 if reasons else 200)


def _database() -> str:
    try:
        status = schema.migration_status(connection)
    except DatabaseError:
        connection.close()
        return "The database does not answer."
    if status.pending:
        return f"Migrations are pending: {_some(status.pending)}. Run `manage.py migrate`."
    if status.unknown:
        return f"The schema is newer than this code: {_some(status.unknown)}. Deploy the newer version."  # noqa: E501
    return ""


def _some(names: tuple[str, ...]) -> str:
    more = len(names) - 3
    return ", ".join(names[:3]) + (f" and {more} more" if more > 0 else "")


def _broker() -> str:
    try:
        with app.connection_for_write() as broker:
            broker.ensure_connection(max_retries=1, interval_start=0, timeout=BROKER_TIMEOUT_S)
    except (OperationalError, OSError):
        return "The broker does not answer."
    return ""


def figures(request: HttpRequest) -> HttpResponse:
    if not _may_read_figures(request):
        return HttpResponseNotFound()
    answer = metrics.export(request)
    answer.content += queues.text()
    return answer


def _may_read_figures(request: HttpRequest) -> bool:
    if settings.METRICS_TOKEN:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(given.encode(), settings.METRICS_TOKEN.encode())
    # Without a token, only this machine, and nobody whom a proxy on it speaks for.
    return (
        request.META.get("REMOTE_ADDR") in {"127.0.0.1", "::1", ""}
        and "X-Forwarded-For" not in request.headers
    )
