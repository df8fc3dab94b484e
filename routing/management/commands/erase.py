"""Erase the personal data of a contact."""

from __future__ import annotations

import json
from argparse import RawDescriptionHelpFormatter
from typing import Any

import redis
from django.core.exceptions import PermissionDenied
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections
from django.utils import timezone

from routing.audit.find_contact import NoSuchContact, find_contact
from routing.audit.keys import LostTerms, closed
from routing.audit.models import Erasure
from routing.audit.operations import deciding
from routing.audit.operations.completing import (
    ErasureReport,
    complete,
    preview,
    report_of,
)
from routing.audit.operations.erasure import erase, reopen, terms_of
from routing.audit.operations.redaction import OWNER
from routing.audit.persons import NothingKnown, person_of
from routing.people.actors import Actor
from routing.people.clients import Contact
from routing.people.staff import User

SCHEMA = {"name": "throughline.erase", "version": 1}
ASKED = "The person asked for it"
REFUSALS = (NoSuchContact, NothingKnown, LostTerms, deciding.NotListed, PermissionDenied)
EXAMPLES = """
examples:
  manage.py erase 12 --reason "Asked by letter of 24 November" --json
  manage.py erase carla@acme.example --list
  manage.py erase 12 --also "Carla Miller" --also carla@old.example
  manage.py erase 12 --rewrite delivery_request:31:details --keep routing_note:7:body

A name that somebody else has as well, a last name alone, or a similar address is only listed, as a
near match. --rewrite replaces the text of such a place, --keep records that it is somebody else.
Published versions and live pages are listed and never rewritten. docs/howto/erase-a-person.md
"""


class Command(BaseCommand):
    help = (
        "Erase a person from present rows, history, evidence, kept e-mails, logs and sessions. "
        "Needs DATABASE_OWNER_URL. The audit trail still verifies. Exits with 1 if something is "
        "left."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.epilog = EXAMPLES
        parser.add_argument("contact", metavar="CONTACT", help="id or e-mail address")
        parser.add_argument("--reason", default=ASKED, help="stored; do not include names")
        parser.add_argument("--as", dest="email", metavar="EMAIL", help="who erases")
        parser.add_argument("--json", action="store_true", help="one object with the result")
        parser.add_argument(
            "--list", action="store_true", help="change nothing, list what is found"
        )
        parser.add_argument(
            "--also",
            action="append",
            default=[],
            metavar="TERM",
            help="another name, e-mail address or phone number of the person",
        )
        parser.add_argument(
            "--files",
            action="store_true",
            help="delete everything the person uploaded, not only files that name them",
        )
        parser.add_argument(
            "--keep-words",
            action="store_true",
            help="in their own requests and notes, remove only the person and keep the other words",
        )
        for name in (deciding.REWRITE, deciding.KEEP):
            parser.add_argument(
                f"--{name}",
                action="append",
                default=[],
                metavar="PLACE",
                help="decide about a near match: table:row:column",
            )
        parser.add_argument("--yes", action="store_true", help="has no effect: nothing is asked")

    def handle(self, *args: Any, **options: Any) -> None:
        """:raises CommandError: with exit code 1 if it is refused or something is left"""
        if OWNER not in connections:
            raise CommandError(
                "Only the role that owns the tables can rewrite history. Set DATABASE_OWNER_URL "
                "for this command."
            )
        if not options["reason"].strip():
            raise CommandError("Enter a reason: --reason cannot be empty.")
        try:
            contact, by = find_contact(options["contact"]), _actor(options["email"])
            if options[deciding.REWRITE] or options[deciding.KEEP]:
                self._decide(contact, by, options)
                return
            report = self._report(contact, by, options)
        except REFUSALS as refusal:
            raise CommandError(str(refusal)) from refusal
        except redis.RedisError as error:
            why = "the cache, which may hold pictures of them, does not answer"
            raise CommandError(f"Their files were not erased: {why}. Try again.") from error
        self._answer(contact, report, options)

    def _report(self, contact: Contact, by: Actor, options: dict[str, Any]) -> ErasureReport:
        at = timezone.now()
        if options["list"]:
            erasure = Erasure.objects.filter(contact=contact).exclude(terms="").first()
            person = person_of(erasure or _unsaved(contact, options["also"]))
            return preview(person, keep_words=options["keep_words"])
        reason = options["reason"]
        erase(contact.pk, by=by, at=at, reason=reason, also=options["also"])
        erasure = reopen(contact, options["also"], by=by, at=at, reason=reason)
        if erasure.done_at is not None:
            return report_of(erasure)
        return complete(
            erasure,
            by=by,
            at=at,
            keep_words=options["keep_words"],
            all_uploads=options["files"],
        )

    def _decide(self, contact: Contact, by: Actor, options: dict[str, Any]) -> None:
        erasure = Erasure.objects.filter(contact=contact).first()
        if erasure is None:
            raise CommandError("This contact is not erased yet. Run the command without decisions.")
        for what in (deciding.REWRITE, deciding.KEEP):
            for place in options[what]:
                deciding.decide(erasure, place, what, by=by, at=timezone.now())
        done = {what: options[what] for what in (deciding.REWRITE, deciding.KEEP)}
        if options["json"]:
            body = {"schema": SCHEMA, "contact": contact.pk, "decided": done, "left": []}
            self.stdout.write(json.dumps(body, indent=2))
        else:
            self.stdout.write(f"{sum(map(len, done.values()))} places are decided.")

    def _answer(self, contact: Contact, report: ErasureReport, options: dict[str, Any]) -> None:
        if options["json"]:
            near = [{"place": place, "excerpt": excerpt} for place, excerpt in report.near]
            body = {
                "schema": SCHEMA,
                "contact": contact.pk,
                "done": not options["list"] and not report.left,
                **report.stored(),
                "near": near,
            }
            self.stdout.write(json.dumps(body, indent=2, ensure_ascii=False))
        else:
            self._say(contact, report, listed=options["list"])
        if report.left and not options["list"]:
            raise CommandError(
                f"{len(report.left)} places still name the person. Run the command again; if they "
                f"stay, see docs/howto/erase-a-person.md.",
                returncode=1,
            )

    def _say(self, contact: Contact, report: ErasureReport, *, listed: bool) -> None:
        rows = sum(report.rewritten.values())
        write = self.stdout.write
        if listed:
            write(f"Nothing was changed. {rows} rows would be rewritten:")
        for table, number in sorted(report.rewritten.items()):
            write(f"  {table}: {number}")
        for words, places in (
            ("Still naming the person", report.left),
            (
                "Published, and never rewritten. Publish a new version or take it down",
                report.published,
            ),
            ("Dumps from before. Delete them, or erase again after restoring one", report.dumps),
            ("Near matches. Decide with --rewrite or --keep", _near_lines(report)),
        ):
            if places:
                write(f"{words}:")
                for place in places:
                    write(f"  {place}")
        if report.kept_uploads:
            number = report.kept_uploads
            write(f"{number} of their uploads do not name them and stay. --files deletes them.")
        if not listed and not report.left:
            write(
                self.style.SUCCESS(
                    f"Contact {contact.pk} is erased: {rows} rows, {report.uploads} uploads, "
                    f"{report.mails} kept e-mails, {report.files} other files. `manage.py verify` "
                    f"says what was redacted."
                )
            )


def _near_lines(report: ErasureReport) -> list[str]:
    lines = [f"{place}  {excerpt}" for place, excerpt in report.near]
    many = sorted(report.too_many_near.items())
    return lines + [f"{table}: {number} more, too many to list" for table, number in many]


def _actor(email: str | None) -> Actor:
    """:raises CommandError: if nobody has the address"""
    if not email:
        return Actor.system()
    user = User.objects.filter(email__iexact=email).first()
    if user is None:
        raise CommandError(f"Nobody has the address {email}.", returncode=2)
    return Actor.of(user)


def _unsaved(contact: Contact, also: list[str]) -> Erasure:
    """Return an erasure that is never saved, for a search that changes nothing."""
    return Erasure(contact=contact, terms=closed(terms_of(contact, also)))
