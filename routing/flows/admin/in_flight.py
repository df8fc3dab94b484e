"""Runs in flight of a flow by version, and moving them to another version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from routing.desk.addresses import address, page_of
from routing.desk.base import DeskAdmin, actor
from routing.desk.forms import StepForm, choice, line, step_form
from routing.flows.admin.reason_form import ReasonForm
from routing.flows.models import Flow, FlowVersion
from routing.people.actors import Actor
from routing.runs.details import MigrateDetails
from routing.runs.migration import MigrationPreview, migration_previews
from routing.runs.models import Run
from routing.runs.operations.migrating import migrate
from routing.work.door import OperationResult
from routing.work.gates import GateResult
from routing.work.visibility import work_seen_by

SHOWN = 100  # runs on one page, oldest first
NAME_LENGTH = 80


def _name_field() -> forms.CharField:
    return line(
        gettext_lazy("Name of the migration"),
        max_length=NAME_LENGTH,
        help_text=gettext_lazy("It is kept with the reason in the history of each run."),
    )


class MigrationForm(ReasonForm):
    name = _name_field()

    field_order = ("name", "reason")


@step_form(migrate)
class MigrateForm(StepForm):
    """The step on the page of one run."""

    version = choice(gettext_lazy("Version"), ())
    name = _name_field()

    def prepare(self) -> None:
        flows = {run.flow_id for run in self.rows}
        found = FlowVersion.objects.filter(flow__in=flows, published_at__isnull=False)
        others = found.exclude(pk__in=[run.version_id for run in self.rows])
        rows = others.select_related("flow").order_by("-number")
        self.fields["version"].choices = [(row.pk, str(row)) for row in rows]  # type: ignore[attr-defined]
        self.fields["version"].help_text = _(
            "“Runs in flight” on the page of the flow shows first what would change."
        )

    def values(self) -> dict[str, Any]:
        return {**super().values(), "version": int(self.cleaned_data["version"])}


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run on the page, with what would change or why it was refused."""

    run: Run
    url: str
    preview: MigrationPreview | None
    against: tuple[GateResult, ...] = ()
    chosen: bool = True

    @property
    def refusals(self) -> Sequence[GateResult]:
        if self.against:
            return self.against
        return (self.preview.refusal,) if self.preview and self.preview.refusal else ()


class InFlight(DeskAdmin[Flow]):
    """The page of a flow that lists its runs in flight and moves them to another version."""

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.in_flight_view)
        return [
            path("<path:object_id>/runs/", page, name="routing_flow_runs"),
            *super().get_urls(),
        ]

    def in_flight_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show the runs of a version and what would change for each, and move them by POST."""
        flow, by = self.seen(request, object_id), actor(request)
        versions = _versions(flow, by)
        source = _picked(versions, request.GET.get("from", ""))
        published = [each for each in versions if each.published_at is not None]
        others = [each for each in published if source is None or each.pk != source.pk]
        target = _picked(others, request.GET.get("to", "")) if source else None
        may = by.may(migrate.permission)
        form = MigrationForm(request.POST or None, initial=_suggested(source, target))
        refused: dict[int, tuple[GateResult, ...]] = {}
        picked = {int(each) for each in request.POST.getlist("run") if each.isdecimal()}
        if request.method == "POST":
            migrate.require(by)
            if source is None or target is None:
                return HttpResponseRedirect(address(Flow, "runs", flow.pk))
            if not picked:
                messages.error(request, _("Choose at least one run."))
            elif form.is_valid():
                results = _moved(form, picked, source, target, by)
                refused = {each.id: each.refusals for each in results if not each.done}
                _say(request, results, target)
                if not refused:
                    return HttpResponseRedirect(address(Flow, "runs", flow.pk))
        rows = _runs(source, by) if source else []
        previews = migration_previews(rows, target, timezone.now()) if target else {}
        context = {
            "title": _("Runs in flight: %(flow)s") % {"flow": flow},
            "flow": flow,
            "versions": [each for each in versions if each.runs_open],
            "runs_url": f"{address(Run, 'changelist')}?version__id__exact=",
            "source": source,
            "target": target,
            "targets": others,
            "lines": [
                RunLine(
                    run,
                    page_of(run),
                    previews.get(run.pk),
                    refused.get(run.pk, ()),
                    not picked or run.pk in picked,
                )
                for run in rows
            ],
            "left": source.runs_open - len(rows) if source else 0,
            "form": form if may else None,
            "back": page_of(flow),
        }
        status = 409 if refused else 200
        return self.render(request, "desk/in_flight.html", context, status=status)


def _versions(flow: Flow, by: Actor) -> list[Any]:
    """Return the versions of a flow, newest first, with the runs in flight that ``by`` may see."""
    seen = work_seen_by(by).order_by()
    runs = Run.objects.filter(flow=flow, state__in=Run.open_states, item__in=seen)
    counted = runs.order_by().values("version").annotate(n=Count("pk"), at=Min("item__created_at"))
    known = {row["version"]: row for row in counted}
    versions: list[Any] = list(
        flow.versions.select_related("flow__owner", "flow__backup", "flow__outcome_owner").order_by(
            "-number"
        )
    )
    for version in versions:
        row = known.get(version.pk, {"n": 0, "at": None})
        version.runs_open, version.since = row["n"], row["at"]
    return versions


def _picked(versions: Sequence[Any], number: str) -> Any:
    """Return the version with this number, or None."""
    return next((each for each in versions if str(each.number) == number), None)


def _runs(version: FlowVersion, by: Actor) -> list[Run]:
    seen = work_seen_by(by).order_by()
    rows = Run.objects.filter(version=version, state__in=Run.open_states, item__in=seen)
    return list(rows.select_related("item__owner", "item__client").order_by("pk")[:SHOWN])


def _suggested(source: FlowVersion | None, target: FlowVersion | None) -> dict[str, str]:
    if source is None or target is None:
        return {}
    return {"name": f"v{source.number} → v{target.number}"}


def _moved(
    form: MigrationForm, picked: set[int], source: FlowVersion, target: FlowVersion, by: Actor
) -> list[OperationResult]:
    """Move those of the runs that still use the version whose runs the person looked at."""
    ids = Run.objects.filter(pk__in=picked, version=source).order_by("pk")
    return migrate(
        list(ids.values_list("pk", flat=True)),
        by=by,
        at=timezone.now(),
        reason=form.cleaned_data["reason"],
        details=MigrateDetails(target.pk, form.cleaned_data["name"]),
    )


def _say(request: HttpRequest, results: Sequence[OperationResult], target: FlowVersion) -> None:
    done = sum(each.done for each in results)
    values = {"count": done, "version": target}
    if done:
        words = ngettext(
            "%(count)s run was moved to %(version)s.",
            "%(count)s runs were moved to %(version)s.",
            done,
        )
        messages.success(request, words % values)
    elif not results:
        messages.warning(request, _("These runs were moved meanwhile. Nothing has changed."))
