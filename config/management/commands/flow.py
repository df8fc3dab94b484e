"""Flows as files: export, import, compare, check, publish and roll back."""

from __future__ import annotations

import json
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from config.management.acting import is_demo, person
from routing.flows.files.difference import FlowChange, differences, highest
from routing.flows.files.linting import lint_file
from routing.flows.files.shape import FlowShape
from routing.flows.files.stored import content_of, keep_flow_file
from routing.flows.files.text import BadFlowFile, read_flow_file, written
from routing.flows.lint import near_to
from routing.flows.models import Flow, FlowVersion
from routing.flows.operations import NotPublishable, publish, roll_back
from routing.kernel.channel import through
from routing.kernel.roles import holders
from routing.people.actors import Actor

EXAMPLES = """
examples:
  manage.py flow export lead-to-brief > lead-to-brief.yaml
  manage.py flow lint lead-to-brief.yaml
  manage.py flow diff lead-to-brief lead-to-brief.yaml
  manage.py flow import lead-to-brief.yaml --as olu@northlight.example
  manage.py flow publish lead-to-brief --as olu@northlight.example --reason "Reviewed"
  manage.py flow rollback lead-to-brief --as olu@northlight.example --reason "Too many exceptions"

SLUG stands for the live version, SLUG@3 for version 3. FILE is a path, or - for standard input.
docs/howto/keep-a-flow-in-a-file.md
"""
PUBLISHERS = 1  # whoever publishes; no class of change asks for more people yet
NOT_DEMO = {
    "code": "demo",
    "message": "This product is not the demo. Commands change its flows only with --yes.",
    "clears_by": "You: add --yes",
}
SUBCOMMANDS = {
    "export": "print a version as a file",
    "import": "make a draft of a file",
    "diff": "compare two versions or files",
    "lint": "find what is wrong with a file",
    "publish": "publish the newest draft",
    "rollback": "publish a copy of an older version",
}


class Refused(Exception):
    """The command was understood, and refused."""

    def __init__(self, *refusals: Mapping[str, str]) -> None:
        super().__init__(" ".join(each["message"] for each in refusals))
        self.refusals = refusals


class Command(BaseCommand):
    help = (
        "Export, import, compare, check, publish and roll back flows. Exits with 1 if something is "
        "refused or found, and with 2 if the command cannot be understood."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.epilog = EXAMPLES
        known = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        made = {name: known.add_parser(name, help=words) for name, words in SUBCOMMANDS.items()}
        for name in ("export", "publish", "rollback"):
            made[name].add_argument("flow", metavar="SLUG", help="such as lead-to-brief")
        for name in ("import", "lint"):
            made[name].add_argument("file", metavar="FILE")
        for name in ("was", "now"):
            made["diff"].add_argument(name, metavar="SLUG@N|FILE")
        made["rollback"].add_argument(
            "--to", type=int, metavar="N", help="the version; default: the published one before"
        )
        for name in ("import", "publish", "rollback"):
            _add_person(made[name])
        for name, each in made.items():
            if name != "export":
                each.add_argument("--json", action="store_true", help="one object with the result")

    def handle(self, *, action: str, **options: Any) -> None:
        """:raises CommandError: with exit code 1 if it is refused, 2 if it is not understood"""
        if action == "export":
            self.stdout.write(written(content_of(_version(options["flow"]))), ending="")
            return
        doing: Mapping[str, Callable[[Mapping[str, Any]], None]] = {
            "import": self._import,
            "diff": self._diff,
            "lint": self._lint,
            "publish": self._publish,
            "rollback": self._roll_back,
        }
        try:
            doing[action](options)
        except Refused as refusal:
            if options["json"]:
                self._print(action, {"done": False, "refusals": list(refusal.refusals)})
            raise CommandError(str(refusal), returncode=1) from None

    def _import(self, options: Mapping[str, Any]) -> None:
        by = _by(options)
        try:
            file = read_flow_file(_bytes(options["file"]))
            with through(_("By command")):
                draft = keep_flow_file(file, by=by, at=timezone.now(), reason=options["reason"])
        except BadFlowFile as error:
            raise Refused(*(_refusal("bad_file", str(each)) for each in error.faults)) from None
        except PermissionDenied as error:
            raise Refused(
                _refusal("permission", str(error), holders("routing.add_flowversion"))
            ) from None
        number = draft.number if draft else None
        body = {"done": True, "flow": file.content.flow, "draft": number, "changed": bool(draft)}
        words = f"Created draft {draft}." if draft else "Nothing differs from the newest version."
        self._answer("import", body, words, as_json=options["json"])

    def _diff(self, options: Mapping[str, Any]) -> None:
        changes = differences(_content(options["was"]), _content(options["now"]))
        top = highest(changes)
        body = {
            "changes": [_in_json(each) for each in changes],
            "highest": top.name.lower() if top else None,
            "approvals": PUBLISHERS if changes else 0,
        }
        words = "\n".join(_in_words(each) for each in changes) or "Nothing differs."
        self._answer("diff", body, words, as_json=options["json"])

    def _lint(self, options: Mapping[str, Any]) -> None:
        found = lint_file(_bytes(options["file"]), at=timezone.now())
        words = "\n".join(_in_line(options["file"], each) for each in found)
        body = {"findings": [asdict(each) for each in found]}
        self._answer("lint", body, words or "Nothing found.", as_json=options["json"])
        if found:
            count = len(found)
            raise CommandError(f"{count} finding{'s' * (count != 1)}.", returncode=1)

    def _publish(self, options: Mapping[str, Any]) -> None:
        flow = _flow(options["flow"])
        draft = flow.versions.filter(published_at=None).order_by("-number").first()
        if draft is None:
            raise Refused(_refusal("no_draft", f"{flow} has no draft. Import one, or copy one."))
        self._change("publish", publish, draft, options)

    def _roll_back(self, options: Mapping[str, Any]) -> None:
        flow = _flow(options["flow"])
        older = flow.versions.filter(published_at__isnull=False).order_by("-number")
        if options["to"] is not None:
            target = older.filter(number=options["to"]).first()
        else:
            target = older[1:2].first()
        if target is None:
            raise Refused(_refusal("no_version", f"{flow} has no such published version."))
        self._change("rollback", roll_back, target, options)

    def _change(
        self,
        action: str,
        operation: Callable[..., FlowVersion],
        version: FlowVersion,
        options: Mapping[str, Any],
    ) -> None:
        by = _by(options)
        try:
            with through(_("By command")):
                made = operation(version, by=by, at=timezone.now(), reason=options["reason"])
        except NotPublishable as error:
            raise Refused(*(_refusal("not_publishable", each) for each in error.faults)) from None
        except PermissionDenied as error:
            raise Refused(
                _refusal("permission", str(error), holders("routing.publish_flow"))
            ) from None
        body = {"done": True, "flow": made.flow.slug, "live": made.number}
        self._answer(action, body, f"{made} is live.", as_json=options["json"])

    def _answer(self, action: str, body: dict[str, Any], words: str, *, as_json: bool) -> None:
        if as_json:
            self._print(action, body)
        else:
            self.stdout.write(words)

    def _print(self, action: str, body: Mapping[str, Any]) -> None:
        schema = {"name": f"throughline.flow.{action}", "version": 1}
        self.stdout.write(json.dumps({"schema": schema, **body}, indent=2, ensure_ascii=False))


def _add_person(parser: ArgumentParser) -> None:
    parser.add_argument("--as", dest="email", metavar="EMAIL", required=True, help="who does it")
    parser.add_argument("--reason", required=True, help="stored in the history")
    parser.add_argument("--yes", action="store_true", help="change a product that is not the demo")


def _by(options: Mapping[str, Any]) -> Actor:
    if not (options["yes"] or is_demo()):
        raise Refused(NOT_DEMO)
    if not options["reason"].strip():
        raise CommandError("Enter a reason: --reason cannot be empty.", returncode=2)
    return Actor.of(person(options["email"]))


def _flow(slug: str) -> Flow:
    found = Flow.objects.filter(slug=slug).first()
    if found is None:
        near = near_to(slug, Flow.objects.values_list("slug", flat=True))
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        raise CommandError(f"There is no flow “{slug}”.{hint}", returncode=2)
    return found


def _version(text: str) -> FlowVersion:
    """Return the version that a text such as lead-to-brief@3 stands for."""
    slug, at_sign, number = text.partition("@")
    flow = _flow(slug)
    versions = flow.versions.select_related("flow__owner", "flow__backup").order_by("-number")
    if at_sign:
        found = versions.filter(number=int(number)).first() if number.isdecimal() else None
    else:
        found = versions.filter(published_at__isnull=False).first() or versions.first()
    if found is None:
        raise CommandError(f"There is no version “{text}”.", returncode=2)
    return found


def _content(text: str) -> FlowShape:
    """Return the content that a text such as lead-to-brief@3 or a path stands for."""
    slug = text.partition("@")[0]
    if text != "-" and not Path(text).is_file() and Flow.objects.filter(slug=slug).exists():
        return content_of(_version(text))
    try:
        return read_flow_file(_bytes(text)).content
    except BadFlowFile as error:
        raise CommandError(f"{text}: {error}", returncode=2) from None


def _bytes(path: str) -> bytes:
    try:
        return Path("/dev/stdin" if path == "-" else path).read_bytes()
    except OSError as error:
        reason = error.strerror or "cannot be read"
        raise CommandError(f"{path}: {reason}.", returncode=2) from None


def _refusal(code: str, message: str, clears_by: str = "") -> Mapping[str, str]:
    return {"code": code, "message": message, "clears_by": clears_by}


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
