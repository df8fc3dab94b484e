"""The same steps for many rows: first what would happen to which, then a result for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _

from routing.desk.addresses import address, work_page
from routing.desk.base import DeskAdmin, actor
from routing.desk.forms import StepForm, form_of
from routing.desk.offers import answers, steps_of, target
from routing.work.door import Operation, Result
from routing.work.gates import GateResult

DIGITS = 18  # of the largest id that a bigint holds, and one less to be safe
LIMIT = 500  # rows that a person can still read a result for


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the page: the work item, and what speaks against the step."""

    item: Any
    url: str
    against: Sequence[GateResult]
    done: bool = False


class BulkSteps(DeskAdmin):
    """
    List actions for ``bulk_steps``.

    An action decides nothing: it shows, and its page's button performs.
    """

    bulk_steps: tuple[str, ...] = ()

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.bulk_view)
        name = f"{self.opts.app_label}_{self.opts.model_name}_bulk"
        return [path("bulk/<slug:verb>/", page, name=name), *super().get_urls()]

    def get_actions(self, request: HttpRequest) -> dict[str, tuple[Any, str, str]]:
        if "_popup" in request.GET:
            return {}
        steps = steps_of(self.model)
        offered = [
            steps[verb] for verb in self.bulk_steps if actor(request).may(steps[verb].permission)
        ]
        return {step.verb: (partial(show, step), step.verb, f"{step.label}…") for step in offered}

    def bulk_view(self, request: HttpRequest, verb: str) -> HttpResponse:
        """Perform: one result for each id that was sent, seen or not."""
        if request.method != "POST":
            return HttpResponseRedirect(address(self.model, "changelist"))
        if verb not in self.bulk_steps:
            raise Http404
        step, by = steps_of(self.model)[verb], actor(request)
        by.require(step.permission, to=str(step.label).lower())
        if not self.has_view_permission(request):
            raise PermissionDenied
        ids = sorted(
            {
                int(each)
                for each in request.POST.getlist("ids")
                if each.isdecimal() and len(each) <= DIGITS
            }
        )[:LIMIT]
        rows = list(self.get_queryset(request).filter(pk__in=ids))
        form = form_of(step)(step, [target(step, row) for row in rows], by, request.POST)
        if not rows or not form.is_valid():
            return self.confirm(request, step, rows, form)
        results = step(
            [target(step, row).pk for row in rows],
            by=by,
            at=timezone.now(),
            reason=form.reason,
            details=form.as_details(),
        )
        return self.told(request, step, rows, results, missing=len(ids) - len(rows))

    def confirm(
        self, request: HttpRequest, step: Operation[Any], rows: Sequence[Any], form: StepForm
    ) -> HttpResponse:
        if not rows:
            messages.warning(
                request, _("The selected rows no longer exist, or you can no longer see them.")
            )
            return HttpResponseRedirect(address(self.model, "changelist"))
        found = answers(
            step, [target(step, row) for row in rows], by=actor(request), at=timezone.now()
        )
        lines = [
            self.line(row, [each for each in found[target(step, row).pk] if not each.passed])
            for row in rows
        ]
        free = sum(1 for line in lines if not line.against)
        context = {
            "title": _("%(step)s: %(count)s selected") % {"step": step.label, "count": len(rows)},
            "lines": lines,
            "ids": [row.pk for row in rows],
            "free": free,
            "stuck": len(lines) - free,
            "form": form,
            "step": step,
            "back": address(self.model, "changelist"),
            "perform": address(self.model, "bulk", step.verb),
        }
        return self.render(request, "desk/bulk.html", context)

    def told(
        self,
        request: HttpRequest,
        step: Operation[Any],
        rows: Sequence[Any],
        results: Sequence[Result],
        missing: int,
    ) -> TemplateResponse:
        by_id = {result.id: result for result in results}
        outcomes = [by_id[target(step, row).pk] for row in rows]
        lines = [
            self.line(row, result.refusals, done=result.done)
            for row, result in zip(rows, outcomes, strict=True)
        ]
        done = sum(1 for line in lines if line.done)
        context = {
            "title": _("%(step)s: %(done)s done, %(refused)s refused")
            % {"step": step.label, "done": done, "refused": len(lines) - done},
            "lines": sorted(lines, key=lambda line: line.done),
            "done": done,
            "refused": len(lines) - done,
            "missing": missing,
            "step": step,
            "back": address(self.model, "changelist"),
        }
        return self.render(request, "desk/results.html", context)

    def line(self, row: Any, against: Sequence[GateResult], *, done: bool = False) -> Line:
        item = getattr(row, "item", row)
        return Line(item, work_page(item.pk), against, done)


def show(
    step: Operation[Any], admin: BulkSteps, request: HttpRequest, queryset: Any
) -> HttpResponse:
    """The list action of a step: the page that says what would happen."""
    rows = list(queryset[: LIMIT + 1])
    if len(rows) > LIMIT:
        messages.warning(
            request, _("Only the first %(limit)s rows are included.") % {"limit": LIMIT}
        )
        rows = rows[:LIMIT]
    return admin.confirm(
        request,
        step,
        rows,
        form_of(step)(step, [target(step, row) for row in rows], actor(request)),
    )
