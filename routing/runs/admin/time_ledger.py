"""The time ledger of a run, a page below that of the run."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from routing.desk.addresses import page_of
from routing.runs.models import Run
from routing.runs.registry import RunPage, run_page
from routing.runs.time_ledger import LedgerSegment, time_ledger
from routing.runs.time_ledger_words import event_words, party_words
from routing.sla.explain_due import length, span


def ledger_view(admin: Any, request: HttpRequest, run: Run) -> HttpResponse:
    """Show whose time it was. Times are in the reader's time zone."""
    zone = ZoneInfo(timezone.get_current_timezone_name())
    ledger = time_ledger(run.item, timezone.now())
    context = {
        "title": _("Time ledger of %(ref)s") % {"ref": run.item.ref},
        "item": run.item,
        "original": run,
        "back": page_of(run),
        "zone": zone.key,
        "elapsed": length(ledger.elapsed),
        "parties": [(party_words(party), length(it)) for party, it in ledger.by_party().items()],
        "segments": [_segment(each, zone) for each in ledger.segments],
    }
    page: HttpResponse = admin.render(request, "desk/time_ledger.html", context)
    return page


def _segment(segment: LedgerSegment, zone: ZoneInfo) -> dict[str, str]:
    return {
        "span": span(segment.start, segment.end, zone),
        "party": party_words(segment.party),
        "elapsed": length(segment.elapsed),
        "counted": "" if segment.counted is None else length(segment.counted),
        "event": event_words(segment.event),
    }


run_page(RunPage("ledger", "ledger/", ledger_view, _("Time ledger")))
