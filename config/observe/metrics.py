"""Prometheus metrics of the web processes, summed over all of them."""

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

    In the library's example, it is the innermost middleware. Here it is outside most others, so
    that their responses are counted, too. The library's second middleware would then measure the
    same again, so it is left out.
    """

    def label_metric(
        self, metric: Any, request: HttpRequest, response: Any = None, **labels: str
    ) -> Any:
        """
        Label unknown methods as “other”.

        The library uses the method as sent. With invented methods, callers could fill the memory.
        """
        if labels.get("method", "GET") not in _METHODS:
            labels["method"] = "other"
        return super().label_metric(metric, request, response, **labels)

    def process_request(self, request: HttpRequest) -> None:
        """
        Count the request, even if its Content-Length is not a number.

        The library fails on such a header. The view refuses it later.
        """
        with suppress(ValueError):
            super().process_request(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        """
        Count the exception, without the time of the request.

        The library would measure that here and again with the error page.
        """
        self.metrics.exceptions_by_type.labels(type=type(exception).__name__).inc()
        view = (request.resolver_match and request.resolver_match.view_name) or "<unnamed view>"
        self.metrics.exceptions_by_view.labels(view=view).inc()


def export(request: HttpRequest) -> HttpResponse:
    """Return the metrics of all processes that share PROMETHEUS_MULTIPROC_DIR, or of this one."""
    found: HttpResponse = ExportToDjangoView(request)
    return found
