"""Try a version before it is published, on one event or on many past ones."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
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
from routing.kernel.reasons import Reason
from routing.people.clients import Client
from routing.runs.backtest import Backtest, backtest, backtest_as_json
from routing.runs.judged_runs import NOT_STARTED
from routing.runs.trial import try_version
from routing.runs.trial_input import ErasedEvent, TrialInput, input_of_body, input_of_event
from routing.runs.trial_words import trial_as_json, trial_in_words
from routing.sla.calendars import agency_zone


def _try(options: Mapping[str, Any]) -> FlowAnswer:
    tried, zone = tried_of(options["version"]), agency_zone()
    trial = try_version(tried, _input(options, tried), timezone.now())
    return FlowAnswer(trial_as_json(trial, zone), "\n".join(trial_in_words(trial, zone)))


def _backtest(options: Mapping[str, Any]) -> FlowAnswer:
    tried, done = tried_of(options["version"]), Backtest()
    for page in backtest(tried, options["last"]):
        done.add(page)
    body = backtest_as_json(done)
    return FlowAnswer({"version": tried.name, **body}, "\n".join(_difference_lines(body)))


def _difference_lines(body: Mapping[str, Any]) -> Iterator[str]:
    yield (
        f"{body['events']} events: {body['same']} the same, {body['different']} different, "
        f"{body['erased']} erased."
    )
    for each in body["differences"]:
        yield f"{each['ref']}: {_side(each['was'])} → {_side(each['would'])}"


def _side(side: Mapping[str, Any]) -> str:
    if side["exception"]:
        return f"waits for a person ({Reason(side['exception']).label})"
    if side["lane"] == NOT_STARTED:
        return "starts nothing"
    if side["unknown"]:
        return f"decided, for whom is not known, policy {side['policy']}"
    return f"{side['owner']}, backup {side['backup']}, policy {side['policy']}"


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


def _backtest_arguments(parser: ArgumentParser) -> None:
    version_argument(parser)
    parser.add_argument(
        "--last",
        type=_whole,
        default=200,
        metavar="N",
        help="how many past events, the newest first; 200 if left out",
    )


def _whole(text: str) -> int:
    found = int(text)
    if found < 1:
        raise ValueError
    return found


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
    FlowAction(
        "backtest",
        "compare what a version would have done with past events; nothing is written",
        _backtest_arguments,
        _backtest,
    ),
)
