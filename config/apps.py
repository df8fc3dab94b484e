from importlib import import_module

from django.apps import AppConfig, apps
from django.core.checks import register
from django.db.models.signals import post_migrate

from config import checks
from config.celery import app
from config.queueing import beats

# Loading the Celery app together with Django makes @shared_task use it.
__all__ = ["ConfigConfig", "app"]


class ConfigConfig(AppConfig):
    name = "config"
    verbose_name = "Throughline"

    def ready(self) -> None:
        import_module("config.accounts.security")  # its receivers need the models
        register(checks.database_roles, deploy=True)
        post_migrate.connect(
            beats.sync,
            sender=apps.get_app_config("django_celery_beat"),
            dispatch_uid="throughline.beats",
        )
