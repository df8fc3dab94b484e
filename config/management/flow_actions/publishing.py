"""Publish the newest draft of a flow, or a copy of an older version."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from datetime import UTC
from typing import Any

from django.core.exceptions import PermissionDenied
from django.utils import timezone
from django.utils.translation import gettext as _

from config.management.flow_actions.base import (
    FlowAction,
    FlowAnswer,
    Refused,
    actor_of_options,
    flow_of,
    person_arguments,
    refusal,
    slug_argument,
)
from routing.flows.checklist import (
    ANSWER,
    CheckedLine,
    ChecklistOpen,
    CriteriaMissing,
    answer_line,
    checklist_of,
    read_outside,
)
from routing.flows.editors import editors_words
from routing.flows.flow_people import PUBLISH
from routing.flows.models import Flow, FlowVersion
from routing.flows.operations import NotPublishable, SecondPersonNeeded, publish, roll_back
from routing.kernel.channel import through
from routing.kernel.roles import holders


def _publish(options: Mapping[str, Any]) -> FlowAnswer:
    return _change(publish, _draft_of(options["flow"]), options, editors_words)


def _draft_of(slug: str) -> FlowVersion:
    """:raises Refused: if the flow has no draft"""
    flow = flow_of(slug)
    draft = flow.versions.filter(published_at=None).order_by("-number").first()
    if draft is None:
        raise Refused(refusal("no_draft", f"{flow} has no draft. Import one, or copy one."))
    return draft


def _roll_back(options: Mapping[str, Any]) -> FlowAnswer:
    flow = flow_of(options["flow"])
    older = flow.versions.filter(published_at__isnull=False).order_by("-number")
    if options["to"] is not None:
        target = older.filter(number=options["to"]).first()
    else:
        live = older.first()
        target = (live.rollback_to if live else None) or older[1:2].first()
    if target is None:
        raise Refused(refusal("no_version", f"{flow} has no such published version."))
    return _change(roll_back, target, options)


def _publishers(flow: Flow) -> str:
    return holders(PUBLISH)


def _change(
    operation: Callable[..., FlowVersion],
    version: FlowVersion,
    options: Mapping[str, Any],
    clears_by: Callable[[Flow], str] = _publishers,
) -> FlowAnswer:
    by = actor_of_options(options)
    try:
        with through(_("By command")):
            made = operation(version, by=by, at=timezone.now(), reason=options["reason"])
    except CriteriaMissing as error:
        changers = editors_words(version.flow)
        raise Refused(refusal("criteria_missing", str(error), changers)) from None
    except ChecklistOpen as error:
        raise Refused(*(_open_line(each) for each in error.lines)) from None
    except NotPublishable as error:
        raise Refused(*(refusal("not_publishable", each) for each in error.faults)) from None
    except SecondPersonNeeded as needed:
        ref = needed.asked.item.ref if needed.asked else ""
        said = refusal("second_person", needed.message, needed.clears_by)
        raise Refused({**said, "ref": ref}) from None
    except PermissionDenied as error:
        raise Refused(refusal("permission", str(error), clears_by(version.flow))) from None
    body = {"done": True, "flow": made.flow.slug, "live": made.number}
    return FlowAnswer(body, f"{made} is live.")


def _open_line(line: CheckedLine) -> Mapping[str, str]:
    message = f"{line.label}: {line.look.because}"
    return {**refusal("checklist_open", message, line.clears_by), "line": line.code}


def _checklist(options: Mapping[str, Any]) -> FlowAnswer:
    draft = _draft_of(options["flow"])
    read_outside(draft)
    lines = checklist_of(draft, timezone.now())
    body = {"version": draft.number, "lines": [_in_json(each) for each in lines]}
    return FlowAnswer(body, "\n".join(_in_words(each) for each in lines))


def _in_json(line: CheckedLine) -> Mapping[str, Any]:
    given = line.answer if line.asks_person else None
    return {
        "line": line.code,
        "open": line.is_open,
        "because": line.look.because,
        "guess": line.look.guess,
        "asks_person": line.asks_person,
        "answered_by": given.answered_by.email if given else None,
        "answered_at": f"{given.at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if given else None,
        "clears_by": line.clears_by if line.is_open else "",
    }


def _in_words(line: CheckedLine) -> str:
    said = "open" if line.is_open else "yes, a guess" if line.look.guess else "yes"
    given = f" {line.answer.answered_by} said yes." if line.asks_person and line.answer else ""
    return f"{line.code} ({said}): {line.look.because}{given}"


def _answer(options: Mapping[str, Any]) -> FlowAnswer:
    by, draft = actor_of_options(options), _draft_of(options["flow"])
    try:
        with through(_("By command")):
            given = answer_line(
                draft, options["line"], by=by, at=timezone.now(), note=options["reason"][:200]
            )
    except LookupError:
        known = ", ".join(
            each.code for each in checklist_of(draft, timezone.now()) if each.asks_person
        )
        words = (
            f"No person is asked for “{options['line']}”. Lines that ask one: {known or 'none'}."
        )
        raise Refused(refusal("no_such_line", words)) from None
    except PermissionDenied as error:
        raise Refused(refusal("permission", str(error), holders(ANSWER))) from None
    return FlowAnswer({"done": True, "line": given.line}, f"{by.name} answered “{given.line}”.")


def _answer_arguments(parser: ArgumentParser) -> None:
    slug_argument(parser)
    parser.add_argument("line", metavar="LINE", help="such as connections")
    person_arguments(parser)


def _publish_arguments(parser: ArgumentParser) -> None:
    slug_argument(parser)
    person_arguments(parser)


def _roll_back_arguments(parser: ArgumentParser) -> None:
    slug_argument(parser)
    parser.add_argument(
        "--to",
        type=int,
        metavar="N",
        help="the version; default: the one named for it, or the one before",
    )
    person_arguments(parser)


ACTIONS = (
    FlowAction("checklist", "show the checklist of the newest draft", slug_argument, _checklist),
    FlowAction("answer", "answer a line of the checklist", _answer_arguments, _answer),
    FlowAction("publish", "publish the newest draft", _publish_arguments, _publish),
    FlowAction("rollback", "publish a copy of an older version", _roll_back_arguments, _roll_back),
)
