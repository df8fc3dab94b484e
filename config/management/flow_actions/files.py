"""Flows as files: export, import, compare and check."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.management.base import CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from config.management.flow_actions.base import (
    FlowAction,
    FlowAnswer,
    Refused,
    actor_of_options,
    person_arguments,
    refusal,
    slug_argument,
    version_of,
)
from routing.flows.change_classes import people_needed
from routing.flows.editors import EDIT_ALL
from routing.flows.files.difference import FlowChange, differences, highest
from routing.flows.files.linting import lint_file
from routing.flows.files.shape import FlowShape
from routing.flows.files.stored import content_of, keep_flow_file, with_catalogue
from routing.flows.files.text import BadFlowFile, read_flow_file, written
from routing.flows.flow_people import names_of
from routing.flows.models import Flow
from routing.flows.proposal import FlowProposal
from routing.flows.proposing import NotProposed, open_proposal, seconds_of_proposal
from routing.kernel.channel import through
from routing.kernel.roles import holders


def _export(options: Mapping[str, Any]) -> FlowAnswer:
    return FlowAnswer({}, written(content_of(version_of(options["flow"]))), ending="")


def _import(options: Mapping[str, Any]) -> FlowAnswer:
    by = actor_of_options(options)
    try:
        file = read_flow_file(bytes_of(options["file"]))
        with through(_("By command")):
            draft = keep_flow_file(file, by=by, at=timezone.now(), reason=options["reason"])
    except BadFlowFile as error:
        raise Refused(*(refusal("bad_file", str(each)) for each in error.faults)) from None
    except NotProposed as error:
        clears_by = holders("routing.publish_flow")
        raise Refused(refusal(error.code or "", error.messages[0], clears_by)) from None
    except PermissionDenied as error:
        raise Refused(refusal("permission", str(error), holders(EDIT_ALL))) from None
    waiting = open_proposal(Flow.objects.get(slug=file.content.flow))
    body = {
        "done": True,
        "flow": file.content.flow,
        "draft": draft.number if draft else None,
        "changed": bool(draft),
        "proposal": waiting.item.ref if waiting else None,
    }
    words = f"Created draft {draft}." if draft else "Nothing differs from the newest version."
    return FlowAnswer(body, f"{words}{_waits(waiting)}")


def _waits(proposal: FlowProposal | None) -> str:
    if proposal is None:
        return ""
    names = names_of(seconds_of_proposal(proposal))
    return f" {proposal.item.ref} ({proposal.item.title}) waits until one agrees: {names}."


def _diff(options: Mapping[str, Any]) -> FlowAnswer:
    was, now = _content(options["was"]), _content(options["now"])
    changes = differences(was, now)
    sensitive = bool(was.touches or now.touches)
    top = highest(changes)
    body = {
        "changes": [_in_json(each) for each in changes],
        "highest": top.name.lower() if top else None,
        "approvals": people_needed(top, sensitive=sensitive),
    }
    return FlowAnswer(body, "\n".join(_in_words(each) for each in changes) or "Nothing differs.")


def _lint(options: Mapping[str, Any]) -> FlowAnswer:
    found = lint_file(bytes_of(options["file"]), at=timezone.now())
    words = "\n".join(_in_line(options["file"], each) for each in found)
    count = len(found)
    return FlowAnswer(
        {"findings": [asdict(each) for each in found]},
        words or "Nothing found.",
        found=f"{count} finding{'s' * (count != 1)}." if found else "",
    )


def _content(text: str) -> FlowShape:
    """Return the content that a text such as lead-to-brief@3 or a path stands for."""
    if is_slug(text):
        return content_of(version_of(text))
    try:
        return with_catalogue(read_flow_file(bytes_of(text)).content)
    except BadFlowFile as error:
        raise CommandError(f"{text}: {error}", returncode=2) from None


def is_slug(text: str) -> bool:
    """Return whether a text such as lead-to-brief@3 names a flow, and no file."""
    slug = text.partition("@")[0]
    return text != "-" and not Path(text).is_file() and Flow.objects.filter(slug=slug).exists()


def bytes_of(path: str) -> bytes:
    """:raises CommandError: with exit code 2, if the file cannot be read"""
    try:
        return Path("/dev/stdin" if path == "-" else path).read_bytes()
    except OSError as error:
        reason = error.strerror or "cannot be read"
        raise CommandError(f"{path}: {reason}.", returncode=2) from None


def _in_json(change: FlowChange) -> Mapping[str, Any]:
    return {
        "path": change.path,
        "class": change.change_class.name.lower(),
        "was": change.was,
        "now": change.now,
    }


def _in_words(change: FlowChange) -> str:
    kind = change.change_class.name.lower().replace("_", " ")
    return f"{change.path} ({kind}): {_shown(change.was)} → {_shown(change.now)}"


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _in_line(file: str, finding: Any) -> str:
    return f"{file}:{finding.line}: {finding.code}: {finding.path} {finding.message}"


def _file_argument(parser: ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE")


def _import_arguments(parser: ArgumentParser) -> None:
    _file_argument(parser)
    person_arguments(parser)


def _diff_arguments(parser: ArgumentParser) -> None:
    for name in ("was", "now"):
        parser.add_argument(name, metavar="SLUG@N|FILE")


ACTIONS = (
    FlowAction("export", "print a version as a file", slug_argument, _export, in_json=False),
    FlowAction("import", "make a draft of a file", _import_arguments, _import),
    FlowAction("diff", "compare two versions or files", _diff_arguments, _diff),
    FlowAction("lint", "find what is wrong with a file", _file_argument, _lint),
)
