"""Steps for many rows: first a page with what would happen, then a result for each row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partialmethod
from typing import Any, TypeVar

from django.contrib import messages
from django.contrib.admin import AdminSite, action
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.translation import gettext as _

from routing.desk.addresses import address, work_page
from routing.desk.base import DeskAdmin, actor
from routing.desk.change_list import PICKED
from routing.desk.forms import StepForm, form_of
from routing.desk.offers import answers, steps_of, target
from routing.work.door import Operation, OperationResult
from routing.work.foresight import consequences
from routing.work.gates import GateResult
from routing.work.items import WorkItem, WorkNoun

WorkT = TypeVar("WorkT", bound=WorkNoun | WorkItem)
DIGITS = 18  # any number of 18 digits fits into a bigint
MOST_PICKED = 100  # in an address, whose length servers limit
LIMIT = 500  # rows that a person can still read a result for


@dataclass(frozen=True, slots=True)
class BulkRow:
    """One row of the page: the work item and the refusals of the step."""

    item: Any
    url: str
    against: Sequence[GateResult]
    done: bool = False
    said: str = ""  # a result that differs from what the step promises


class BulkSteps(DeskAdmin[WorkT]):
    """
    List actions for ``bulk_steps``.

    An action only shows a page. The button on that page performs the step.
    """

    bulk_steps: tuple[str, ...] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Add the permission method that Django calls for each action."""
        super().__init_subclass__(**kwargs)
        for verb in cls.bulk_steps:
            setattr(cls, f"has_{permission_of(verb)}_permission", partialmethod(cls.may_take, verb))

    def __init__(self, model: type[Any], admin_site: AdminSite) -> None:
        super().__init__(model, admin_site)
        self.actions = [action_of(model, verb) for verb in self.bulk_steps]

    def may_take(self, verb: str, request: HttpRequest) -> bool:
        return actor(request).may(self.steps[verb].permission)

    @property
    def steps(self) -> Mapping[str, Operation[Any]]:
        return steps_of(self.opts.model)

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.bulk_view)
        name = f"{self.opts.app_label}_{self.opts.model_name}_bulk"
        return [path("bulk/<slug:verb>/", page, name=name), *super().get_urls()]

    def bulk_view(self, request: HttpRequest, verb: str) -> HttpResponse:
        """Perform the step, and show a result for each id that was sent."""
        if request.method != "POST":
            return HttpResponseRedirect(self.back(request))
        if verb not in self.bulk_steps:
            raise Http404
        step, by = self.steps[verb], actor(request)
        by.require(step.permission, to=str(step.label).lower())
        if not self.has_view_permission(request):
            raise PermissionDenied
        given = request.POST.getlist("ids")
        numbers = {int(each) for each in given if each.isdecimal() and len(each) <= DIGITS}
        ids = sorted(numbers)[:LIMIT]
        # Rows that the person may not see are counted as missing, like rows that do not exist.
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
        return self.show_results(request, step, rows, results, missing=len(ids) - len(rows))

    def confirm(
        self, request: HttpRequest, step: Operation[Any], rows: Sequence[Any], form: StepForm
    ) -> HttpResponse:
        if not rows:
            messages.warning(
                request, _("The selected rows no longer exist, or you can no longer see them.")
            )
            return HttpResponseRedirect(self.back(request))
        found = answers(
            step, [target(step, row) for row in rows], by=actor(request), at=timezone.now()
        )
        lines = []
        for row in rows:
            answers_here = found[target(step, row).pk]
            lines.append(self.line(row, [each for each in answers_here if not each.passed]))
        ready = [
            target(step, row) for row, line in zip(rows, lines, strict=True) if not line.against
        ]
        free = len(ready)
        context = {
            "title": _("%(step)s: %(count)s selected") % {"step": step.label, "count": len(rows)},
            "lines": lines,
            "ids": [row.pk for row in rows],
            "free": free,
            "stuck": len(lines) - free,
            "form": form,
            "step": step,
            "back": self.back(request, [row.pk for row in rows]),
            "perform": _with(address(self.model, "bulk", step.verb), _list_of(request)),
            "consequences": consequences(step, ready),
        }
        return self.render(request, "desk/bulk.html", context)

    def show_results(
        self,
        request: HttpRequest,
        step: Operation[Any],
        rows: Sequence[Any],
        results: Sequence[OperationResult],
        missing: int,
    ) -> TemplateResponse:
        by_id = {result.id: result for result in results}
        outcomes = [by_id[target(step, row).pk] for row in rows]
        after = self.get_queryset(request).filter(pk__in=[row.pk for row in rows])
        said = self.otherwise(step, list(after))
        lines = [
            self.line(row, result.refusals, done=result.done, said=said.get(row.pk, ""))
            for row, result in zip(rows, outcomes, strict=True)
        ]
        done = sum(1 for line in lines if line.done)
        context = {
            "title": _("%(step)s: %(done)s done, %(refused)s refused")
            % {"step": step.label, "done": done, "refused": len(lines) - done},
            "lines": sorted(lines, key=lambda line: (line.done, not line.said)),
            "returned": sum(1 for line in lines if line.done and line.said),
            "done": done,
            "refused": len(lines) - done,
            "missing": missing,
            "step": step,
            # What was refused stays selected, for another step or after a correction.
            "back": self.back(
                request, [row.pk for row, line in zip(rows, lines, strict=True) if not line.done]
            ),
        }
        return self.render(request, "desk/results.html", context)

    def back(self, request: HttpRequest, picked: Sequence[int] = ()) -> str:
        """Return the address of the list as it was, with these rows selected."""
        query = _list_of(request)
        if picked:
            query[PICKED] = ",".join(str(pk) for pk in picked[:MOST_PICKED])
        return _with(address(self.model, "changelist"), query)

    def otherwise(self, step: Operation[Any], rows: Sequence[Any]) -> Mapping[int, str]:
        """
        Return results that differ from what a finished step promises, by id of the row.

        :param rows: the rows after the step
        """
        return {}

    def line(
        self, row: Any, against: Sequence[GateResult], *, done: bool = False, said: str = ""
    ) -> BulkRow:
        item = getattr(row, "item", row)
        return BulkRow(item, work_page(item.pk), against, done, said if done else "")


def _list_of(request: HttpRequest) -> QueryDict:
    """Return the filters, the search and the page of the list where the rows were selected."""
    # The address of the list and those of bulk pages carry the same query. It is never an address
    # of its own, so it cannot lead anywhere else.
    query = request.GET.copy()
    query.pop(PICKED, None)
    return query


def _with(path: str, query: QueryDict) -> str:
    return f"{path}?{query.urlencode(safe=',')}" if query else path


def permission_of(verb: str) -> str:
    """Return a name for Django's ``permissions=`` that differs from all permissions of models."""
    return f"{verb}_step"


def action_of(model: type[WorkNoun | WorkItem], verb: str) -> Any:
    """
    Return the list action of a step, which shows what would happen.
    """

    # Admin classes are created before all operations are declared, so the step is looked up late.
    described: Any = lazy(lambda: f"{steps_of(model)[verb].label}…", str)

    @action(permissions=[permission_of(verb)], description=described())
    def show_step(desk: BulkSteps[Any], request: HttpRequest, queryset: Any) -> HttpResponse:
        return show(steps_of(model)[verb], desk, request, queryset)

    show_step.__name__ = verb  # Django identifies actions by this name
    return show_step


def show(
    step: Operation[Any], admin: BulkSteps[Any], request: HttpRequest, queryset: Any
) -> HttpResponse:
    """Show what the step would do to the selected rows."""
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
