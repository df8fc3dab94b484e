from importlib import import_module

from django.apps import AppConfig, apps
from django.utils.translation import gettext_lazy as _


class DemoConfig(AppConfig):
    name = "demo"
    verbose_name = _("Demo")

    def ready(self) -> None:
        import_module("demo.site")  # registers the external systems of the demo
        import_module("demo.figures")  # counts its work apart

    def is_loaded(self) -> bool:
        """Return whether this product holds the demo agency."""
        domain = import_module("demo.agency.agency").DOMAIN
        people = apps.get_model("routing", "User").objects.people()
        return bool(people.filter(email__endswith=f"@{domain}", is_active=True).exists())
