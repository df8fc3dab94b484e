"""Erase the personal data of a contact."""

from __future__ import annotations

from typing import Any

import redis
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from routing.audit.operations.erasure import erase
from routing.people.actors import Actor
from routing.people.clients import Contact
from routing.work.operations.files import erase_uploads


class Command(BaseCommand):
    help = "Overwrite a contact's name, e-mail and phone number, end portal access, and keep the audit trail intact."  # noqa: E501

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("contact_id", metavar="CONTACT_ID", type=int)
        parser.add_argument(
            "--files", action="store_true", help="also delete the files that the person uploaded"
        )
        parser.add_argument(
            "--reason", required=True, help="the reason; do not include names, because it is stored"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """:raises CommandError: if there is no such contact"""
        if not options["reason"].strip():
            raise CommandError("Enter a reason: --reason cannot be empty.")
        try:
            contact = erase(
                options["contact_id"],
                by=Actor.system(),
                at=timezone.now(),
                reason=options["reason"],
            )
        except Contact.DoesNotExist as missing:
            raise CommandError(f"There is no contact {options['contact_id']}.") from missing
        if options["files"]:
            try:
                erased = erase_uploads(contact.pk, by=Actor.system(), at=timezone.now())
            except redis.RedisError as error:
                why = "the cache, which may hold pictures of them, does not answer"
                raise CommandError(f"Their files were not erased: {why}. Try again.") from error
            self.stdout.write(f"{erased} of their files are erased.")
        self.stdout.write(
            self.style.SUCCESS(
                f"Contact {contact.pk} is erased. History carries ids only, so the chain still "
                f"verifies."
            )
        )
