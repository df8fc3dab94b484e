"""Forms to edit deliverables and to choose who makes them."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from delivery.deliverables.details import AssignDetails
from delivery.deliverables.models import Deliverable
from delivery.deliverables.operations import editing
from routing.desk.forms import StepForm, choice, date, line, picked, step_form
from routing.kernel.past_dates import AsksAboutPast
from routing.people.clearance import clearance_for
from routing.people.staff import User
from routing.work.items import WorkItem


@step_form(editing.edit)
class EditDeliverableForm(AsksAboutPast, StepForm):
    """
    Pass on changed fields only, so that two people can edit different fields at once. For many
    rows, an empty field leaves them as they are, and the title is not offered.
    """

    coming = ("due_date",)
    submit = gettext_lazy("Save changes")

    title = line(gettext_lazy("Title"), max_length=editing.MOST_TITLE)
    due_date = date(
        gettext_lazy("Planned date"),
        help_text=gettext_lazy(
            "In the client's time zone. A newer brief, once approved, sets title and date again."
        ),
    )
    priority = choice(gettext_lazy("Priority"), WorkItem.Priority.choices)

    def zone_of_dates(self) -> ZoneInfo | None:
        client = self.rows[0].item.client
        return ZoneInfo(client.timezone) if client is not None and len(self.rows) == 1 else None

    def known(self, row: Deliverable) -> dict[str, Any]:
        return {"title": row.item.title, "due_date": row.due_date, "priority": row.item.priority}

    def prepare(self) -> None:
        if len(self.rows) > 1:
            del self.fields["title"]
            priority: Any = self.fields["priority"]
            priority.required = False
            priority.choices = [("", _("Leave as it is")), *WorkItem.Priority.choices]
            return
        # Compare with the values that this person saw: see the form of requests.
        for field in self.fields.values():
            field.show_hidden_initial = True

    def clean(self) -> None:
        super().clean()
        if not self.errors and not self.has_changed():
            raise ValidationError(_("You have not changed anything. Edit a field or go back."))

    def values(self) -> dict[str, Any]:
        values = {
            name: value for name, value in super().values().items() if name in self.changed_data
        }
        if "priority" in values:
            values["priority"] = int(values["priority"])
        return values


@step_form(editing.assign)
class AssignForm(StepForm):
    doer = picked(
        gettext_lazy("Assignee"),
        User.objects.none(),
        required=False,
        empty=gettext_lazy("Unassigned"),
        help_text=gettext_lazy("Makes the deliverable. Owner and backup stay."),
    )

    def known(self, row: Deliverable) -> dict[str, Any]:
        return {"doer": row.item.doer_id}

    def prepare(self) -> None:
        chosen: Any = self.fields["doer"]
        able = list(editing.makers().values_list("pk", flat=True))
        clients = {row.item.client_id for row in self.rows}
        clearance = clearance_for(clients)
        able = [pk for pk in able if clearance.admits_to_all(pk, clients)]
        chosen.queryset = editing.makers().filter(pk__in=able).order_by("full_name")

    def as_details(self) -> AssignDetails:
        person = self.cleaned_data["doer"]
        return AssignDetails(doer=person.pk if person else None)
