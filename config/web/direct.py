"""Deliveries of other systems, past all that only people need: sessions, languages, forms."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve

PLACE = "/hooks/"


class DirectMiddleware:
    """
    Answers what is posted to a hook; stands behind what secures, counts and logs every request.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(PLACE):
            return self.get_response(request)
        try:
            found = resolve(request.path_info)
        except Resolver404:
            return self.get_response(request)
        request.get_host()  # refuses a forged Host, as every page does
        request.resolver_match = found
        answer: HttpResponse = found.func(request, *found.args, **found.kwargs)
        answer.headers.setdefault("Content-Length", str(len(answer.content)))
        return answer
