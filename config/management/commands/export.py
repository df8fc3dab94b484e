"""Write a list of the desk into a file, as one person sees it."""

from __future__ import annotations

import json
from argparse import ArgumentTypeError, RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from config.management.acting import person
from routing.desk.export_columns import NoSuchColumn
from routing.desk.export_jobs import ExportRecord
from routing.desk.exporting import (
    ExportedFile,
    ListToExport,
    UnknownFilter,
    UnknownFormat,
    form_called,
    list_to_export,
    query_called,
)
from routing.desk.exports import TooManyRows
from routing.desk.named_lists import UnknownList
from routing.desk.operations.exports import export_now
from routing.people.staff import User

SCHEMA = {"name": "throughline.export_result", "version": 1}
EXAMPLES = """
examples:
  manage.py export work --filter whose=all --format csv --out work.csv \\
      --as mara@northlight.example --json
  manage.py export requests --filter state=accepted --filter q=poster --format xlsx \\
      --columns ref,title,due_at --out requests.xlsx --as mara@northlight.example

A filter is a part of the address of the page: NAME=VALUE. q searches, o orders. Without filters the
list is the one that the page opens with, such as the person's own open work.
"""


def filter_of(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not (name and sign):
        raise ArgumentTypeError("is written NAME=VALUE, such as whose=all")
    return name.strip(), value


class _NotExported(Exception):
    """The file is not written, for a reason that the person can change."""

    def __init__(self, code: str, message: str, clears_by: str) -> None:
        super().__init__(message)
        self.refusal = {"code": code, "message": message, "clears_by": clears_by}


class Command(BaseCommand):
    help = (
        "Write a list of the desk into a file, with the rows and columns that its page shows to "
        "one person. The export is recorded with their name. Exits with 1 if it is refused, and "
        "with 2 if it cannot be understood."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.epilog = EXAMPLES
        parser.add_argument("list", metavar="LIST", help="such as work, requests or audit")
        parser.add_argument(
            "--filter",
            dest="filters",
            metavar="NAME=VALUE",
            type=filter_of,
            action="append",
            default=[],
            help="a filter of the list; repeat it for more",
        )
        parser.add_argument("--columns", default="", help="keys in their order, with commas")
        parser.add_argument("--format", default="csv", help="csv, xlsx or json")
        parser.add_argument("--out", metavar="FILE", required=True, help="the file to write")
        parser.add_argument("--force", action="store_true", help="replace a file that is there")
        parser.add_argument(
            "--as",
            dest="email",
            metavar="EMAIL",
            required=True,
            help="the person of the agency who exports",
        )
        parser.add_argument("--json", action="store_true", help="one object with rows and sha256")

    def handle(self, *args: Any, **options: Any) -> None:
        user, path = person(options["email"]), Path(options["out"])
        try:
            written = _written(user, path, options)
        except (UnknownList, UnknownFilter, NoSuchColumn, UnknownFormat) as error:
            raise CommandError(str(error), returncode=2) from None
        except SuspiciousOperation as error:
            raise CommandError(f"The filters cannot be read: {error}", returncode=2) from None
        except _NotExported as refused:
            if options["json"]:
                self._print({"done": False, "refusals": [refused.refusal]})
            raise CommandError(str(refused), returncode=1) from None
        if options["json"]:
            done = {"done": True, "list": options["list"], "format": options["format"]}
            figures = {"rows": written.rows, "sha256": written.sha256, "file": str(path)}
            self._print({**done, **figures, "refusals": []})
            return
        self.stdout.write(f"{path}: {written.rows} rows, SHA-256 {written.sha256}")

    def _print(self, body: dict[str, Any]) -> None:
        self.stdout.write(json.dumps({"schema": SCHEMA, **body}, indent=2, ensure_ascii=False))


def _written(user: User, path: Path, options: dict[str, Any]) -> ExportedFile:
    """
    Write the file under another name first: a broken export leaves nothing that looks whole.

    :raises _NotExported: if the person may not see the list, or the file cannot be written
    """
    form = form_called(options["format"])
    found = _found(user, options)
    if path.exists() and not options["force"]:
        raise _NotExported("file_exists", f"{path} is there already.", "You: add --force")
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        with unfinished.open("wb") as out:
            way = ExportRecord.Way.COMMAND
            written = export_now(found, form, out, way=way, at=timezone.now())
        unfinished.replace(path)
    except TooManyRows as error:
        raise _NotExported("too_many_rows", str(error), "You: choose --format csv") from None
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror}."
        raise _NotExported("not_written", message, "You: choose another file") from None
    finally:
        unfinished.unlink(missing_ok=True)
    return written


def _found(user: User, options: dict[str, Any]) -> ListToExport:
    keys = [each.strip() for each in options["columns"].split(",") if each.strip()]
    try:
        query = query_called(options["list"], user, options["filters"])
        return list_to_export(options["list"], user, query, keys)
    except PermissionDenied:
        message = f"{user.full_name} may not see the list “{options['list']}”."
        raise _NotExported("denied", message, "An operations lead: give a role that may") from None
