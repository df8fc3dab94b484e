"""
The line of the checklist by which a flow cannot be widened while a review of it is not settled.

Whether a change widens a flow cannot be told from its parts: a condition less may reach more work
or less, and a number in it means more or less by its operator. So every change of routing or of a
higher class waits, and only wording does not. Rolling back and switching off never wait.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.flows.change_classes import ChangeClass
from routing.flows.checklist import LineLook, checklist_line
from routing.flows.models import FlowVersion
from routing.flows.review import FlowReview, ReviewAnswer
from routing.flows.reviewing import answers_of
from routing.flows.second_person import standing_of


def unsettled_reviews(flow_id: int, at: datetime) -> list[FlowReview]:
    """Return the open reviews of a flow that are overdue at ``at`` or have a “no” left open."""
    rows = FlowReview.objects.filter(flow=flow_id, state=FlowReview.State.OPEN)
    found = list(rows.select_related("item__owner").order_by("due_at", "pk"))
    given = answers_of(found)
    return [each for each in found if each.due_at <= at or _has_open_no(given[each.pk])]


def _has_open_no(given: Mapping[str, ReviewAnswer]) -> bool:
    return any(not each.is_settled for each in given.values())


@checklist_line("review", gettext_lazy("Review of the flow"), place=110)
def _review(version: FlowVersion) -> LineLook:
    waiting = unsettled_reviews(version.flow_id, timezone.now())
    if not waiting:
        return LineLook(True, _("No review of it is overdue or has an open “no”."))
    first = waiting[0]
    where = reverse("admin:routing_flowreview_change", args=[first.pk])
    changed = standing_of(version).highest
    values = {"ref": first.item.ref, "owner": first.item.owner}
    if changed is None or changed < ChangeClass.ROUTING:
        words = _("%(ref)s is not settled, but this changes wording only.")
        return LineLook(True, words % values, where)
    words = _(
        "The review %(ref)s is overdue or has an open “no”. Until %(owner)s settles it, only "
        "wording can be changed."
    )
    return LineLook(False, words % values, where)
