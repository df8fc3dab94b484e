"""Enter an absence of a person."""

from __future__ import annotations

import json
from argparse import RawDescriptionHelpFormatter
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import PermissionDenied
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from config.management.acting import NOT_DEMO, in_json, is_demo, person
from routing.cover.absences import Absence
from routing.cover.operations.absences import CannotBeAway, save_absences
from routing.cover.periods import YEARS, WallTime
from routing.kernel.channel import through
from routing.kernel.reasons import Reason
from routing.kernel.roles import holders
from routing.people.actors import Actor
from routing.people.staff import User
from routing.runs.exceptions import ExceptionCase
from routing.runs.questions.ask import utc
from routing.work.gates import GateResult, refused

SCHEMA = {"name": "throughline.absence.add", "version": 1}
EXAMPLES = """
examples:
  manage.py absence add --who jonas@northlight.example --from 2026-12-24 --to 2027-01-03 \\
      --substitute mara@northlight.example --as olu@northlight.example --json
  manage.py absence add --who jonas@northlight.example --from "2026-12-24 afternoon" \\
      --to "2026-12-24" --as jonas@northlight.example
  manage.py absence add --who jonas@northlight.example --from 2026-12-24T09:00Z \\
      --to 2026-12-24T13:00Z --as jonas@northlight.example

A day is one of the absent person's time zone, and the last day is away as a whole. “morning”,
“afternoon” or a time may follow it. An instant has an offset, such as Z or +01:00; that of --to is
the first moment back.
"""


class Command(BaseCommand):
    help = (
        "Enter an absence of a person, as that person or as an operations lead. Exits with 1 if it "
        "is refused, and with 2 if it cannot be understood."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.epilog = EXAMPLES
        known = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        add = known.add_parser(
            "add",
            help="enter an absence",
            formatter_class=RawDescriptionHelpFormatter,
            epilog=EXAMPLES,
        )
        add.add_argument("--who", metavar="EMAIL", required=True, help="the absent person")
        for name, text in (("from", "the first day or moment away"), ("to", "the last day away")):
            add.add_argument(f"--{name}", dest=name, metavar="WHEN", required=True, help=text)
        add.add_argument("--substitute", metavar="EMAIL", help="the person who stands in")
        add.add_argument(
            "--as", dest="email", metavar="EMAIL", required=True, help="the person who enters it"
        )
        add.add_argument("--reason", default="", help="stored in the history")
        add.add_argument("--yes", action="store_true", help="change a product that is not the demo")
        add.add_argument("--json", action="store_true", help="one object with the result")

    def handle(self, *args: Any, **options: Any) -> None:
        """:raises CommandError: with exit code 1 if it is refused, 2 if it is not understood"""
        by, who = Actor.of(person(options["email"])), person(options["who"])
        if not who.is_staff:
            raise CommandError(_("%(who)s is not staff.") % {"who": who.email}, returncode=2)
        row = Absence(user=who, substitute=None)
        if options["substitute"]:
            row.substitute = person(options["substitute"])
        zone = ZoneInfo(who.timezone)
        row.starts_at, row.ends_at = (
            _instant(options["from"], zone, last=False),
            _instant(options["to"], zone, last=True),
        )
        at = timezone.now()
        against: Sequence[GateResult] = (NOT_DEMO,)
        if options["yes"] or is_demo():
            against = _saved(row, by, at, options["reason"])
        cases = [] if against else _cases(who, at)
        self._answer(row, against, cases, as_json=options["json"])

    def _answer(
        self, row: Absence, against: Sequence[GateResult], cases: Sequence[str], *, as_json: bool
    ) -> None:
        if as_json:
            body = {
                "schema": SCHEMA,
                "id": None if against else row.pk,
                "who": row.user.email,
                "from": utc(row.starts_at),
                "to": utc(row.ends_at),
                "substitute": row.substitute.email if row.substitute else None,
                "done": not against,
                "refusals": [in_json(each) for each in against],
                "cases": list(cases),
            }
            self.stdout.write(json.dumps(body, indent=2, ensure_ascii=False))
        elif not against:
            self.stdout.write(f"{row.user}: {row.words()} ({row.user.timezone}).")
            if cases:
                self.stdout.write(f"Nobody covers: see {', '.join(cases)}.")
        if against:
            why = " ".join(str(each.message) for each in against)
            raise CommandError(f"The absence was refused. {why}", returncode=1)


def _instant(text: str, zone: ZoneInfo, *, last: bool) -> datetime:
    """
    Return the first moment away or the first moment back.

    :raises CommandError: with exit code 2, if the text is neither a day nor an instant
    """
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        found = None
    if found is not None and found.tzinfo is not None and found.year in YEARS:
        return found
    try:
        wall = WallTime.read(text)
    except ValueError:
        words = "“%(text)s” is neither a day such as 2027-06-02 nor an instant such as %(instant)s."
        given = {"text": text, "instant": "2027-06-02T09:00Z"}
        raise CommandError(words % given, returncode=2) from None
    return wall.ends(zone) if last else wall.starts(zone)


def _saved(row: Absence, by: Actor, at: datetime, reason: str) -> Sequence[GateResult]:
    """Save the absence, and return why not if it was refused."""
    try:
        with through(_("By command")):
            save_absences([row], by=by, at=at, reason=reason)
    except CannotBeAway as refusal:
        return refusal.refusals
    except PermissionDenied as error:
        clears_by = holders("routing.add_absence")
        return [refused("permission", str(error), clears_by=clears_by)]
    return ()


def _cases(who: User, at: datetime) -> list[str]:
    """Return the references of the exceptions about the person's work that were opened just now."""
    cases = ExceptionCase.objects.filter(
        reason=Reason.COVER_GAP, item__created_at=at, item__parent__owner=who
    )
    return list(cases.order_by("pk").values_list("item__ref", flat=True))
