"""Move runs in flight to another version of their flow."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import PermissionDenied
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
)
from routing.flows.models import FlowVersion
from routing.kernel.channel import through
from routing.kernel.roles import holders
from routing.people.actors import Actor
from routing.runs.details import MigrateDetails
from routing.runs.migration import MigrationPreview, migration_previews
from routing.runs.models import Run
from routing.runs.operations.migrating import migrate
from routing.work.visibility import work_seen_by


def _migrate(options: Mapping[str, Any]) -> FlowAnswer:
    previews_only = options["preview"]
    by = Actor.of(person(options["email"])) if previews_only else actor_of_options(options)
    version = _target(options)
    runs = _runs(options, version, by)
    if previews_only:
        previews = migration_previews(runs, version, timezone.now())
        return _answer(runs, version, previews, {}, done=0)
    name = options["name"] or f"to v{version.number}"
    try:
        with through(_("By command")):
            results = migrate(
                [run.pk for run in runs],
                by=by,
                at=timezone.now(),
                reason=options["reason"],
                details=MigrateDetails(version.pk, name),
            )
    except PermissionDenied as error:
        raise Refused(refusal("permission", str(error), holders(migrate.permission))) from None
    refused = {each.id: each.refusals for each in results if not each.done}
    return _answer(runs, version, {}, refused, done=len(results) - len(refused))


def _target(options: Mapping[str, Any]) -> FlowVersion:
    flow = flow_of(options["flow"])
    versions = flow.versions.select_related("flow__owner", "flow__backup", "flow__outcome_owner")
    found = versions.filter(number=options["to"], published_at__isnull=False).first()
    if found is None:
        raise Refused(refusal("no_version", f"{flow} has no published version {options['to']}."))
    return found


def _runs(options: Mapping[str, Any], version: FlowVersion, by: Actor) -> list[Run]:
    """Return the runs in flight that are meant, oldest first."""
    seen = work_seen_by(by).order_by()
    rows = Run.objects.filter(flow=version.flow_id, state__in=Run.open_states, item__in=seen)
    rows = rows.exclude(version=version)
    if options["from"] is not None:
        rows = rows.filter(version__number=options["from"])
    refs = [ref.upper() for ref in options["refs"]]
    if refs:
        rows = rows.filter(item__ref__in=refs)
    found = list(rows.select_related("item").order_by("pk"))
    missing = set(refs) - {run.item.ref for run in found}
    if missing:
        words = f"No run in flight that would move: {', '.join(sorted(missing))}."
        raise Refused(refusal("no_run", words))
    return found


def _answer(
    runs: Sequence[Run],
    version: FlowVersion,
    previews: Mapping[int, MigrationPreview],
    against: Mapping[int, Sequence[Any]],
    *,
    done: int,
) -> FlowAnswer:
    refused = {
        pk: [each.refusal] for pk, each in previews.items() if each.refusal is not None
    } | dict(against)
    lines, words = [], []
    for run in runs:
        preview = previews.get(run.pk, MigrationPreview())
        refusals = [
            refusal(each.code, str(each.message), str(each.clears_by))
            for each in refused.get(run.pk, ())
        ]
        changes = [
            {"what": each.what, "was": each.was, "now": each.now} for each in preview.changes
        ]
        line = {"ref": run.item.ref, "state": run.state, "changes": changes}
        lines.append({**line, "notes": list(preview.notes), "refusals": refusals})
        said = [f"{each.what}: {each.was} -> {each.now}" for each in preview.changes]
        said += [*preview.notes, *(f"refused: {each['message']}" for each in refusals)]
        words.append(f"{run.item.ref}: {'; '.join(said) or 'nothing but its version changes'}")
    body = {"to": version.number, "migrated": done, "runs": lines}
    head = f"{done} of {len(runs)} runs moved to {version}." if not previews else ""
    shown = words if previews else [each for each in words if "refused:" in each]
    found = f"{len(refused)} runs are refused." if refused else ""
    return FlowAnswer(body, "\n".join(filter(None, (head, *shown))), found)


def _arguments(parser: ArgumentParser) -> None:
    slug_argument(parser)
    parser.add_argument(
        "--run",
        dest="refs",
        metavar="REF",
        action="append",
        default=[],
        help="only this run, and others named so; default: all",
    )
    parser.add_argument("--to", type=int, metavar="N", required=True, help="the version")
    parser.add_argument("--from", type=int, metavar="N", help="only runs of this version")
    parser.add_argument("--name", metavar="NAME", help="of the migration, kept in the history")
    parser.add_argument(
        "--preview", action="store_true", help="print what would change, and change nothing"
    )
    parser.add_argument("--as", dest="email", metavar="EMAIL", required=True, help="who does it")
    parser.add_argument("--reason", default="", help="stored in the history")
    parser.add_argument("--yes", action="store_true", help="change a product that is not the demo")


ACTIONS = (FlowAction("migrate", "move runs in flight to another version", _arguments, _migrate),)
