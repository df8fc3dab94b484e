"""Write docs/figures.md from the catalogue of figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import translation

from routing.figures.documented import documented


class Command(BaseCommand):
    help = "Write the definitions of all figures: manage.py document_figures docs/figures.md"
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="docs/figures.md, in a checkout")

    def handle(self, *, file: Path, **_: Any) -> None:
        with translation.override("en"):
            file.write_text(documented(), encoding="utf-8")
        self.stdout.write(f"Written to {file}")
