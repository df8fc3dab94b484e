"""
The admin site of the desk: unfold's, without what every page of it would pay for and none shows.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.module_loading import import_string
from unfold.settings import get_config
from unfold.sites import UnfoldAdminSite


class DeskSite(UnfoldAdminSite):
    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> Any:
        """
        Worked out where it is shown: Django asks for it on every page, and our sidebar has its own
        entries.
        """
        return SimpleLazyObject(lambda: super(DeskSite, self).get_app_list(request, app_label))

    def get_sidebar_list(self, request: HttpRequest) -> list[dict[str, Any]]:
        """As the setting's function makes it, who may see what and where one is included."""
        entries: list[dict[str, Any]] = import_string(
            get_config(self.settings_name)["SIDEBAR"]["navigation"]
        )(request)
        return entries
