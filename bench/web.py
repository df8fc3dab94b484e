"""The product's own WSGI application, with the naive hook and the limit beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.urls import path

from config.wsgi import application as product  # it also makes models importable

from config import urls  # isort: skip
from bench import limit_hook, naive_hook  # isort: skip

urls.urlpatterns.insert(0, path("naive/<slug:slug>/", naive_hook.hook, name="naive_hook"))


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    if environ["PATH_INFO"] == limit_hook.PLACE:
        return limit_hook.hook(environ, start_response)
    answer: Iterable[bytes] = product(environ, start_response)
    return answer
