"""Write docs/states and docs/turns.md from the declared machines, operations and messages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import translation

from routing.messages.turn_table import documented
from routing.work.machine_pages import pages


class Command(BaseCommand):
    help = "Write a page for every state machine: a diagram, and for each verb its roles and gates."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="docs/states, in a checkout")

    def handle(self, *, folder: Path, **_: Any) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        with translation.override("en"):
            written, turns = pages(), documented()
        for stale in {file.name for file in folder.glob("*.md")} - written.keys():
            (folder / stale).unlink()
        for name, text in written.items():
            (folder / name).write_text(text, encoding="utf-8")
        (folder.parent / "turns.md").write_text(turns, encoding="utf-8")
        self.stdout.write(f"{len(written)} pages in {folder}, and turns.md beside it")
