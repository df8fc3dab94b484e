from typing import Any

from django.core.management.base import BaseCommand

from integrations.connections.operations import reencrypt


class Command(BaseCommand):
    help = "Encrypt the secrets of all connections again under the newest of ENCRYPTION_KEYS; older keys may then be removed."  # noqa: E501

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{reencrypt()} connections are encrypted under the newest key.")
