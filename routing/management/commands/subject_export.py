"""Export everything that is one person's."""

from __future__ import annotations

import json
from argparse import RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from routing.audit.find_contact import NoSuchContact, find_contact
from routing.audit.operations.erasure import terms_of
from routing.audit.operations.export import FolderNotEmpty, export_subject
from routing.people.actors import Actor

SCHEMA = {"name": "throughline.subject_export", "version": 1}
EXAMPLES = """
examples:
  manage.py subject_export 12 --out /srv/exports/contact-12
  manage.py subject_export carla@acme.example --out export --also carla@old.example

The folder gets one JSON file for each table, the person's uploads in files/ and kept e-mails to
them in mail/. Other contacts are masked. Everybody who can read the folder reads personal data.
"""


class Command(BaseCommand):
    help = (
        "Write everything that is one contact's into a folder: rows, history, files and e-mails, "
        "and excerpts of other text that names them."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.epilog = EXAMPLES
        parser.add_argument("contact", metavar="CONTACT", help="id or e-mail address")
        parser.add_argument("--out", required=True, metavar="FOLDER", help="a new or empty folder")
        parser.add_argument(
            "--also",
            action="append",
            default=[],
            metavar="TERM",
            help="another name, e-mail address or phone number of the person",
        )
        parser.add_argument("--json", action="store_true", help="accepted: it is always JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """:raises CommandError: if there is no such contact, or the folder is not empty"""
        try:
            contact = find_contact(options["contact"])
            made = export_subject(
                contact,
                terms_of(contact, options["also"]),
                Path(options["out"]),
                by=Actor.system(),
                at=timezone.now(),
            )
        except (NoSuchContact, FolderNotEmpty, PermissionDenied, OSError) as refusal:
            raise CommandError(str(refusal)) from refusal
        body = {
            "schema": SCHEMA,
            "contact": contact.pk,
            "tables": len(made.tables),
            "files": len(made.files),
            "rows": made.rows,
            "by_table": {table: len(rows) for table, rows in sorted(made.tables.items())},
        }
        self.stdout.write(json.dumps(body, indent=2, ensure_ascii=False))
