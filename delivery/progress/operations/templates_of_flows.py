"""The template and the launch date that a flow chooses for the briefs that it opens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date

from django.utils.translation import gettext_lazy as _

from delivery.briefs.models import Brief
from delivery.briefs.operations.templates import filling_of
from delivery.plans.models import PlanTemplate, PlanTemplateVersion
from delivery.plans.queries import default_templates, newest_versions
from delivery.plans.relative import NoWorkingDay
from routing.flows.actions import ActionInput, InputChoice
from routing.kernel.days import read_day
from routing.runs.registry import RoutedRun

DEFAULT = "default"
TEMPLATE, LAUNCH = "plan_template", "launch"


def offered() -> Sequence[InputChoice]:
    """Return the templates that a flow can name: the default, and those for all clients."""
    rows = PlanTemplate.objects.filter(client=None, is_active=True).order_by("name")
    default = InputChoice(DEFAULT, _("The default for the kind of work and the client"))
    # A file names a template as its readers do. Its id stays the same if somebody renames it.
    return [default, *(InputChoice(str(row.pk), row.name, row.name) for row in rows)]


INPUTS = (
    ActionInput(
        TEMPLATE,
        _("Brief template"),
        _("Fills the plan of the brief, and adds its text. Without one, the plan is empty."),
        required=False,
        choices=offered,
    ),
    ActionInput(
        LAUNCH,
        _("Launch or due date (D)"),
        _(
            "A field with a date, such as {request.wanted}, from which due dates such as D-5 are "
            "counted. Without a date, somebody sets it on the brief."
        ),
        required=False,
    ),
)


def fill_briefs(jobs: Sequence[RoutedRun], briefs: Sequence[Brief]) -> None:
    """Fill new briefs, which are not saved yet, from the templates that their flows choose."""
    versions = _versions(jobs, briefs)
    for job, brief in zip(jobs, briefs, strict=True):
        brief.launch_date = _launch(job)
        version = versions.get(job.run.pk)
        if version is None:
            continue
        client = brief.item.client_id
        # Without a date that can be counted from, the brief asks its owner for one.
        with suppress(NoWorkingDay):
            filling_of(version, client, brief.launch_date).put_into(brief)
            continue
        brief.launch_date = None
        filling_of(version, client, None).put_into(brief)


def _versions(
    jobs: Sequence[RoutedRun], briefs: Sequence[Brief]
) -> Mapping[int, PlanTemplateVersion]:
    """Return the newest version of the chosen template by run."""
    chosen: dict[int, int] = {}
    asked: dict[int, tuple[str, int | None]] = {}
    for job, brief in zip(jobs, briefs, strict=True):
        named = job.inputs.get(TEMPLATE, "")
        if named == DEFAULT:
            asked[job.run.pk] = (brief.request.kind, brief.item.client_id)
        elif named.isdecimal():
            chosen[job.run.pk] = int(named)
    defaults = default_templates(set(asked.values())) if asked else {}
    for run, key in asked.items():
        if key in defaults:
            chosen[run] = defaults[key].pk
    found = newest_versions(set(chosen.values())) if chosen else {}
    return {run: found[pk] for run, pk in chosen.items() if pk in found}


def _launch(job: RoutedRun) -> date | None:
    """Return the launch date that the flow fills in, or None if it is missing or no date."""
    try:
        return read_day(job.inputs.get(LAUNCH, ""))
    except ValueError:
        return None
