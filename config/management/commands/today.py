"""Show what waits for one person."""

from __future__ import annotations

import json
from argparse import RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from config.desk.day_plan import day_plan
from config.management.acting import person

TITLES = {
    "decisions": "Waiting for my decision",
    "late": "Overdue",
    "today": "Today",
    "week": "Next 7 days",
    "later": "Later",
    "waiting_on_others": "Waiting on others",
}
EXAMPLE = """
example:
  manage.py today --as mara@northlight.example --json
"""


class Command(BaseCommand):
    help = "Show what waits for a person: decisions, due work and work that waits on others."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.epilog = EXAMPLE
        parser.add_argument(
            "--as",
            dest="email",
            metavar="EMAIL",
            required=True,
            help="the person, of the agency or of a client",
        )
        parser.add_argument("--json", action="store_true", help="one object with lists of refs")

    def handle(self, *args: Any, **options: Any) -> None:
        plan = day_plan(person(options["email"]), timezone.now())
        if options["json"]:
            self.stdout.write(json.dumps(plan, indent=2))
            return
        for name, title in TITLES.items():
            self.stdout.write(f"{title}: {', '.join(plan[name]) or 'nothing'}")
