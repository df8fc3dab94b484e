"""Make the files of a report, and list the reports that were kept."""

from __future__ import annotations

import json
from argparse import RawDescriptionHelpFormatter
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import PermissionDenied
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from config.management.acting import is_demo, person
from delivery.models import Report
from delivery.reports.document import as_json, plain, printed
from delivery.reports.evidence import MAY_EXPORT, evidence_pack
from delivery.reports.forms import TYPES, form_of
from delivery.reports.months import BadMonth, ClientMonth
from delivery.reports.operations.making import TooEarly, make_report
from delivery.reports.post_launch import post_launch
from routing.kernel.channel import through
from routing.models import Client
from routing.people.actors import Actor
from routing.runs.find import find_run
from routing.work.visibility import clients_seen_by, work_seen_by

SCHEMA = {"name": "throughline.report", "version": 1}
EXAMPLES = """
examples:
  manage.py report run monthly --client ACM --month 2026-11 --out /tmp/reports \\
      --as mara@northlight.example --json
  manage.py report run post-launch --ref ACM-12 --out /tmp/reports --as ruth@northlight.example
  manage.py report list --as mara@northlight.example --json

A monthly report is kept, so on a product that is not the demo it is made only with --yes. For those
who may read the audit trail, a post-launch report comes with its evidence pack.
"""


class Command(BaseCommand):
    help = "Make the files of a report, or list the reports that were kept."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.epilog = EXAMPLES
        parser.add_argument("do", choices=("run", "list"))
        parser.add_argument("name", nargs="?", choices=("monthly", "post-launch"))
        parser.add_argument("--client", metavar="CODE", default="")
        parser.add_argument("--month", metavar="YYYY-MM", default="")
        parser.add_argument("--ref", metavar="REF", default="", help="any work of the run")
        parser.add_argument("--out", metavar="FOLDER", default="")
        parser.add_argument("--as", dest="email", metavar="EMAIL", required=True)
        parser.add_argument("--yes", action="store_true", help="on a product that is not the demo")
        parser.add_argument("--json", action="store_true", help="one object with the files")

    def handle(self, *args: Any, **options: Any) -> None:
        """:raises CommandError: exit code 1 if it is refused, 2 if it cannot be understood"""
        by = Actor.of(person(options["email"]))
        try:
            if options["do"] == "list":
                self.list(by, as_json=options["json"])
            elif options["name"] == "monthly":
                self.monthly(by, options)
            elif options["name"] == "post-launch":
                self.post_launch(by, options)
            else:
                raise CommandError("Name a report: monthly or post-launch.", returncode=2)
        except PermissionDenied as error:
            raise CommandError(str(error), returncode=1) from None

    def list(self, by: Actor, *, as_json: bool) -> None:
        by.require("delivery.view_report", to="see reports")
        rows = Report.objects.filter(client__in=clients_seen_by(by)).select_related("client")
        found = [_listed(row) for row in rows]
        if as_json:
            self.stdout.write(json.dumps({"schema": SCHEMA, "reports": found}, indent=2))
            return
        for each in found:
            state = "withdrawn" if each["withdrawn_at"] else "late" if each["late"] else "kept"
            self.stdout.write(f"{each['id']}  {each['client']}  {each['month']}  {state}")

    def monthly(self, by: Actor, options: Mapping[str, Any]) -> None:
        client = _client(options["client"], by)
        try:
            month = ClientMonth.of(options["month"], client.timezone)
        except BadMonth as error:
            raise CommandError(str(error), returncode=2) from None
        folder, at = _folder(options["out"]), timezone.now()
        if not (options["yes"] or is_demo()):
            raise CommandError(
                "This product is not the demo. A report is kept only with --yes.", returncode=1
            )
        try:
            with through("By command"):
                row = make_report(client, month, by=by, at=at)
        except TooEarly as error:
            raise CommandError(str(error), returncode=1) from None
        stem = f"{client.code.lower()}-{month.name}"
        files = {
            f"{stem}.{form}": form_of(form, row.words, row.data, row.made_at) for form in TYPES
        }
        more = {"id": row.pk, "client": client.code, "month": month.name, "made_at": plain(at)}
        self.written(folder, files, {"name": "monthly", **more}, as_json=options["json"])

    def post_launch(self, by: Actor, options: Mapping[str, Any]) -> None:
        run = find_run(options["ref"]) if options["ref"] else None
        if run is None or not work_seen_by(by).filter(pk=run.item_id).exists():
            raise CommandError(f"Nothing with a run is known as {options['ref']}.", returncode=2)
        folder, at, zone = _folder(options["out"]), timezone.now(), ZoneInfo("UTC")
        with timezone.override(zone):
            page = post_launch(run, by=by, at=at, zone=zone)
            words, data = printed(page), as_json(page)
        stem = f"{run.item.ref.lower()}-post-launch"
        files = {f"{stem}.{form}": form_of(form, words, data, at) for form in TYPES}
        if by.may(MAY_EXPORT):
            with through("By command"):
                files[f"{run.item.ref.lower()}-evidence.zip"] = evidence_pack(run, by=by, at=at)
        more = {"name": "post-launch", "ref": run.item.ref, "made_at": plain(at)}
        self.written(folder, files, more, as_json=options["json"])

    def written(
        self,
        folder: Path,
        files: Mapping[str, bytes],
        more: Mapping[str, Any],
        *,
        as_json: bool,
    ) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        paths = [folder / name for name in files]
        for path, body in zip(paths, files.values(), strict=True):
            path.write_bytes(body)
            path.chmod(0o600)
        if as_json:
            found = {"schema": SCHEMA, **more, "files": [str(path) for path in paths]}
            self.stdout.write(json.dumps(found, indent=2, ensure_ascii=False))
        else:
            self.stdout.write("\n".join(str(path) for path in paths))


def _client(code: str, by: Actor) -> Client:
    found = clients_seen_by(by).filter(code__iexact=code.strip()).first()
    if found is None:
        raise CommandError(f"No client with the code {code or '(none)'}.", returncode=2)
    return found


def _folder(name: str) -> Path:
    if not name:
        raise CommandError("Name a folder with --out.", returncode=2)
    return Path(name)


def _listed(row: Report) -> dict[str, Any]:
    return {
        "id": row.pk,
        "client": row.client.code,
        "month": row.name,
        "made_at": plain(row.made_at),
        "scheduled": row.schedule_id is not None,
        "late": row.is_late,
        "withdrawn_at": plain(row.withdrawn_at),
        "withdrawn_reason": row.withdrawn_reason,
    }
