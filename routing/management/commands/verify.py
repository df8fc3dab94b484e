"""Verify the hash chain over all evidence."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from routing.audit.verify import verify


class Command(BaseCommand):
    help = "Recompute every digest and the whole chain. Exits with 1 at a break."

    def handle(self, *args: Any, **options: Any) -> None:
        """:raises CommandError: if the chain is broken; its exit code is 1"""
        found = verify()
        upto = "nothing sealed yet"
        if found.sealed_up_to:
            upto = f"sealed up to {found.sealed_up_to:%Y-%m-%d %H:%M:%S} UTC"
        self.stdout.write(f"{found.sealed} rows in {found.seals} seals, {upto}.")
        self.stdout.write(
            f"{found.unsealed} rows are not sealed yet, {found.redacted} are redacted."
        )
        if found.passed_over:
            self.stdout.write(
                f"{found.passed_over} of them were missed by sealing and found by the hourly sweep."
            )
        if found.guessable:
            self.stdout.write(
                f"{found.guessable} of the redacted rows were sealed before digests of text had a "
                f"key. Short text that was removed from them could be guessed from its digest."
            )
        if not found.whole:
            raise CommandError(f"The chain is broken. First break: {found.first_break}.")
        self.stdout.write(self.style.SUCCESS("The audit trail is intact."))
