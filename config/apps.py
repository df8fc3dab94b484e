from importlib import import_module
from typing import Any

from django.apps import AppConfig, apps
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.core.checks import register
from django.db.models.signals import post_migrate

from config import checks
from config.accounts import devices
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
        register(checks.demo_sign_in, deploy=True)
        user_logged_in.connect(_remember, dispatch_uid="throughline.devices")
        user_logged_out.connect(_leave, dispatch_uid="throughline.leaving")
        post_migrate.connect(
            beats.sync,
            sender=apps.get_app_config("django_celery_beat"),
            dispatch_uid="throughline.beats",
        )


def _remember(sender: Any, request: Any, user: Any, **_: Any) -> None:
    devices.remember(request, user.email)


def _leave(sender: Any, request: Any, **_: Any) -> None:
    devices.forget_pages(request)
