"""List drills, and run one on the running product."""

from __future__ import annotations

import json
import logging
from argparse import RawDescriptionHelpFormatter
from collections.abc import Callable
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError, CommandParser

from demo.apps import DemoConfig
from demo.drills.registry import Drill, drills
from demo.drills.run import DrillResult, run_drill
from demo.drills.soak import soak
from demo.walkthrough.transcript import StepFailed

LIST_SCHEMA = {"name": "throughline.drills", "version": 1}
SOAK_SCHEMA = {"name": "throughline.soak", "version": 1}
RUN_SCHEMA = {"name": "throughline.drill", "version": 1}
NOT_DEMO = (
    "This product is not the demo. A drill makes work here, and drills of processes stop the "
    "product for a while. Add --yes if that is acceptable."
)
EXAMPLES = """
examples:
  manage.py drill list
  manage.py drill run answer-lost --json
  manage.py drill soak --minutes 60 --seed 7 --json

A drill uses people, a client, a CRM and a site of its own. Drills of processes freeze or kill
processes that `make run` started, and let them go on. Do not run them where people work.
"""


class Command(BaseCommand):
    help = (
        "Start a fault on the running product, watch, undo it and count what is left. Exits with 1 "
        "if the drill does not hold."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.epilog = EXAMPLES
        actions = parser.add_subparsers(dest="action", required=True, metavar="list | run | soak")
        listing = actions.add_parser("list", help="show every drill")
        running = actions.add_parser("run", help="run one drill")
        running.add_argument("name", metavar="NAME", help="as `drill list` shows it")
        soaking = actions.add_parser("soak", help="run random drills for a while")
        soaking.add_argument("--minutes", type=float, default=30, help="how long (default: 30)")
        soaking.add_argument("--seed", type=int, default=1, help="which drills, in which order")
        for each in (running, soaking):
            each.add_argument(
                "--yes", action="store_true", help="run it on a product that is not the demo"
            )
        for each in (listing, running, soaking):
            each.add_argument("--json", action="store_true", help="one object on standard output")

    def handle(self, *, action: str, **options: Any) -> None:
        """:raises CommandError: with exit code 1 if a drill does not hold, 2 for a wrong name"""
        if action == "list":
            self._list(as_json=options["json"])
            return
        drill = _named(options["name"]) if action == "run" else None
        if not (options["yes"] or _is_demo()):
            raise CommandError(NOT_DEMO)
        logging.disable(logging.INFO)  # only the drill's own words are printed
        as_json = options["json"]
        say = self.stderr.write if as_json else self.stdout.write
        try:
            if drill is not None:
                self._run(drill, say, as_json=as_json)
            else:
                self._soak(options["minutes"], options["seed"], say, as_json=as_json)
        except StepFailed as error:
            raise CommandError(str(error)) from None

    def _list(self, *, as_json: bool) -> None:
        if as_json:
            rows = [
                {"name": each.name, "fault_row": each.fault_row, "about_s": each.about_s}
                for each in drills().values()
            ]
            self.stdout.write(json.dumps({"schema": LIST_SCHEMA, "drills": rows}, indent=2))
            return
        for each in drills().values():
            self.stdout.write(
                f"{each.fault_row:3}  {each.name:26} {each.about_s:4} s  {each.purpose}"
            )

    def _run(self, drill: Drill, say: Callable[[str], object], *, as_json: bool) -> None:
        result = run_drill(drill, say)
        if as_json:
            self.stdout.write(json.dumps(_object(result), indent=2, default=str))
        if not result.held:
            raise CommandError(f"{drill.name} does not hold: {'; '.join(result.failed)}")
        if not as_json:
            self.stdout.write(self.style.SUCCESS(f"{drill.name} holds."))

    def _soak(
        self, minutes: float, seed: int, say: Callable[[str], object], *, as_json: bool
    ) -> None:
        result = soak(minutes, seed, say)
        found = {"schema": SOAK_SCHEMA, **result.as_json()}
        if as_json:
            self.stdout.write(json.dumps(found, indent=2, default=str))
        if result.failed:
            raise CommandError("This does not hold: " + "; ".join(result.failed))
        if not as_json:
            self.stdout.write(self.style.SUCCESS(f"{len(result.drills)} drills hold."))


def _named(name: str) -> Drill:
    known = drills()
    if name in known:
        return known[name]
    near = get_close_matches(name, list(known), 3)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    raise CommandError(f"There is no drill “{name}”.{hint}", returncode=2)


def _object(result: DrillResult) -> dict[str, Any]:
    return {
        "schema": RUN_SCHEMA,
        "name": result.drill.name,
        "fault_row": result.drill.fault_row,
        "started_at": _utc(result.started_at),
        "undone_at": _utc(result.undone_at),
        "counted": result.counted,
        "held": result.held,
        "failed": result.failed,
    }


def _utc(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z") if at else None


def _is_demo() -> bool:
    config = apps.get_app_config("demo")
    assert isinstance(config, DemoConfig)
    return config.is_loaded()
