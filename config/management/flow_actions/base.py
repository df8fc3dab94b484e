"""Parts that the actions of ``manage.py flow`` share."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.management.base import CommandError

from config.management.acting import is_demo, person
from routing.flows.lint import near_to
from routing.flows.models import Flow, FlowVersion
from routing.people.actors import Actor

NOT_DEMO = {
    "code": "demo",
    "message": "This product is not the demo. Commands change its flows only with --yes.",
    "clears_by": "You: add --yes",
}


class Refused(Exception):
    """The command was understood, and refused."""

    def __init__(self, *refusals: Mapping[str, str]) -> None:
        super().__init__(" ".join(each["message"] for each in refusals))
        self.refusals = refusals


@dataclass(frozen=True, slots=True)
class FlowAnswer:
    """
    Result of an action: an object for ``--json`` and words for a person.

    ``found`` says in words what makes the command exit with 1, although it did its work.
    """

    body: Mapping[str, Any]
    words: str
    found: str = ""
    ending: str = "\n"


@dataclass(frozen=True, slots=True)
class FlowAction:
    """
    One action of the command.

    ``run`` gets the options and may raise ``Refused``. ``in_json`` is false for an action whose
    answer is a file.
    """

    name: str
    help: str
    arguments: Callable[[ArgumentParser], None]
    run: Callable[[Mapping[str, Any]], FlowAnswer]
    in_json: bool = True


def slug_argument(parser: ArgumentParser) -> None:
    parser.add_argument("flow", metavar="SLUG", help="such as lead-to-brief")


def person_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--as", dest="email", metavar="EMAIL", required=True, help="who does it")
    parser.add_argument("--reason", required=True, help="stored in the history")
    parser.add_argument("--yes", action="store_true", help="change a product that is not the demo")


def actor_of_options(options: Mapping[str, Any]) -> Actor:
    """
    Return the person of ``--as``.

    :raises Refused: if the product is not the demo and ``--yes`` is missing
    """
    if not (options["yes"] or is_demo()):
        raise Refused(NOT_DEMO)
    if not options["reason"].strip():
        raise CommandError("Enter a reason: --reason cannot be empty.", returncode=2)
    return Actor.of(person(options["email"]))


def flow_of(slug: str) -> Flow:
    """:raises CommandError: with exit code 2, if there is no such flow"""
    found = Flow.objects.filter(slug=slug).first()
    if found is None:
        near = near_to(slug, Flow.objects.values_list("slug", flat=True))
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        raise CommandError(f"There is no flow “{slug}”.{hint}", returncode=2)
    return found


def version_of(text: str) -> FlowVersion:
    """
    Return the version that a text such as lead-to-brief@3 stands for.

    :raises CommandError: with exit code 2, if there is none
    """
    slug, at_sign, number = text.partition("@")
    flow = flow_of(slug)
    versions = flow.versions.select_related("flow__owner", "flow__backup").order_by("-number")
    if at_sign:
        found = versions.filter(number=int(number)).first() if number.isdecimal() else None
    else:
        found = versions.filter(published_at__isnull=False).first() or versions.first()
    if found is None:
        raise CommandError(f"There is no version “{text}”.", returncode=2)
    return found


def refusal(code: str, message: str, clears_by: str = "") -> Mapping[str, str]:
    return {"code": code, "message": message, "clears_by": clears_by}
