"""The product's own WSGI application, with the naive hook beside it."""

from __future__ import annotations

from django.urls import path

from config.wsgi import application  # noqa: F401  # what gunicorn serves; it also makes models importable

from config import urls  # isort: skip
from bench import naive_hook  # isort: skip

urls.urlpatterns.insert(0, path("naive/<slug:slug>/", naive_hook.hook, name="naive_hook"))
