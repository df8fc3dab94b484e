"""Switch a flow off and on."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping
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
from routing.kernel.channel import through
from routing.kernel.roles import holders
from routing.runs.operations.switching import SWITCH, NotSwitched, switch_off, switch_on


def _off(options: Mapping[str, Any]) -> FlowAnswer:
    by, flow = actor_of_options(options), flow_of(options["flow"])
    try:
        with through(_("By command")):
            made = switch_off(flow.pk, by=by, at=timezone.now(), reason=options["reason"])
    except (NotSwitched, PermissionDenied) as error:
        raise _refused(error) from None
    body = {
        "done": True,
        "flow": flow.slug,
        "off_at": f"{made.off_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
    }
    return FlowAnswer(body, f"{flow} is switched off. New events wait.")


def _on(options: Mapping[str, Any]) -> FlowAnswer:
    by, flow = actor_of_options(options), flow_of(options["flow"])
    try:
        with through(_("By command")):
            found = switch_on(
                flow.pk,
                by=by,
                at=timezone.now(),
                reason=options["reason"],
                reject=options["reject"],
            )
    except (NotSwitched, PermissionDenied) as error:
        raise _refused(error) from None
    body = {
        "done": True,
        "flow": flow.slug,
        "released": found.released,
        "rejected": found.rejected,
    }
    words = f"{flow} is switched on. {found.released} released, {found.rejected} rejected."
    return FlowAnswer(body, words)


def _refused(error: NotSwitched | PermissionDenied) -> Refused:
    if isinstance(error, NotSwitched):
        return Refused(refusal(error.code, str(error)))
    return Refused(refusal("permission", str(error), holders(SWITCH)))


def _off_arguments(parser: ArgumentParser) -> None:
    slug_argument(parser)
    person_arguments(parser)


def _on_arguments(parser: ArgumentParser) -> None:
    _off_arguments(parser)
    parser.add_argument(
        "--reject", action="store_true", help="reject the events that waited; default: release them"
    )


ACTIONS = (
    FlowAction("switch-off", "let new events wait", _off_arguments, _off),
    FlowAction("switch-on", "release or reject the events that waited", _on_arguments, _on),
)
