"""Compute figures of the catalogue as one person."""

from __future__ import annotations

import csv
import json
from argparse import ArgumentTypeError, RawDescriptionHelpFormatter
from collections.abc import Sequence
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from config.management.acting import person
from routing.desk.exports import safe_cell
from routing.figures.catalogue import SEE_FIGURES, UnknownFigure, grouped_by
from routing.figures.computing import FigureValue, compute
from routing.figures.operations.rollups import rebuild
from routing.figures.spans import Span, usual_span, write_instant
from routing.kernel.days import can_be_meant, other_years
from routing.kernel.roles import holders
from routing.people.actors import Actor
from routing.sla.calendars import agency_zone

SCHEMA = {"name": "throughline.figures", "version": 1}
REBUILD = "rebuild"  # the name in place of figures
REBUILD_SCHEMA = {"name": "throughline.figures_rebuild", "version": 1}
COLUMNS = ("name", "by", "value", "n", "numerator", "unit", "why_null", "rows_url")
EXAMPLES = """
examples:
  manage.py figures --as olga@agency.example
  manage.py figures runs_started outcome_rate --by client,month --from 2026-01-01 \\
      --to 2026-06-30 --as olga@agency.example --json
  manage.py figures rebuild --json

docs/figures.md defines each figure. Days are those of the agency, and the last one is included.
“rebuild” computes all roll-ups anew from the rows and prints how many there are, and how many
differed from those that were kept: none, but for what was written since the last refresh.
"""


def day(text: str) -> date:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"“{text}” is not a date such as 2026-11-30") from None
    if not can_be_meant(found):
        raise ArgumentTypeError(other_years())
    return found


def names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


class Command(BaseCommand):
    help = (
        "Compute figures for the work that one person may see. Exits with 1 if that person may not "
        "see figures, and with 2 if a figure, a grouping or a date is unknown."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.epilog = EXAMPLES
        parser.add_argument(
            "names", metavar="NAME", nargs="*", help="figures, all if none is named; or rebuild"
        )
        parser.add_argument(
            "--by", type=names, default=[], metavar="KEY,KEY", help="groups, such as client,month"
        )
        parser.add_argument("--from", dest="first", type=day, metavar="DATE", help="first day")
        parser.add_argument("--to", dest="last", type=day, metavar="DATE", help="last day")
        parser.add_argument(
            "--as", dest="email", metavar="EMAIL", help="the person who asks (not for rebuild)"
        )
        parser.add_argument(
            "--apart", action="store_true", help="count work of the demo and walkthroughs as well"
        )
        form = parser.add_mutually_exclusive_group()
        form.add_argument("--json", action="store_true", help="one object")
        form.add_argument("--csv", action="store_true", help="one line for each value")

    def handle(self, *args: Any, **options: Any) -> None:
        """:raises CommandError: with exit code 1 or 2"""
        if options["names"] == [REBUILD]:
            self._rebuild(as_json=options["json"])
            return
        if not options["email"]:
            raise CommandError("Say who asks: --as EMAIL.", returncode=2)
        actor, at = Actor.of(person(options["email"])), timezone.now()
        if not actor.may(SEE_FIGURES):
            self._refuse(actor, as_json=options["json"])
        span = _span(options["first"], options["last"])
        by = list(dict.fromkeys(options["by"]))
        try:
            wanted = options["names"] or [each.name for each in grouped_by(by)]
            found = compute(
                wanted,
                actor=actor,
                by=by,
                since=span.since,
                until=span.until,
                apart=options["apart"],
            )
        except UnknownFigure as unknown:
            raise CommandError(str(unknown), returncode=2) from None
        if options["json"]:
            body = {
                "schema": SCHEMA,
                "as_of": write_instant(at),
                "lag_s": max((each.lag_s for each in found), default=0),
                "from": write_instant(span.since),
                "until": write_instant(span.until),
                "zone": str(agency_zone()),
                "figures": [each.as_json() for each in found],
            }
            self.stdout.write(json.dumps(body, indent=2, ensure_ascii=False))
        elif options["csv"]:
            self._as_csv(found, by)
        else:
            self.stdout.write("\n".join(map(_line, found)) or "No rows.")

    def _rebuild(self, *, as_json: bool) -> None:
        at = timezone.now()
        done = rebuild(at=at)
        if as_json:
            body = {
                "schema": REBUILD_SCHEMA,
                "as_of": write_instant(at),
                "rows": done.rows,
                "changed": done.changed,
            }
            self.stdout.write(json.dumps(body, indent=2))
        else:
            self.stdout.write(f"{done.rows} roll-ups, of which {done.changed} differed.")

    def _refuse(self, actor: Actor, *, as_json: bool) -> None:
        """:raises CommandError: always, with exit code 1"""
        message = f"{actor.name} may not see figures."
        refusal = {
            "code": "permission",
            "message": message,
            "clears_by": str(holders(SEE_FIGURES)),
        }
        if as_json:
            body = {"schema": SCHEMA, "refusals": [refusal]}
            self.stdout.write(json.dumps(body, indent=2, ensure_ascii=False))
        raise CommandError(message, returncode=1)

    def _as_csv(self, found: Sequence[FigureValue], by: Sequence[str]) -> None:
        lines = csv.writer(self.stdout, lineterminator="\n")
        before, after = COLUMNS[:1], COLUMNS[2:]
        lines.writerow([*before, *by, *after])
        for each in found:
            data = each.as_json()
            keys = [safe_cell(data["by"][name]) for name in by]
            lines.writerow([each.name, *keys, *("" if data[c] is None else data[c] for c in after)])


def _span(first: date | None, last: date | None) -> Span:
    """
    Return the days that are asked for, by default the last 30.

    :raises CommandError: with exit code 2, if they end before they begin
    """
    zone = agency_zone()
    usual_first, usual_last = usual_span(timezone.now(), zone).days(zone)
    last = last or max(usual_last, first or usual_last)
    first = first or min(usual_first, last)
    if last < first:
        raise CommandError("The last day is before the first.", returncode=2)
    return Span.of_days(first, last, zone)


def _line(each: FigureValue) -> str:
    by = ", ".join(f"{name} {key}" for name, key in each.by.items())
    value = each.why_null if each.value is None else f"{each.value:g} {each.unit}"
    return f"{each.name}{f' ({by})' if by else ''}: {value}, rows {each.n}"
