"""Prometheus figures of the web: django-prometheus counts, and /metrics shows one sum of it all."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.http import HttpRequest, HttpResponse
from django_prometheus.exports import ExportToDjangoView
from django_prometheus.middleware import PrometheusAfterMiddleware

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class MetricsMiddleware(PrometheusAfterMiddleware):
    """
    Count requests by view, method and status, and how long each took.

    It stands outside the other middleware, unlike in the library's example, so that an answer given
    by one of them is counted by its view and status as well. The library's other middleware would
    then measure the same a second time, and is left out.
    """

    def label_metric(
        self, metric: Any, request: HttpRequest, response: Any = None, **labels: str
    ) -> Any:
        """
        Let nothing but our own names be labels.

        The library labels the time of a request with its method as sent: with words of their own,
        callers could fill the memory.
        """
        if labels.get("method", "GET") not in _METHODS:
            labels["method"] = "other"
        return super().label_metric(metric, request, response, **labels)

    def process_request(self, request: HttpRequest) -> None:
        """
        Count the request, whatever it says about its length.

        The library takes that for a number. Who answers the request refuses one that is none.
        """
        with suppress(ValueError):
            super().process_request(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        """
        Count the exception, but not how long it took.

        The library does both, and then times the page that tells of the error once more.
        """
        self.metrics.exceptions_by_type.labels(type=type(exception).__name__).inc()
        view = (request.resolver_match and request.resolver_match.view_name) or "<unnamed view>"
        self.metrics.exceptions_by_view.labels(view=view).inc()


def export(request: HttpRequest) -> HttpResponse:
    """
    Return the figures of every process that shares PROMETHEUS_MULTIPROC_DIR, else of this one.
    """
    found: HttpResponse = ExportToDjangoView(request)
    return found
