from __future__ import annotations

import logging
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from demo.walkthrough.play import Named, play
from demo.walkthrough.transcript import Broke, Transcript


class Command(BaseCommand):
    help = "Play one whole job on the running product, in words. Exits with 1 when a step is not what it should be."  # noqa: E501

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--crm",
            default="",
            metavar="SLUG",
            help="a hubspot connection, in place of a CRM that the walkthrough plays",
        )
        parser.add_argument(
            "--cms",
            default="",
            metavar="SLUG",
            help="a wordpress connection, in place of a site that the walkthrough plays",
        )
        parser.add_argument(
            "--deal",
            default=[],
            metavar="ID",
            action="append",
            help="with --crm: a deal made there by hand, first without an end date; again for the "
            "second",
        )

    def handle(self, *, crm: str, cms: str, deal: list[str], **_: Any) -> None:
        """
        :raises CommandError: at the first step that is not what it should be; its exit code is 1
        """
        if deal and not crm:
            raise CommandError("--deal is a deal of the CRM that --crm names.")
        logging.disable(logging.INFO)  # the story is told in words
        story = Transcript(self.stdout.write)
        try:
            play(story, Named(crm, cms, tuple(deal)))
        except Broke as error:
            raise CommandError(
                f"{error}\nThe walkthrough broke after {story.steps} steps and {story.took_s:.0f} "
                f"s."
            ) from None
        self.stdout.write(
            self.style.SUCCESS(
                f"\nThe walkthrough is complete: {story.steps} steps passed in {story.took_s:.0f} "
                f"s."
            )
        )
