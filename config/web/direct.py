"""Answer webhooks without the middleware that only people need: sessions, languages, forms."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve

from config.storage.bounded import answer_within

PREFIX = "/hooks/"
PATIENCE_S = 2.5  # with the database; HubSpot gives up after five seconds, Slack after three


class DirectMiddleware:
    """Answers webhooks. It comes after the middleware that secures, counts and logs requests."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(PREFIX):
            return self.get_response(request)
        try:
            found = resolve(request.path_info)
        except Resolver404:
            return self.get_response(request)
        request.get_host()  # refuses a forged Host header, which CommonMiddleware does for pages
        request.resolver_match = found
        with answer_within(PATIENCE_S):
            answer: HttpResponse = found.func(request, *found.args, **found.kwargs)
        answer.headers.setdefault("Content-Length", str(len(answer.content)))
        return answer
