from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DeliveryConfig(AppConfig):
    name = "delivery"
    verbose_name = _("Delivery")

    def ready(self) -> None:
        for module in (
            "requests",
            "briefs",
            "first_briefs",
            "deliverables",
            "versions",
            "approvals",
            "opening",
            "planning",
            "reviewing",
            "asking",
            "proving",
            "rolling",
            "ending",
            "submissions",
            "impacts",
            "changes",
            "defaults",
        ):
            import_module(f"delivery.operations.{module}")
        import_module("delivery.chapters")
