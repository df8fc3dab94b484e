from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class IntegrationsConfig(AppConfig):
    name = "integrations"
    verbose_name = _("Integrations")

    def ready(self) -> None:
        modules = ("enrich", "familiar", "connections", "forget", "outbox.replay", "outbox.calling_off", "crm", "letters", "publish")
        for module in modules:
            import_module(f"integrations.operations.{module}")
        import_module("integrations.chapters")
        import_module("integrations.demo")
