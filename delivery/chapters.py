"""What a trace shows of the agency's work: requests and briefs that came of a run."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from delivery.models.briefs import Brief
from delivery.models.requests import Request
from routing.actions import Entry, chapter
from routing.models.runs import Run
from routing.models.work import WorkNoun
from routing.trace import page


@chapter
def requests(run: Run) -> Sequence[Entry]:
    found = Request.objects.filter(item__run=run).select_related("item__owner", "item__backup").order_by("pk")
    return [_told("request", _("Request %(ref)s was opened"), row, came_by=row.get_channel_display()) for row in found]


@chapter
def briefs(run: Run) -> Sequence[Entry]:
    found = Brief.objects.filter(item__run=run).select_related("item__owner", "item__backup", "request__item").order_by("pk")
    return [_told("brief", _("Brief %(ref)s was written"), row, number=row.number, request=row.request.item.ref) for row in found]


def _told(chapter_name: str, title: str, row: WorkNoun, **more: object) -> Entry:
    item = row.item
    data = {"ref": item.ref, "title": item.title, "state": row.state, "owner": str(item.owner), "backup": str(item.backup), **more}
    return Entry(item.created_at, chapter_name, title % {"ref": item.ref}, data, page(item.pk))
