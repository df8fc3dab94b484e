"""
Django's admin app with the desk as its site.

Apps are loaded before models, so the site is named by a string and imported later.
"""

from __future__ import annotations

from importlib import import_module

from django.contrib.admin.apps import AdminConfig

from delivery.apps import REGISTERING as DELIVERY
from integrations.apps import REGISTERING as INTEGRATIONS
from routing.apps import REGISTERING as ROUTING


class DeskAdminConfig(AdminConfig):
    default = True
    default_site = "config.desk.site.DeskSite"

    def ready(self) -> None:
        # Reactions run in the order in which their modules are imported. Admin modules import some
        # of them in an order of their own, so the apps' lists come first.
        for module in (*ROUTING, *DELIVERY, *INTEGRATIONS):
            import_module(module)
        super().ready()
