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
        data = trace(found).as_json()
        self.stdout.write(_as_json(data) if json else _as_text(data))


def _as_json(data: dict[str, Any]) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False, default=str)


def _as_text(data: dict[str, Any]) -> str:
    subject = data["subject"]
    client = data["client"] or "not known yet"
    lines = [
        f"{data['ref']}  {data['state']}  {data['flow']}",
        f"about {subject['source']} {subject['type']} {subject['id']}, client {client}",
        f"owner {data['owner']}, backup {data['backup']}",
        "",
    ]
    for entry in data["entries"]:
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
    """Return a value on one line."""
    if isinstance(value, Mapping):
        known = {name: each for name, each in value.items() if each not in ("", None, [], {})}
        return ", ".join(f"{name} {_short(each)}" for name, each in known.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_short, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
