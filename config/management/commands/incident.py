"""Incidents: list, open, acknowledge, note and close them."""

from __future__ import annotations

import json
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable, Mapping
from time import monotonic, sleep
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from config.management.acting import is_demo, person
from config.management.incident_json import incident_json
from integrations.incidents.details import CloseDetails
from integrations.incidents.held import counts_of
from integrations.incidents.models import Incident
from integrations.incidents.operations.leading import acknowledge, close
from integrations.incidents.operations.opening import OPEN, open_by_hand
from integrations.incidents.operations.pausing import paused_flows
from integrations.incidents.operations.watching import tend
from integrations.models import Connection
from routing.kernel.channel import through
from routing.kernel.roles import holders
from routing.people.actors import Actor
from routing.runs.owners import NobodyLeft
from routing.work.door import Operation, OperationResult
from routing.work.gates import GateResult, refused
from routing.work.notes import Note
from routing.work.operations import notes
from routing.work.visibility import work_seen_by

EXAMPLES = """
examples:
  manage.py incident list --json
  manage.py incident open "The CRM loses deals" --connection hubspot --as ines@northlight.example
  manage.py incident ack NOR-7 --as ines@northlight.example --json
  manage.py incident note NOR-7 "Their status page says 14:00" --as ines@northlight.example
  manage.py incident close NOR-7 --as ines@northlight.example --json
  manage.py incident close NOR-8 --checked "The phone rings again" --as olu@northlight.example

Closing tests the connection first, and is refused with canary_failed if the test does not pass.
docs/howto/lead-an-incident.md
"""
NOT_DEMO = refused(
    "demo",
    "This product is not the demo. Commands change its work only with --yes.",
    clears_by="You: add --yes",
)
PAUSE_S = 0.5


class _StepRefused(Exception):
    def __init__(self, *refusals: GateResult) -> None:
        super().__init__(" ".join(f"{each.message} {each.evidence}".strip() for each in refusals))
        self.refusals = refusals


class Command(BaseCommand):
    help = (
        "List, open, acknowledge, note and close incidents. Exits with 1 if a step is refused, and "
        "with 2 if the command cannot be understood."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.epilog = EXAMPLES
        known = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        listing = known.add_parser("list", help="show open incidents")
        listing.add_argument("--all", action="store_true", help="with those that are closed")
        listing.add_argument("--as", dest="email", metavar="EMAIL", help="as this person sees them")
        opening = known.add_parser("open", help="open one, or join the one with the same cause")
        opening.add_argument("what", metavar="WHAT", nargs="?", default="", help="what is wrong")
        opening.add_argument("--cause", default="", help="the same as WHAT")
        opening.add_argument("--connection", metavar="SLUG", default="", help="that is in trouble")
        opening.add_argument("--severity", choices=Incident.Severity.values, default="")
        acknowledging = known.add_parser("ack", help="acknowledge one")
        noting = known.add_parser("note", help="write a note for colleagues")
        closing = known.add_parser("close", help="test, and close one if the test passes")
        for each in (acknowledging, noting, closing):
            each.add_argument("ref", metavar="REF", help="such as NOR-7")
        noting.add_argument("text", metavar="TEXT")
        for name, words in (
            ("checked", "what you checked, for an incident without a connection"),
            ("found", "what caused it"),
            ("measure", "what is done so that it does not come back"),
            ("reason", "stored in the history"),
        ):
            closing.add_argument(f"--{name}", default="", help=words)
        closing.add_argument(
            "--wait",
            type=float,
            default=30.0,
            metavar="SECONDS",
            help="at most so long until all that was held is released (default: 30)",
        )
        for each in (opening, acknowledging, noting, closing):
            _person_arguments(each)
        for each in (listing, opening, acknowledging, noting, closing):
            each.add_argument("--json", action="store_true", help="one object with the result")

    def handle(self, *, action: str, **options: Any) -> None:
        """:raises CommandError: with exit code 1 if it is refused, 2 if it is not understood"""
        as_json = options["json"]
        try:
            body, words = ACTIONS[action](options)
        except _StepRefused as refusal:
            if as_json:
                refusals = [_in_json(each) for each in refusal.refusals]
                self._print(action, {"done": False, "refusals": refusals})
            raise CommandError(str(refusal), returncode=1) from None
        if as_json:
            self._print(action, body)
        else:
            self.stdout.write(words)

    def _print(self, action: str, body: Mapping[str, Any]) -> None:
        schema = {"name": f"throughline.incident.{action}", "version": 1}
        self.stdout.write(json.dumps({"schema": schema, **body}, indent=2, ensure_ascii=False))


def _person_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--as", dest="email", metavar="EMAIL", required=True, help="who does it")
    parser.add_argument("--yes", action="store_true", help="on a product that is not the demo")


def _actor(options: Mapping[str, Any]) -> Actor:
    by = Actor.of(person(options["email"]))
    if not (options["yes"] or is_demo()):
        raise _StepRefused(NOT_DEMO)
    return by


def _incident(ref: str, by: Actor) -> Incident:
    """:raises CommandError: with exit code 2, if there is none that this person sees"""
    seen = work_seen_by(by).filter(kind="incident").order_by()
    rows = Incident.objects.filter(item__in=seen).select_related("item", "connection")
    found = rows.filter(item__ref__iexact=ref.strip()).first()
    if found is None:
        raise CommandError(f"There is no incident {ref}.", returncode=2)
    return found


def _answer(incident: Incident, by: Actor, words: str) -> tuple[dict[str, Any], str]:
    row = Incident.objects.select_related("item__owner", "item__backup", "connection").get(
        pk=incident.pk
    )
    return {"done": True, **incident_json(row, by), "refusals": []}, f"{row.item}: {words}"


# -- Actions ---------------------------------------------------------------------------------------


def _list(options: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    by = Actor.of(person(options["email"])) if options["email"] else Actor.system()
    rows = Incident.objects.filter(item__in=work_seen_by(by).order_by())
    if not options["all"]:
        rows = rows.filter(state__in=Incident.open_states)
    related = rows.select_related("item__owner", "item__backup", "connection")
    found = [incident_json(row, by) for row in related.order_by("-pk")]
    lines = [
        f"{row['ref']}  {row['state']:12}  {row['severity']:8}  {row['title']}" for row in found
    ]
    return {"incidents": found}, "\n".join(lines) or "No incident is open."


def _open(options: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    by, connection = _actor(options), _connection(options["connection"])
    what = (options["what"] or options["cause"]).strip()
    if not what and connection is None:
        raise CommandError("Say what is wrong, or name a connection.", returncode=2)
    words = what or _("%(name)s is in trouble.") % {"name": connection}
    at, severity = timezone.now(), options["severity"]
    try:
        with through(_("By command")):
            found = open_by_hand(words, connection=connection, severity=severity, by=by, at=at)
    except PermissionDenied as error:
        raise _StepRefused(refused("permission", str(error), clears_by=holders(OPEN))) from None
    except NobodyLeft as error:
        raise _StepRefused(refused("owner", str(error), clears_by="An operations lead")) from None
    tend(found.incident, at)
    return _answer(found.incident, by, "joined." if found.joined else "opened.")


def _connection(slug: str) -> Connection | None:
    if not slug:
        return None
    found = Connection.objects.filter(slug=slug).first()
    if found is None:
        known = ", ".join(Connection.objects.order_by("slug").values_list("slug", flat=True))
        raise CommandError(f"There is no connection “{slug}”. Known: {known}.", returncode=2)
    return found


def _ack(options: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    by = _actor(options)
    incident = _incident(options["ref"], by)
    _take(acknowledge, incident, by)
    return _answer(incident, by, "acknowledged.")


def _note(options: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    by = _actor(options)
    incident = _incident(options["ref"], by)
    try:
        with through(_("By command")):
            notes.add(
                incident.item_id,
                body=options["text"],
                audience=Note.Audience.INTERNAL,
                by=by,
                at=timezone.now(),
            )
    except PermissionDenied as error:
        clears = holders("routing.add_note")
        raise _StepRefused(refused("permission", str(error), clears_by=clears)) from None
    except ValidationError as error:
        raise CommandError(" ".join(error.messages), returncode=2) from None
    return _answer(incident, by, "noted.")


def _close(options: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    by = _actor(options)
    incident = _incident(options["ref"], by)
    details = CloseDetails(options["checked"], options["found"], options["measure"])
    _take(close, incident, by, reason=options["reason"], details=details)
    until = monotonic() + options["wait"]
    while (counts := counts_of(incident)).released < counts.held and monotonic() < until:
        sleep(PAUSE_S)
    flows = ", ".join(paused_flows(incident)) or "no flow"
    said = f"closed. {counts.released} of {counts.held} released, {flows} had been paused."
    return _answer(incident, by, said)


def _take(
    step: Operation[Any], incident: Incident, by: Actor, *, reason: str = "", **given: Any
) -> None:
    try:
        with through(_("By command")):
            results: list[OperationResult] = step(
                [incident.pk], by=by, at=timezone.now(), reason=reason, **given
            )
    except PermissionDenied as error:
        clears = holders(step.permission)
        raise _StepRefused(refused("permission", str(error), clears_by=clears)) from None
    if not results[0].done:
        raise _StepRefused(*results[0].refusals)


def _in_json(refusal: GateResult) -> dict[str, str]:
    return {
        "code": refusal.code,
        "message": str(refusal.message),
        "evidence": str(refusal.evidence),
        "clears_by": str(refusal.clears_by),
    }


Action = Callable[[Mapping[str, Any]], tuple[dict[str, Any], str]]
ACTIONS: Mapping[str, Action] = {
    "list": _list,
    "open": _open,
    "ack": _ack,
    "note": _note,
    "close": _close,
}
