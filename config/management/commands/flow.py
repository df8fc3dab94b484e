"""Flows: their catalogue, their files, and their steps."""

from __future__ import annotations

import json
from argparse import RawDescriptionHelpFormatter
from collections.abc import Mapping
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.management.flow_actions import ACTIONS
from config.management.flow_actions.base import Refused

EXAMPLES = """
examples:
  manage.py flow list
  manage.py flow show lead-to-brief --json
  manage.py flow export lead-to-brief > lead-to-brief.yaml
  manage.py flow lint lead-to-brief.yaml
  manage.py flow diff lead-to-brief lead-to-brief.yaml
  manage.py flow try lead-to-brief.yaml --event 1042
  manage.py flow try lead-to-brief@3 --payload deal.json --kind form.submitted --json
  manage.py flow backtest lead-to-brief.yaml --last 200
  manage.py flow import lead-to-brief.yaml --as olu@northlight.example
  manage.py flow copy lead-to-brief --name "Lead to audit" --as olu@northlight.example
  manage.py flow checklist lead-to-brief
  manage.py flow publish lead-to-brief --as olu@northlight.example --reason "Reviewed"
  manage.py flow rollback lead-to-brief --as olu@northlight.example --reason "Too many exceptions"
  manage.py flow switch-off lead-to-brief --as olu@northlight.example --reason "Wrong team"
  manage.py flow switch-on lead-to-brief --as olu@northlight.example --reason "Mended"
  manage.py flow migrate lead-to-brief --to 3 --as olu@northlight.example --preview
  manage.py flow migrate lead-to-brief --to 3 --as olu@northlight.example --reason "Mended"

SLUG stands for the live version, SLUG@3 for version 3. FILE is a path, or - for standard input.
docs/howto/keep-a-flow-in-a-file.md
docs/howto/change-a-rule-safely.md
docs/howto/switch-a-flow-off.md
"""


class Command(BaseCommand):
    help = (
        "List, show, export, import, copy, compare, check, try, backtest, publish, roll back and "
        "switch flows, and move their runs. Exits with 1 if something is refused or found, and "
        "with 2 if the command cannot be understood."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.epilog = EXAMPLES
        known = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        for each in ACTIONS:
            made = known.add_parser(each.name, help=each.help)
            each.arguments(made)
            if each.in_json:
                made.add_argument("--json", action="store_true", help="one object with the result")

    def handle(self, *, action: str, **options: Any) -> None:
        """:raises CommandError: with exit code 1 if it is refused, 2 if it is not understood"""
        doing = next(each for each in ACTIONS if each.name == action)
        as_json = doing.in_json and options["json"]
        try:
            answer = doing.run(options)
        except Refused as refusal:
            if as_json:
                self._print(action, {"done": False, "refusals": list(refusal.refusals)})
            raise CommandError(str(refusal), returncode=1) from None
        if as_json:
            self._print(action, answer.body)
        else:
            self.stdout.write(answer.words, ending=answer.ending)
        if answer.found:
            raise CommandError(answer.found, returncode=1)

    def _print(self, action: str, body: Mapping[str, Any]) -> None:
        schema = {"name": f"throughline.flow.{action}", "version": 1}
        self.stdout.write(json.dumps({"schema": schema, **body}, indent=2, ensure_ascii=False))
