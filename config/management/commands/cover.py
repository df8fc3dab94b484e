"""Show which open work nobody covers in the next days, and who could take it."""

from __future__ import annotations

import json
from argparse import ArgumentTypeError, RawDescriptionHelpFormatter
from collections.abc import Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from config.management.acting import NOT_DEMO, in_json, is_demo, person
from routing.kernel.channel import through
from routing.kernel.reasons import Reason
from routing.kernel.roles import holders
from routing.people.actors import Actor
from routing.people.staff import User
from routing.runs.cover_gaps import DAYS, CoverGap, gaps_ahead
from routing.runs.exceptions import ExceptionCase
from routing.runs.operations.cover_cases import open_cases, review_cases
from routing.runs.questions.ask import utc
from routing.runs.stand_ins import StandIns
from routing.work.gates import GateResult, refused
from routing.work.visibility import work_seen_by

SCHEMA = {"name": "throughline.cover", "version": 1}
MOST_DAYS = 366
ANYBODYS = "routing.reassign_any_workitem"
EXAMPLES = """
examples:
  manage.py cover --days 14 --json
  manage.py cover --days 14 --as olu@northlight.example --json

Without --as it only shows the gaps. With --as it also opens the exceptions about them at once,
which otherwise happens each night for the next 14 days, and shows what this person may see.
docs/howto/plan-absences.md
"""


def days_ahead(text: str) -> int:
    if not (text.isdecimal() and 1 <= int(text) <= MOST_DAYS):
        raise ArgumentTypeError(f"is a number of days from 1 to {MOST_DAYS}")
    return int(text)


class Command(BaseCommand):
    help = (
        "Show the open work whose owner and backup are both away at one time before it is due, "
        "with a proposed replacement. Exits with 1 if it is refused, and with 2 if it cannot be "
        "understood."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.epilog = EXAMPLES
        parser.add_argument(
            "--days", type=days_ahead, default=DAYS, help="how far to look ahead, 14 by default"
        )
        parser.add_argument(
            "--as", dest="email", metavar="EMAIL", help="open the exceptions as an operations lead"
        )
        parser.add_argument(
            "--yes", action="store_true", help="change a product that is not the demo"
        )
        parser.add_argument("--json", action="store_true", help="one object with the gaps")

    def handle(self, *args: Any, **options: Any) -> None:
        """:raises CommandError: with exit code 1 if it is refused, 2 if it is not understood"""
        at, opened = timezone.now(), 0
        gaps = gaps_ahead(at, options["days"])
        if options["email"]:
            by = Actor.of(person(options["email"]))
            if against := _against(by, sure=options["yes"]):
                if options["json"]:
                    self._print({"refusals": [in_json(against)]})
                raise CommandError(str(against.message), returncode=1)
            with through(_("By command")):
                review_cases(at=at)
                opened = open_cases(gaps, at=at)
            gaps = _seen(gaps, by)
        rows = _rows(StandIns.at(at).propose(gaps) if gaps else [])
        if options["json"]:
            found = {"days": options["days"], "opened": opened, "cases": rows}
            self._print({"as_of": utc(at), **found})
            return
        for row in rows:
            proposed = row["proposed"] or "nobody"
            self.stdout.write(f"{row['ref']}, due {row['due_at']}: {row['why']} ({proposed})")
        self.stdout.write(f"{len(rows)} gaps, {opened} exceptions opened.")

    def _print(self, body: dict[str, Any]) -> None:
        self.stdout.write(json.dumps({"schema": SCHEMA, **body}, indent=2, ensure_ascii=False))


def _against(by: Actor, *, sure: bool) -> GateResult | None:
    """Return why this person may not open the exceptions, or None."""
    if not by.may(ANYBODYS):
        words = f"{by.name} may not open exceptions about cover."
        return refused("permission", words, clears_by=holders(ANYBODYS))
    return None if sure or is_demo() else NOT_DEMO


def _seen(gaps: Sequence[CoverGap], by: Actor) -> list[CoverGap]:
    seen = work_seen_by(by).order_by().filter(pk__in=[gap.item_id for gap in gaps])
    shown = set(seen.values_list("pk", flat=True))
    return [gap for gap in gaps if gap.item_id in shown]


def _rows(gaps: Sequence[CoverGap]) -> list[dict[str, Any]]:
    """Return each gap as ``--json`` prints it. An open exception's own proposal stands."""
    cases = ExceptionCase.objects.filter(
        reason=Reason.COVER_GAP,
        state__in=ExceptionCase.open_states,
        item__parent__in=[gap.item_id for gap in gaps],
    )
    told: dict[Any, Any] = {
        work: (ref, evidence)
        for work, ref, evidence in cases.values_list("item__parent", "item__ref", "evidence")
    }
    people: dict[Any, str] = dict(User.objects.staff().values_list("pk", "email"))
    rows = []
    for gap in gaps:
        ref, evidence = told.get(gap.item_id, (None, {}))
        proposed = evidence.get("proposed") if ref else gap.proposal.user_id
        rows.append(
            {
                "ref": gap.ref,
                "due_at": utc(gap.due_at),
                "why": evidence.get("message") or gap.why,
                "proposed": people.get(proposed),
                "rule": evidence.get("rule") if ref else gap.proposal.rule,
                "owner": people.get(gap.owner_id),
                "backup": people.get(gap.backup_id),
                "from": utc(gap.starts_at),
                "to": utc(gap.ends_at),
                "case": ref,
            }
        )
    return rows
