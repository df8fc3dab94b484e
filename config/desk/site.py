"""The admin site of the desk: Unfold's, without work for parts that the desk does not show."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.http import HttpRequest
from django.urls import path
from django.utils.functional import SimpleLazyObject
from django.utils.module_loading import import_string
from unfold.settings import get_config
from unfold.sites import UnfoldAdminSite

from routing.desk.histories import history_of


class DeskSite(UnfoldAdminSite):
    def get_urls(self) -> list[Any]:
        """Return the usual pages, and one for the history of any row that is tracked."""
        page = self.admin_view(partial(history_of, site=self))
        return [
            path("history-of/<str:label>/<int:pk>/", page, name="history_of"),
            *super().get_urls(),
        ]

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> Any:
        """
        Return the list of apps, evaluated only if a template shows it.

        Django asks for it on every page, while our sidebar has its own entries.
        """
        return SimpleLazyObject(lambda: super(DeskSite, self).get_app_list(request, app_label))

    def get_sidebar_list(self, request: HttpRequest) -> list[dict[str, Any]]:
        """
        Return the entries of our function as they are.

        Unfold would check permissions and mark the active entry again for each of them.
        """
        build = import_string(get_config(self.settings_name)["SIDEBAR"]["navigation"])
        entries: list[dict[str, Any]] = build(request)
        return entries
