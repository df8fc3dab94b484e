"""Make a new flow from another."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.management.base import CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from config.management.acting import person
from config.management.flow_actions.base import (
    FlowAction,
    FlowAnswer,
    Refused,
    actor_of_options,
    flow_of,
    refusal,
    slug_argument,
    version_of,
)
from routing.flows.copying import FlowCopyDetails, NotCopied, copy_flow, version_to_copy
from routing.flows.models import FlowVersion
from routing.kernel.channel import through
from routing.kernel.roles import holders
from routing.people.staff import User


def _copy(options: Mapping[str, Any]) -> FlowAnswer:
    source = _source(options["flow"])
    reason = options["reason"] or _("Made from %(version)s") % {"version": source}
    by = actor_of_options({**options, "reason": reason})
    flow = source.flow
    details = FlowCopyDetails(
        _name(options["name"]),
        _person(options["owner"], flow.owner),
        _person(options["backup"], flow.backup),
    )
    try:
        with through(_("By command")):
            draft = copy_flow(source, details, by=by, at=timezone.now(), reason=reason)
    except NotCopied as error:
        raise Refused(*(refusal("not_copied", each) for each in error.faults)) from None
    except PermissionDenied as error:
        raise Refused(refusal("permission", str(error), holders("routing.add_flow"))) from None
    body = {"done": True, "flow": draft.flow.slug, "draft": draft.number, "from": str(source)}
    return FlowAnswer(body, f"Made {draft.flow} ({draft.flow.slug}) from {source}.")


def _source(text: str) -> FlowVersion:
    """:raises Refused: if the flow has no version"""
    if "@" in text:
        return version_of(text)
    flow = flow_of(text)
    found = version_to_copy(flow)
    if found is None:
        raise Refused(refusal("no_version", f"{flow} has no version yet."))
    return found


def _name(text: str) -> str:
    """:raises CommandError: with exit code 2, if it is not a line of text"""
    name = " ".join(text.split())
    if not name:
        raise CommandError("Enter a name: --name cannot be empty.", returncode=2)
    return name


def _person(email: str | None, otherwise: User) -> User:
    return person(email) if email else otherwise


def _arguments(parser: ArgumentParser) -> None:
    slug_argument(parser)
    parser.add_argument("--name", required=True, help="of the new flow; its slug is made of it")
    parser.add_argument("--owner", metavar="EMAIL", help="policy owner; default: as in the other")
    parser.add_argument("--backup", metavar="EMAIL", help="policy backup; default: as in the other")
    parser.add_argument("--as", dest="email", metavar="EMAIL", required=True, help="who does it")
    parser.add_argument("--reason", default="", help="stored in the history")
    parser.add_argument("--yes", action="store_true", help="change a product that is not the demo")


ACTIONS = (FlowAction("copy", "make a new flow from another", _arguments, _copy),)
