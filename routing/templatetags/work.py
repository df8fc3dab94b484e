"""Shared parts of work pages: clocks and related work."""

from __future__ import annotations

from typing import Any

from django import template
from django.db.models import Case, Q, Subquery, When
from django.middleware.csrf import get_token
from django.utils import timezone

from routing.people.actors import actor_of
from routing.runs.models import Run
from routing.runs.operations.outcomes import may_waive
from routing.runs.outcomes import Outcome
from routing.runs.proof_words import proof_words
from routing.sla.clock_words import clock_status, purpose_of
from routing.sla.clocks import Clock
from routing.sla.escalation_entries import escalation_entries
from routing.work import display
from routing.work.files import File
from routing.work.files_view import described
from routing.work.items import WorkItem
from routing.work.kinds import kind_label
from routing.work.rich_text import rich
from routing.work.visibility import work_seen_by

register = template.Library()
PARTS = 50
register.filter("kind_of", kind_label)
register.filter("rich", rich)
register.filter("proof_words", proof_words)
register.filter("spaced", lambda name: str(name).replace("_", " "))
register.filter("due_time", display.due_time)


@register.inclusion_tag("desk/_clocks.html")
def clocks(item: WorkItem) -> dict[str, Any]:
    rows = list(Clock.objects.filter(item=item).order_by("stopped_at", "due_at", "id"))
    notified = escalation_entries(rows)
    found = []
    for clock in rows:
        # A level that was skipped says so on the page of the clock.
        told = [each for each in notified.get(clock.pk, ()) if each.sent_at or each.why]
        found.append((clock, purpose_of(clock), clock_status(clock), told))
    return {"clocks": found, "now": timezone.now()}


@register.inclusion_tag("desk/_outcomes.html", takes_context=True)
def outcomes(context: dict[str, Any], item: WorkItem) -> dict[str, Any]:
    """Show the outcomes that prove the work. For a run, all outcomes of its work."""
    request = context["request"]
    by = getattr(request, "actor", None) or actor_of(request)
    about = Q(run=item.run_id) if item.kind == "run" else Q(item=item)
    rows = (
        Outcome.objects.filter(about, item__in=work_seen_by(by))
        .select_related("item")
        .order_by("pk")
    )
    return {
        "outcomes": rows,
        "waivable": [row for row in rows if row.is_unmet and may_waive(row, by)],
        "may_look": by.may("routing.probe_outcome"),
        "now": timezone.now(),
        "csrf_token": get_token(request),
    }


@register.inclusion_tag("desk/_related.html", takes_context=True)
def related(context: dict[str, Any], item: WorkItem) -> dict[str, Any]:
    """Show the run, the parent and the parts of a work item, if the reader may see them."""
    by = getattr(context["request"], "actor", None) or actor_of(context["request"])
    seen = work_seen_by(by).select_related("owner")
    run_id = item.run_id if item.kind != "run" else None
    journey = Run.objects.filter(pk=run_id or 0).order_by().values("item")
    # One query, in which each condition has an index.
    around = Q(parent=item) | Q(pk=item.parent_id or 0) | Q(pk=Subquery(journey))
    is_above = Case(When(parent=item, then=0), When(pk=item.parent_id or 0, then=1), default=2)
    rows = seen.filter(around).order_by(is_above.desc(), "pk")[: PARTS + 2]
    return {"rows": rows, "now": timezone.now()}


@register.inclusion_tag("desk/_file.html")
def file_line(file: File) -> dict[str, Any]:
    return described(file)
