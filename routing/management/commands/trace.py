from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from routing.operations.find import find_run
from routing.trace import trace


class Command(BaseCommand):
    help = "Tell a run's whole story: what started it, what was known, why it went where, and what holds it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("run", help="a reference such as ACM-142, or <source>/<type>/<id> of what it is about")
        parser.add_argument("--json", action="store_true")

    def handle(self, *, run: str, json: bool, **_: Any) -> None:
        found = find_run(run)
        if found is None:
            raise CommandError(f"Nothing is known as {run}. Give a reference such as ACM-142, or source/type/id such as crm/deal/901.")
        story = trace(found).as_json()
        self.stdout.write(_as_text(story) if not json else _as_json(story))


def _as_json(story: dict[str, Any]) -> str:
    return json.dumps(story, indent=2, ensure_ascii=False, default=str)


def _as_text(story: dict[str, Any]) -> str:
    subject = story["subject"]
    lines = [
        f"{story['ref']}  {story['state']}  {story['flow']}",
        f"about {subject['source']} {subject['type']} {subject['id']}, client {story['client'] or 'not known yet'}",
        f"owner {story['owner']}, backup {story['backup']}",
        "",
    ]
    for entry in story["entries"]:
        lines.append(f"{entry['at'][:19]}Z  {entry['chapter']:<11} {entry['title']}")
        lines += [f"{'':23}{name}: {value}" for name, value in entry["data"].items() if value not in ("", None, [], {})]
    return "\n".join(lines)
