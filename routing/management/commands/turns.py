"""Print who must act next and who is notified, for every verb."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import translation

from routing.messages.turn_table import TurnRow, turn_table

SCHEMA = {"name": "turns", "version": 1}


class Command(BaseCommand):
    help = (
        "Print for every verb of every noun who must act next, who is notified through which "
        "channel, and which verbs settle it. Example: manage.py turns --json"
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *, json: bool, **_: Any) -> None:
        with translation.override("en"):
            rows = turn_table()
        self.stdout.write(_as_json(rows) if json else _as_text(rows))


def _as_json(rows: list[TurnRow]) -> str:
    return json.dumps(
        {"schema": SCHEMA, "turns": [row.as_json() for row in rows]}, indent=2, ensure_ascii=False
    )


def _as_text(rows: list[TurnRow]) -> str:
    lines = []
    for row in rows:
        lines.append(f"{row.noun}: {row.verb}")
        lines.append(f"    next      {'; '.join(row.next) or 'ended'}")
        if row.told:
            lines += [f"    notified  {who}: {words}" for who, words in row.told]
        else:
            lines.append(f"    notified  nobody. {row.because}")
    return "\n".join(lines)
