from importlib import import_module

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class RoutingConfig(AppConfig):
    name = "routing"
    verbose_name = _("Routing")

    def ready(self) -> None:
        from routing.evidence import after_migrate

        for module in (
            "people",
            "work",
            "clients",
            "flows",
            "process",
            "enrich",
            "settle",
            "exceptions",
            "runs",
            "calendars",
            "clocks",
            "agency",
            "cover",
            "parked",
            "files",
            "notes",
            "outcomes",
            "portal_access",
        ):
            import_module(f"routing.operations.{module}")
        import_module("routing.arrays").register()
        import_module("routing.checks")
        import_module("routing.chapters")
        post_migrate.connect(after_migrate, dispatch_uid="routing.after_migrate")
