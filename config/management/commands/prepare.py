from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections
from django.utils import timezone

from config.management.commands.migrate import OWNER, refuse_newer
from config.storage import dumps, schema
from delivery.flows import defaults
from delivery.progress.operations.adopting import adopt_all
from integrations.reconcile.sweep import compare_soon
from routing.models import Agency
from routing.runs.operations.offering import offer_now


class Command(BaseCommand):
    help = (
        "Bring an installation up to this code: dump, migrate, collect static files and create the "
        "defaults. Load the demo once, if asked."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--pg-dump", default="pg_dump", help="the program that takes the dump")
        parser.add_argument(
            "--in-image",
            action="store_true",
            help="skip dumps and static files, which backups and the image take care of",
        )
        parser.add_argument(
            "--demo", action="store_true", help="load the demo agency, unless it was loaded before"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["in_image"]:
            self.dump_before_migrating(options["pg_dump"])
        call_command("migrate", verbosity=0, interactive=False)
        if not options["in_image"]:
            call_command("collectstatic", verbosity=0, interactive=False)
        if options["demo"]:
            self.load_demo()
        defaults.ensure(at=timezone.now())
        if not Agency.objects.exists():
            self.stdout.write(defaults.MISSING)
        offer_now(timezone.now())  # work from before it was offered again by itself
        compare_soon()  # an older backup may have been put back before this start
        if adopted := adopt_all(clock=timezone.now):
            self.stdout.write(f"{adopted} requests from before got their event and their run.")

    def dump_before_migrating(self, program: str) -> None:
        owner_url = settings.ENV.database_owner_url
        if not owner_url:
            return  # migrate says what is missing
        refuse_newer(OWNER)
        status = schema.migration_status(connections[OWNER])
        if status.empty or not status.pending:
            return
        if shutil.which(program) is None:
            raise CommandError(
                f"Migrations are pending, and {program} is not installed to take a dump before "
                f"them. Install PostgreSQL's client, or take a dump yourself and run "
                f"`manage.py migrate`."
            )
        target = backups() / f"{timezone.now():%Y-%m-%dT%H%M%SZ}-before-{status.pending[0]}.dump"
        try:
            dumps.dump(program, owner_url, target)
        except dumps.DumpFailed as error:
            raise CommandError(
                f"Nothing was migrated, because no dump could be taken. {error}"
            ) from error
        self.stdout.write(f"Dump before {len(status.pending)} pending migrations: {target}")

    def load_demo(self) -> None:
        loaded = settings.VAR_DIR / "demo-loaded"
        if loaded.exists() or "demo" not in get_commands():
            return
        call_command("demo", "--if-empty", stdout=self.stdout)
        loaded.write_text(f"{timezone.now().isoformat()}\n")


def backups() -> Path:
    folder = Path(settings.VAR_DIR / "backups")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
