from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DemoConfig(AppConfig):
    name = "demo"
    verbose_name = _("Demo")

    def ready(self) -> None:
        import_module("demo.site")  # registers the external systems of the demo
        import_module("demo.figures")  # counts its work apart
