from __future__ import annotations

import json
from argparse import RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from routing.audit.redacted import redacted_rows
from routing.runs.by_hand import HandRecord, hand_records
from routing.runs.decision_json import SCHEMA, decision_as_json
from routing.runs.decisions import Decision
from routing.runs.find import find_run
from routing.runs.recompute import recompute_decision
from routing.runs.trace import is_by_hand, words_about_earlier, words_by_hand

EXAMPLE = """
example:
  manage.py decide ACM-142 --json
"""


class Command(BaseCommand):
    help = "Show a run's decision; with --again, recompute it from its own record and compare byte for byte."  # noqa: E501

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.epilog = EXAMPLE
        parser.add_argument(
            "run", metavar="REF", help="the reference of any work of the run, such as ACM-142"
        )
        parser.add_argument("--again", action="store_true", help="recompute it and compare")
        parser.add_argument(
            "--json",
            action="store_true",
            help="one object with facts, candidates, rule, owner and backup; instants in UTC",
        )

    def handle(self, *, run: str, again: bool, json: bool, **_: Any) -> None:
        found = find_run(run)
        decision = found.decisions.last() if found else None
        record = hand_records([found]).get(found.pk) if found else None
        if json:
            self.print_json(run, decision, record)
            return
        if found and decision is None and record and record.about:
            self.stdout.write(f"{found.item.ref}: {words_about_earlier(record)}")
            return
        if found is None or decision is None:
            raise CommandError(
                f"{run} has no decision yet. Run `manage.py trace {run}` to see its status."
            )
        if is_by_hand(decision):
            self.stdout.write(f"{found.item.ref}: {words_by_hand(decision, record)}")
        else:
            self.stdout.write(
                f"{found.item.ref}: rule “{decision.rule_name}”, owner {decision.owner}, backup "
                f"{decision.backup}"
            )
        if again:
            self.recompute(decision)

    def print_json(self, ref: str, decision: Decision | None, record: HandRecord | None) -> None:
        """:raises CommandError: with exit code 1, if nothing was decided"""
        if decision is not None:
            body = decision_as_json(decision, record)
        else:
            words = f"{ref} has no decision by a rule or a person."
            clears_by = f"manage.py trace {ref} says what it waits for"
            refusal = {"code": "undecided", "message": words, "clears_by": clears_by}
            body = {"schema": SCHEMA, "refusals": [refusal]}
        self.stdout.write(json.dumps(body, indent=2, ensure_ascii=False))
        if decision is None:
            raise CommandError(words, returncode=1)

    def recompute(self, decision: Decision) -> None:
        """:raises CommandError: if the answer is another one now"""
        if redacted_rows(Decision, [decision.pk]):
            self.stdout.write(
                "Erased: personal data was removed from the record of this decision, so it cannot "
                "be recomputed. `manage.py verify` says that nothing else was changed."
            )
            return
        result = recompute_decision(decision)
        if not result.same:
            raise CommandError(
                f"The decision differs.\nrecorded:   {result.recorded}\nrecomputed: "
                f"{result.recomputed}"
            )
        self.stdout.write(
            f"Recomputed from the record. The result is identical, byte for byte "
            f"({decision.digest[:12]})."
        )
