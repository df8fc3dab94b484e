"""Try a version before it is published."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from config.management.flow_actions.base import (
    FlowAction,
    FlowAnswer,
    Refused,
    refusal,
    version_of,
)
from config.management.flow_actions.files import bytes_of, is_slug
from routing.flows.files.text import BadFlowFile, read_flow_file
from routing.flows.files.tried import TriedVersion, tried_file, tried_row
from routing.flows.lint import near_to
from routing.flows.registry import event_kinds
from routing.kernel.events import Event
from routing.people.clients import Client
from routing.runs.trial import try_version
from routing.runs.trial_input import ErasedEvent, TrialInput, input_of_body, input_of_event
from routing.runs.trial_words import trial_as_json, trial_in_words
from routing.sla.calendars import agency_zone


def _try(options: Mapping[str, Any]) -> FlowAnswer:
    tried, zone = tried_of(options["version"]), agency_zone()
    trial = try_version(tried, _input(options, tried), timezone.now())
    return FlowAnswer(trial_as_json(trial, zone), "\n".join(trial_in_words(trial, zone)))


def tried_of(text: str) -> TriedVersion:
    """
    Return the version that a text such as lead-to-brief@3 or a path stands for.

    :raises Refused: if the file is no flow, or names what is not there
    """
    if is_slug(text):
        return tried_row(version_of(text))
    try:
        return tried_file(read_flow_file(bytes_of(text)))
    except BadFlowFile as error:
        raise Refused(*(refusal("bad_file", str(each)) for each in error.faults)) from None


def _input(options: Mapping[str, Any], tried: TriedVersion) -> TrialInput:
    if (options["event"] is None) == (options["payload"] is None):
        raise CommandError("Give either --event or --payload.", returncode=2)
    if options["payload"] is not None:
        return _pasted(options, _kind(options, tried))
    found = Event.objects.select_related("payload").filter(pk=options["event"]).first()
    if found is None:
        raise CommandError(f"There is no event {options['event']}.", returncode=2)
    try:
        return input_of_event(found)
    except ErasedEvent as error:
        raise Refused(refusal("erased", str(error))) from None


def _kind(options: Mapping[str, Any], tried: TriedVersion) -> str:
    """Return the kind of the pasted event: the one given, or that of the first trigger."""
    kind = options["kind"] or next((each.kind for each in tried.triggers), None)
    if kind is None:
        raise CommandError("Say with --kind what kind of event it is.", returncode=2)
    if kind not in event_kinds():
        near = near_to(kind, event_kinds())
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        raise CommandError(f"Nothing sends events of the kind “{kind}”.{hint}", returncode=2)
    return str(kind)


def _pasted(options: Mapping[str, Any], kind: str) -> TrialInput:
    client = options["client"]
    found = Client.objects.filter(code=client).first() if client else None
    if client and found is None:
        raise CommandError(f"There is no client with the code {client}.", returncode=2)
    path = options["payload"]
    try:
        body = json.loads(bytes_of(path))
    except json.JSONDecodeError as error:
        words = f"{path}: line {error.lineno}, column {error.colno}: {error.msg}."
        raise Refused(refusal("bad_payload", words, "You: mend the JSON")) from None
    except (UnicodeDecodeError, RecursionError):
        raise Refused(refusal("bad_payload", f"{path}: is not JSON in UTF-8.")) from None
    if not isinstance(body, dict):
        raise Refused(refusal("bad_payload", f"{path}: line 1: is no JSON object."))
    return input_of_body(kind, body, client_id=found.pk if found else None)


def version_argument(parser: ArgumentParser) -> None:
    parser.add_argument("version", metavar="SLUG@N|FILE", help="SLUG alone is the live version")


def _try_arguments(parser: ArgumentParser) -> None:
    version_argument(parser)
    parser.add_argument("--event", type=int, metavar="ID", help="a past event, by its number")
    parser.add_argument("--payload", metavar="FILE", help="a JSON object, the body of an event")
    parser.add_argument(
        "--kind",
        help="of the event that the payload stands for; otherwise that of the first trigger",
    )
    parser.add_argument(
        "--client", metavar="CODE", help="whose it is, if no domain in the payload says so"
    )


ACTIONS = (
    FlowAction(
        "try",
        "show what a version would do with an event; nothing is written",
        _try_arguments,
        _try,
    ),
)
