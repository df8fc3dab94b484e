from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.core.management.commands import migrate
from django.db import connections

from config import checks
from config.storage import migrating, schema

OWNER = "owner"
LOCKED = (
    "Another session has held a lock on a table for ten minutes. The migrations before this one "
    "are applied, and this one begins anew next time. Find the session in pg_locks and "
    "pg_stat_activity, end it (pg_terminate_backend), and run `manage.py migrate` again."
)


class Command(migrate.Command):
    help = (
        migrate.Command.help
        + " Works as the role that owns the schema, and never on a newer schema."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(database=OWNER)

    def get_check_kwargs(self, options: dict[str, Any]) -> Any:
        # System checks run before handle(), and would fail with a traceback on a missing alias.
        if options["database"] not in connections.settings:
            raise CommandError(_why())
        return super().get_check_kwargs(options)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["database"] == OWNER and (why := _why()):
            raise CommandError(why)
        refuse_newer(options["database"])
        try:
            migrating.beside_work(
                connections[options["database"]],
                lambda: super(Command, self).handle(*args, **options),
                self.stderr.write,
            )
        except migrating.StillLocked as error:
            raise CommandError(LOCKED) from error


def _why() -> str:
    return "\n".join(f"{issue.msg} {issue.hint}" for issue in checks.database_roles())


def refuse_newer(alias: str) -> None:
    """
    Refuse to migrate a schema that is newer than this code.

    Older code would not write what the newer code relies on.

    :raises CommandError: with the unknown migrations and what to do
    """
    if unknown := schema.migration_status(connections[alias]).unknown:
        raise CommandError(
            "This database was migrated by a newer Throughline, so this older code will not touch "
            f"it. It does not know: {', '.join(unknown)}.\nCheck out the newer version again, or "
            "restore the dump that was taken before its migrations (var/backups)."
        )
