"""Load, refresh or remove the demo agency."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from demo.agency import agency
from demo.agency.load import load
from demo.agency.remove import StillInUse, end_work, remove
from demo.agency.sign_ins import write
from routing.audit.models import Seal
from routing.people.clients import Client
from routing.people.staff import User


class Command(BaseCommand):
    help = (
        "Load a small agency to try the product: 8 people, 6 clients and about 60 runs, dated "
        "relative to now."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        how = parser.add_mutually_exclusive_group()
        how.add_argument(
            "--if-empty",
            action="store_true",
            help="load it only if there are no people and no clients yet",
        )
        how.add_argument(
            "--refresh",
            action="store_true",
            help="end the demo's open work and load it again, dated from now",
        )
        how.add_argument(
            "--remove",
            action="store_true",
            help="end its work, erase its contacts, close its accounts",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        at = timezone.now()
        if options["remove"]:
            try:
                ended = remove(at)
            except StillInUse as error:
                raise CommandError(str(error)) from None
            Path(settings.SIGN_INS_FILE).unlink(missing_ok=True)
            self.stdout.write(
                f"The demo was removed, and {ended} open requests were ended. Its history stays."
            )
            return
        if options["if_empty"] and (User.objects.people().exists() or Client.objects.exists()):
            self.stdout.write("Nothing was loaded, because there are people or clients already.")
            return
        if options["refresh"]:
            end_work(at, "The demo was refreshed.")
            if Seal.objects.exists():
                self.stderr.write(
                    "Its new past is older than seals that are there, so `manage.py verify` will "
                    "report it as backdated. For evidence that verifies, start on a new VAR_DIR."
                )
        elif User.objects.filter(email__endswith=f"@{agency.DOMAIN}", is_active=True).exists():
            raise CommandError(
                "The demo is loaded already. Use --refresh to load it again, dated from now, or "
                "--remove."
            )
        write(load(at), Path(settings.SIGN_INS_FILE))
        self.stdout.write(f"The demo is loaded. Sign-ins: {settings.SIGN_INS_FILE}")
