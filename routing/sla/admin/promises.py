"""
Edits of a policy or calendar that say what they would make of open work, and ask what they are to
make of it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminRadioSelectWidget

from routing.desk.addresses import work_page
from routing.desk.base import actor
from routing.desk.saved import SavedForm
from routing.kernel.durations import in_words
from routing.sla.clocks import Clock
from routing.sla.policies import purpose_label
from routing.sla.promise_changes import PromiseChange, Scope
from routing.sla.recount import NewTerms, Recounted, preview
from routing.work import display
from routing.work.items import WorkItem
from routing.work.visibility import work_seen_by

PREVIEW = "_preview"  # the button that shows what a form means without saving it
MOST_CHANGES = 10


class PromiseForm(SavedForm):
    """A form whose change can reach open work."""

    scope = forms.ChoiceField(
        label=gettext_lazy("Applies to"),
        choices=Scope.choices,
        initial=Scope.NEW,
        required=False,
        widget=UnfoldAdminRadioSelectWidget(),
        help_text=gettext_lazy(
            "Open clocks are counted anew from their start. One that is overdue keeps its terms, "
            "because people were notified of it."
        ),
    )

    def full_clean(self) -> None:
        # After everything else, which reads the form only as long as nothing is wrong with it.
        super().full_clean()
        if PREVIEW in self.data:
            self.add_error(None, _("Nothing is saved yet. Below is what the change means."))

    def clean_scope(self) -> str:
        return self.cleaned_data["scope"] or Scope.NEW

    @property
    def asks_only(self) -> bool:
        """Return whether the form was sent for a preview, and nothing else is wrong with it."""
        return PREVIEW in self.data and set(self.errors) == {"__all__"}


def context_of(
    request: HttpRequest, clocks: models.QuerySet[Clock], terms: NewTerms
) -> dict[str, Any]:
    """Return what a change would make of the open work that the reader sees, for its page."""
    at = timezone.now()
    found = preview(clocks, terms, at, work_seen_by(actor(request)))
    items = WorkItem.objects.in_bulk([each.clock.item_id for each in found.examples])
    rows = [_row(each, items[each.clock.item_id]) for each in found.examples]
    return {"promises": found, "promise_rows": rows}


def _row(again: Recounted, item: WorkItem) -> dict[str, Any]:
    was, will = again.clock.due_at, again.counted.due_at
    left = again.worktime - again.counted.spent
    return {
        "item": item,
        "url": work_page(item.pk),
        "purpose": purpose_label(again.clock.purpose),
        "was": display.exact(was) if was else _("paused"),
        "due": display.exact(will) if will else _("%(time)s left") % {"time": _length(left)},
        "is_late": again.is_late,
    }


def _length(time: timedelta) -> str:
    return in_words(max(time, timedelta()))


def changes_of(**thing: Any) -> list[PromiseChange]:
    """Return the newest changes of a policy or calendar, with the work that they applied to."""
    return list(PromiseChange.objects.filter(**thing).select_related("by")[:MOST_CHANGES])
