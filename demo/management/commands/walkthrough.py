from __future__ import annotations

import logging
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from demo.walkthrough.play import Named, play, play_flow
from demo.walkthrough.transcript import StepFailed, Transcript


class Command(BaseCommand):
    help = "Run a complete job on the running product. Exits with 1 if a step fails."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--crm",
            default="",
            metavar="SLUG",
            help="a hubspot connection to use in place of a simulated CRM",
        )
        parser.add_argument(
            "--cms",
            default="",
            metavar="SLUG",
            help="a wordpress connection to use in place of a simulated site",
        )
        parser.add_argument(
            "--deal",
            default=[],
            metavar="ID",
            action="append",
            help="with --crm: a deal made there by hand, the first one without an end date; repeat "
            "it for the second",
        )

        parser.add_argument(
            "--flow",
            default="",
            metavar="NAME",
            help="play a starter from its sample signal to the proven outcome, such as "
            "creative-request; with simulated systems alone",
        )

    def handle(self, *, crm: str, cms: str, deal: list[str], flow: str, **_: Any) -> None:
        """:raises CommandError: at the first step that fails; the exit code is 1"""
        if flow and (crm or cms or deal):
            raise CommandError("--flow plays with simulated systems. Leave --crm and --cms out.")
        if deal and not crm:
            raise CommandError("--deal needs --crm: it is a deal of that CRM.")
        logging.disable(logging.INFO)  # only the transcript is printed
        transcript = Transcript(self.stdout.write)
        try:
            if flow:
                play_flow(transcript, flow)
            else:
                play(transcript, Named(crm, cms, tuple(deal)))
        except StepFailed as error:
            raise CommandError(
                f"{error}\nThe walkthrough failed after {transcript.steps} steps and "
                f"{transcript.took_s:.0f} s."
            ) from None
        self.stdout.write(
            self.style.SUCCESS(
                f"\nThe walkthrough is complete: {transcript.steps} steps passed in "
                f"{transcript.took_s:.0f} s."
            )
        )
