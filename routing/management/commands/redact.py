"""Redact the free text of one row of evidence."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections
from django.utils import timezone

from routing.audit.operations.redaction import OWNER, NotRedactable, redact


class Command(BaseCommand):
    help = "Replace the free text of one history row. Needs DATABASE_OWNER_URL; the row verifies as redacted, not as broken."  # noqa: E501

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("table", metavar="TABLE", help="such as delivery_historicalrequest")
        parser.add_argument("row", metavar="ROW", type=int, help="its history id")
        parser.add_argument("--reason", required=True, help="the reason; stored with the redaction")

    def handle(self, *args: Any, **options: Any) -> None:
        """:raises CommandError: if there is nothing to redact, or no owner role"""
        if OWNER not in connections:
            raise CommandError(
                "Only the role that owns the tables can redact. Set DATABASE_OWNER_URL for this "
                "command."
            )
        if not options["reason"].strip():
            raise CommandError("Enter a reason: --reason cannot be empty.")
        try:
            redact(options["table"], options["row"], reason=options["reason"], at=timezone.now())
        except NotRedactable as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(
            self.style.SUCCESS(
                f"{options['table']} row {options['row']} is redacted. The chain still verifies."
            )
        )
