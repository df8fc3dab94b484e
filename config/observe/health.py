"""Probes: /healthz, /readyz and /metrics."""

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
from config.storage.bounded import answer_within
from routing.audit.operations.security_notices import Kind, notice

DATABASE_TIMEOUT_S = 1.5
BROKER_TIMEOUT_S = 1
REDIS_PATIENCE = {"socket_timeout": 1, "socket_connect_timeout": 1}


class ProbeMiddleware:
    """
    Answers the probes before all other middleware.

    A balancer calls by IP address, so the host name must not be checked. It needs no session.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.probes = {"/healthz": alive, "/readyz": ready, "/metrics": figures}

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        probe = self.probes.get(request.path_info)
        if probe is None:
            return self.get_response(request)
        answer = probe(request)
        # No middleware does these here.
        answer.headers["Content-Length"] = str(len(answer.content))
        answer.headers["Cache-Control"] = "no-store"  # a stored "alive" would outlive the process
        answer.headers["X-Content-Type-Options"] = "nosniff"
        return answer


def alive(_: HttpRequest) -> HttpResponse:
    return JsonResponse({"alive": True})


def ready(_: HttpRequest) -> HttpResponse:
    """Answer 200, or 503 with reasons. The probe is public, so they name no host or role."""
    found = {"database": _database(), "broker": _broker()}
    reasons = {part: reason for part, reason in found.items() if reason}
    return JsonResponse({"ready": not reasons, "reasons": reasons}, status=503 if reasons else 200)


def _database() -> str:
    try:
        with answer_within(DATABASE_TIMEOUT_S):
            status = schema.migration_status(connection)
    except DatabaseError:
        connection.close()
        return "The database does not answer."
    if status.pending:
        return f"Migrations are pending: {_some(status.pending)}. Run `manage.py migrate`."
    if status.unknown:
        names = _some(status.unknown)
        return f"The schema is newer than this code: {names}. Deploy the newer version."
    return ""


def _some(names: tuple[str, ...]) -> str:
    first = ", ".join(names[:3])
    more = len(names) - 3
    return f"{first} and {more} more" if more > 0 else first


def _broker() -> str:
    try:
        with app.connection_for_write() as broker:
            if broker.transport.driver_type == "redis":
                # A frozen one would be waited for as long as a worker waits.
                broker.transport_options = (broker.transport_options or {}) | REDIS_PATIENCE
            broker.ensure_connection(max_retries=1, interval_start=0, timeout=BROKER_TIMEOUT_S)
    except (OperationalError, OSError):
        return "The broker does not answer."
    return ""


def figures(request: HttpRequest) -> HttpResponse:
    if not _may_read_figures(request):
        if settings.METRICS_TOKEN and request.headers.get("Authorization"):
            notice(Kind.TOKEN_REFUSED, request, detail="metrics")
        return HttpResponseNotFound()
    answer = metrics.export(request)
    answer.content += queues.text()
    return answer


def _may_read_figures(request: HttpRequest) -> bool:
    if settings.METRICS_TOKEN:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(given.encode(), settings.METRICS_TOKEN.encode())
    # Without a token, only this machine may read them, and not through a proxy on it.
    return (
        request.META.get("REMOTE_ADDR") in {"127.0.0.1", "::1", ""}
        and "X-Forwarded-For" not in request.headers
    )
