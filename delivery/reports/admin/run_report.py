"""The post-launch report at the desk: a page below that of a run, and its files."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from delivery.reports.document import ReportPage, as_json, printed
from delivery.reports.evidence import MAY_EXPORT, evidence_pack
from delivery.reports.forms import TYPES, form_of
from delivery.reports.post_launch import post_launch
from routing.desk.addresses import address, page_of
from routing.desk.base import actor
from routing.runs.models import Run
from routing.runs.registry import RunPage, run_page


def report_of(request: HttpRequest, run: Run) -> ReportPage:
    zone: Any = timezone.get_current_timezone()
    return post_launch(run, by=actor(request), at=timezone.now(), zone=zone)


def report_view(admin: Any, request: HttpRequest, run: Run) -> HttpResponse:
    report = printed(report_of(request, run))
    context = {
        "title": _("Post-launch report"),
        "report": report,
        "item": run.item,
        "original": run,
        "back": page_of(run),
        "evidence": address(Run, "evidence", run.pk) if actor(request).may(MAY_EXPORT) else "",
        "files": [(form.upper(), address(Run, f"report_{form}", run.pk)) for form in TYPES],
    }
    page: HttpResponse = admin.render(request, "desk/run_report.html", context)
    return page


def file_view(admin: Any, request: HttpRequest, run: Run, *, form: str) -> HttpResponse:
    report = report_of(request, run)
    body = form_of(form, printed(report), as_json(report), report.made_at)
    return attached(body, f"{slugify(run.item.ref)}-post-launch.{form}", TYPES[form])


def evidence_view(admin: Any, request: HttpRequest, run: Run) -> HttpResponse:
    """Export the evidence. By POST, because the export itself is recorded."""
    by = actor(request)
    by.require(MAY_EXPORT, to=str(_("export evidence")))
    if request.method != "POST":
        return HttpResponseRedirect(address(Run, "report", run.pk))
    body = evidence_pack(run, by=by, at=timezone.now())
    return attached(body, f"{slugify(run.item.ref)}-evidence.zip", "application/zip")


def attached(body: bytes, name: str, kind: str) -> HttpResponse:
    """Return a file that is saved and never shown within the desk."""
    answer = HttpResponse(body, content_type=kind)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


run_page(RunPage("report", "report/", report_view, _("Post-launch report")))
for _form in TYPES:
    run_page(RunPage(f"report_{_form}", f"report.{_form}", partial(file_view, form=_form)))
run_page(RunPage("evidence", "evidence.zip", evidence_view))
