"""Show what waits for one person."""

from __future__ import annotations

import json
from argparse import RawDescriptionHelpFormatter
from difflib import get_close_matches
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from config.desk.day_plan import day_plan
from routing.people.staff import User

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


def person(email: str) -> User:
    """
    Return an active person by their e-mail address.

    :raises CommandError: with exit code 2, if there is none
    """
    known = User.objects.people().filter(is_active=True)
    found = known.filter(email__iexact=email.strip()).first()
    if found is not None:
        return found
    near = get_close_matches(email.strip().lower(), list(known.values_list("email", flat=True)), 3)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    raise CommandError(f"No active person has the e-mail address {email}.{hint}", returncode=2)
