from importlib import import_module

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class RoutingConfig(AppConfig):
    name = "routing"
    verbose_name = _("Routing")

    def ready(self) -> None:
        from routing.evidence import after_migrate

        for module in ("operations.people", "operations.work", "operations.clients"):
            import_module(f"routing.{module}")
        post_migrate.connect(after_migrate, dispatch_uid="routing.after_migrate")
