from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from routing.runs.find import find_run
from routing.runs.trace import trace


class Command(BaseCommand):
    help = "Show the trace of a run: its start, facts, decision and blockers."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "run", help="a reference such as ACM-142, or <source>/<type>/<id> of what it is about"
        )
        parser.add_argument("--json", action="store_true")

    def handle(self, *, run: str, json: bool, **_: Any) -> None:
        found = find_run(run)
        if found is None:
            raise CommandError(
                f"Nothing is known as {run}. Give a reference such as ACM-142, or source/type/id "
                f"such as crm/deal/901."
            )
        story = trace(found).as_json()
        self.stdout.write(_as_text(story) if not json else _as_json(story))


def _as_json(story: dict[str, Any]) -> str:
    return json.dumps(story, indent=2, ensure_ascii=False, default=str)


def _as_text(story: dict[str, Any]) -> str:
    subject = story["subject"]
    lines = [
        f"{story['ref']}  {story['state']}  {story['flow']}",
        (
            f"about {subject['source']} {subject['type']} {subject['id']}, client "
            f"{story['client'] or 'not known yet'}"
        ),
        f"owner {story['owner']}, backup {story['backup']}",
        "",
    ]
    for entry in story["entries"]:
        lines.append(f"{entry['at'][:19]}Z  {entry['section']:<11} {entry['title']}")
        lines += [f"{'':23}{line}" for line in _data_lines(entry["data"])]
    return "\n".join(lines)


def _data_lines(data: Mapping[str, Any]) -> Iterator[str]:
    """Yield one line per known value. Nested values are indented and empty ones left out."""
    for name, value in data.items():
        if value in ("", None, [], {}):
            continue
        if isinstance(value, Mapping):
            yield f"{name}:"
            yield from (f"  {line}" for line in _data_lines(value))
        elif isinstance(value, list | tuple) and any(isinstance(each, Mapping) for each in value):
            yield f"{name}:"
            yield from (f"  - {_short(each)}" for each in value)
        else:
            yield f"{name}: {_short(value)}"


def _short(value: Any) -> str:
    """On one line."""
    if isinstance(value, Mapping):
        return ", ".join(
            f"{name} {_short(each)}"
            for name, each in value.items()
            if each not in ("", None, [], {})
        )
    if isinstance(value, list | tuple):
        return ", ".join(map(_short, value))
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
