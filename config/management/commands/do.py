"""Take one step of one work item as one person."""

from __future__ import annotations

import json
from argparse import ArgumentTypeError, RawDescriptionHelpFormatter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from config.management.acting import NOT_DEMO, in_json, is_demo, person
from integrations.outbox.client_emails import addresses_of
from routing.desk.calls import BadCall, details_called, noun_called, step_called
from routing.desk.offers import target
from routing.desk.steps import MOVED_ON, latest_change
from routing.kernel.channel import through
from routing.kernel.roles import holders
from routing.messages.models import Notification
from routing.people.actors import Actor
from routing.people.staff import User
from routing.work.door import Operation, OperationResult
from routing.work.gates import GateResult, refused
from routing.work.items import WorkItem, WorkNoun
from routing.work.kinds import state_label

SCHEMA = {"name": "throughline.do", "version": 1}
EXAMPLES = """
examples:
  manage.py do ACM-12 accept --as mara@northlight.example --json
  manage.py do ACM-12 ask --as mara@northlight.example --set question="Which colour?"
  manage.py do ACM-12 hand_over --as mara@northlight.example \\
      --set owner=jonas@northlight.example --reason "Holiday"

A value is text, a number, a date such as 2026-12-24, yes or no. People are given by their e-mail
address, other work by its reference. “none” empties a value.
"""


def setting(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not (name and sign):
        raise ArgumentTypeError("is written NAME=VALUE, such as question=Why?")
    return name.strip().replace("-", "_"), value


class Command(BaseCommand):
    help = (
        "Take one step of one work item as one person, with the same rules as on its page. Exits "
        "with 1 if the step is refused, and with 2 if it cannot be understood."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.epilog = EXAMPLES
        parser.add_argument("ref", metavar="REF", help="a reference such as ACM-142")
        parser.add_argument("verb", metavar="VERB", help="such as accept, hold or hand_over")
        parser.add_argument(
            "--as",
            dest="email",
            metavar="EMAIL",
            required=True,
            help="the person who takes the step, of the agency or of a client",
        )
        parser.add_argument(
            "--set",
            dest="given",
            metavar="NAME=VALUE",
            type=setting,
            action="append",
            default=[],
            help="a value of the step; repeat it for more",
        )
        parser.add_argument("--reason", default="", help="stored in the history")
        parser.add_argument(
            "--yes", action="store_true", help="change work of a product that is not the demo"
        )
        parser.add_argument("--json", action="store_true", help="one object with the result")

    def handle(self, *args: Any, **options: Any) -> None:
        by = Actor.of(person(options["email"]))
        try:
            noun = noun_called(options["ref"], by)
            step = step_called(noun, options["verb"])
            details = details_called(step, noun, by, dict(options["given"]))
        except BadCall as error:
            raise CommandError(str(error), returncode=2) from None
        before, at = _last_notification(), timezone.now()
        result = OperationResult(noun.pk, False, (NOT_DEMO,))
        if options["yes"] or is_demo():
            result = _taken(step, noun, by, at, options["reason"], details)
        told = _told(before, at) if result.done else []
        self._answer(noun, step, result, told, as_json=options["json"])

    def _answer(
        self,
        noun: WorkNoun,
        step: Operation[Any],
        result: OperationResult,
        told: Sequence[str],
        *,
        as_json: bool,
    ) -> None:
        """
        Print the result.

        :raises CommandError: with exit code 1, if the step was refused
        """
        item = WorkItem.objects.get(pk=noun.item_id)
        codes = {each.code for each in result.refusals}
        happened = list(latest_change(noun)) if MOVED_ON & codes else []
        body = {
            "schema": SCHEMA,
            "ref": item.ref,
            "verb": step.verb,
            "done": result.done,
            "state": item.state,
            "refusals": [in_json(each) for each in result.refusals],
            # E5: what somebody did before, when the state is another one than was expected.
            "happened": happened,
            "told": told,
        }
        if as_json:
            self.stdout.write(json.dumps(body, indent=2, ensure_ascii=False))
        elif result.done:
            state = state_label(item.kind, item.state)
            self.stdout.write(f"{item.ref}: {step.label} done. Its state is now “{state}”.")
            self.stdout.write(f"Notified: {', '.join(told) or 'nobody'}.")
        if not result.done:
            why = " ".join([*(_said(each) for each in result.refusals), *happened])
            raise CommandError(f"{item.ref}: {step.label} was refused. {why}", returncode=1)


def _taken(
    step: Operation[Any], noun: WorkNoun, by: Actor, at: datetime, reason: str, details: Any
) -> OperationResult:
    given = {} if details is None else {"details": details}
    try:
        with through(_("By command")):
            [result] = step([target(step, noun).pk], by=by, at=at, reason=reason, **given)
    except PermissionDenied as error:
        # Roles of the agency, and what the client's people may do in the portal.
        against = refused("permission", str(error), clears_by=holders(step.permission))
        return OperationResult(noun.pk, False, (against,))
    found: OperationResult = result
    return found


def _last_notification() -> int:
    return Notification.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def _told(before: int, at: datetime) -> list[str]:
    """
    Return the addresses of everybody whom the step at this instant notified or e-mails.

    :param before: id of the last notification before it
    """
    recipients = Notification.objects.filter(pk__gt=before, at=at).values("recipient")
    people = User.objects.filter(pk__in=recipients).values_list("email", flat=True)
    return sorted({*people, *addresses_of(at)})


def _said(refusal: GateResult) -> str:
    # The state is told by what happened, in words.
    evidence = "" if refusal.code in MOVED_ON else refusal.evidence
    return f"{refusal.message} {evidence}".strip()
