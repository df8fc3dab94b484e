"""Publish the newest draft of a flow, or a copy of an older version."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable, Mapping
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
from routing.flows.models import FlowVersion
from routing.flows.operations import NotPublishable, SecondPersonNeeded, publish, roll_back
from routing.kernel.channel import through
from routing.kernel.roles import holders


def _publish(options: Mapping[str, Any]) -> FlowAnswer:
    flow = flow_of(options["flow"])
    draft = flow.versions.filter(published_at=None).order_by("-number").first()
    if draft is None:
        raise Refused(refusal("no_draft", f"{flow} has no draft. Import one, or copy one."))
    return _change(publish, draft, options)


def _roll_back(options: Mapping[str, Any]) -> FlowAnswer:
    flow = flow_of(options["flow"])
    older = flow.versions.filter(published_at__isnull=False).order_by("-number")
    if options["to"] is not None:
        target = older.filter(number=options["to"]).first()
    else:
        target = older[1:2].first()
    if target is None:
        raise Refused(refusal("no_version", f"{flow} has no such published version."))
    return _change(roll_back, target, options)


def _change(
    operation: Callable[..., FlowVersion], version: FlowVersion, options: Mapping[str, Any]
) -> FlowAnswer:
    by = actor_of_options(options)
    try:
        with through(_("By command")):
            made = operation(version, by=by, at=timezone.now(), reason=options["reason"])
    except NotPublishable as error:
        raise Refused(*(refusal("not_publishable", each) for each in error.faults)) from None
    except SecondPersonNeeded as needed:
        ref = needed.asked.item.ref if needed.asked else ""
        said = refusal("second_person", needed.message, needed.clears_by)
        raise Refused({**said, "ref": ref}) from None
    except PermissionDenied as error:
        raise Refused(refusal("permission", str(error), holders("routing.publish_flow"))) from None
    body = {"done": True, "flow": made.flow.slug, "live": made.number}
    return FlowAnswer(body, f"{made} is live.")


def _publish_arguments(parser: ArgumentParser) -> None:
    slug_argument(parser)
    person_arguments(parser)


def _roll_back_arguments(parser: ArgumentParser) -> None:
    slug_argument(parser)
    parser.add_argument(
        "--to", type=int, metavar="N", help="the version; default: the published one before"
    )
    person_arguments(parser)


ACTIONS = (
    FlowAction("publish", "publish the newest draft", _publish_arguments, _publish),
    FlowAction("rollback", "publish a copy of an older version", _roll_back_arguments, _roll_back),
)
