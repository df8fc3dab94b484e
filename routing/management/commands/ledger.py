from __future__ import annotations

import json
from argparse import RawDescriptionHelpFormatter
from typing import Any
from zoneinfo import ZoneInfo

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.timezone import now

from routing.runs.find import find_work
from routing.runs.time_ledger import TimeLedger, time_ledger
from routing.runs.time_ledger_words import as_json, event_words, party_words
from routing.sla.explain_due import length, span

EXAMPLE = """
example:
  manage.py ledger ACM-142 --json
"""


class Command(BaseCommand):
    help = (
        "Show whose time each second of a run or other work was: agency, client, vendor or "
        "incident, with the event that began it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.epilog = EXAMPLE
        parser.add_argument(
            "ref", metavar="REF", help="a reference such as ACM-142, or <source>/<type>/<id>"
        )
        parser.add_argument(
            "--json", action="store_true", help="instants in UTC, durations in seconds"
        )

    def handle(self, *, ref: str, json: bool, **_: Any) -> None:
        work = find_work(ref)
        if work is None:
            raise CommandError(
                f"Nothing is known as {ref}. Give a reference such as ACM-142, or source/type/id "
                "such as crm/deal/901."
            )
        ledger = time_ledger(work, now())
        self.stdout.write(_as_json(ledger) if json else _as_text(ledger))


def _as_json(ledger: TimeLedger) -> str:
    return json.dumps(as_json(ledger), indent=2, ensure_ascii=False)


def _as_text(ledger: TimeLedger) -> str:
    client = ledger.item.client
    zone = ZoneInfo(client.timezone if client else "UTC")
    lines = [
        f"{ledger.item.ref}  {ledger.item.title}",
        f"{length(ledger.elapsed)} hours in all ({zone.key})",
    ]
    lines += [f"  {party_words(party)} {length(it)}" for party, it in ledger.by_party().items()]
    for each in ledger.segments:
        when = span(each.start, each.end, zone)
        counted = "" if each.counted is None else f", {length(each.counted)} of it working time"
        said = f"{when}  {party_words(each.party)} {length(each.elapsed)}{counted}"
        lines += ["", said, f"  {event_words(each.event)}"]
    return "\n".join(lines)
