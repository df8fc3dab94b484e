"""The form of a brief: its text, and its plan as a table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from secrets import token_hex
from typing import Any, ClassVar

from django import forms
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import INPUT_CLASSES, UnfoldAdminSelectWidget

from delivery.briefs.admin.plans import follows_words, role_of
from delivery.briefs.admin.template_forms import LAUNCH, LAUNCH_HELP, template_choices
from delivery.briefs.details import EditBriefDetails
from delivery.briefs.models import Brief
from delivery.briefs.operations import briefs, first_briefs
from delivery.briefs.operations.templates import expected_dues
from delivery.briefs.plan import MOST, BadPlan, read_plan
from delivery.deliverables.formats import Format
from delivery.deliverables.models import Deliverable
from delivery.engagements.limits import MOST_AMOUNT, MOST_HOURS
from delivery.engagements.models import Engagement
from delivery.requests.admin_forms import DatedStepForm
from delivery.requests.models import Request
from routing.desk.forms import StepForm, choice, date, line, long_text, step_form, with_row
from routing.kernel.past_dates import AsksAboutPast
from routing.people.destinations import Destination

MAX_BODY = 20_000
EMPTY_ROWS = 2  # for browsers without scripts, which cannot add any


def _number(label: Any, most: Any) -> forms.DecimalField:
    widget = forms.NumberInput(
        {"step": "0.01", "min": "0", "class": " ".join([*INPUT_CLASSES, "tl-short"])}
    )
    return forms.DecimalField(
        label=label, required=False, min_value=0, max_value=most, decimal_places=2, widget=widget
    )


def _one_of(label: Any) -> Any:
    # The choices are loaded once for all rows. A ModelChoiceField would query for each row.
    return forms.TypedChoiceField(
        label=label, required=False, coerce=int, empty_value=None, widget=UnfoldAdminSelectWidget()
    )


class PlannedForm(AsksAboutPast):
    """One planned deliverable. A row without a title is ignored."""

    coming = ("due",)

    key = forms.CharField(required=False, max_length=12, widget=forms.HiddenInput())
    title = line(gettext_lazy("Title"), max_length=200, required=False)
    format = forms.ChoiceField(
        label=gettext_lazy("Type"),
        choices=Format.choices,
        required=False,
        widget=UnfoldAdminSelectWidget(),
    )
    destination = _one_of(gettext_lazy("Destination"))
    amount = _number(gettext_lazy("Amount"), MOST_AMOUNT)
    hours = _number(gettext_lazy("Hours"), MOST_HOURS)
    due = date(gettext_lazy("Due date"))
    replaces = _one_of(gettext_lazy("Replaces"))
    leave_out = forms.BooleanField(label=gettext_lazy("Remove"), required=False)

    def __init__(
        self,
        *args: Any,
        destinations: Any = (),
        live: Any = (),
        saved: Mapping[str, Any] | None = None,
        expected: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        self.saved = saved or {}  # rows of the plan by key
        self.expected = expected or {}  # due dates by key, of those that follow the launch date
        super().__init__(*args, **kwargs)
        self.fields["destination"].choices = [("", _("Files handed over")), *destinations]  # type: ignore[attr-defined]
        self.fields["replaces"].choices = [("", _("Nothing")), *live]  # type: ignore[attr-defined]
        self.fields["format"].initial = Format.PAGE.value
        # In the table a label stands above each column only, and screen readers need one a field.
        for name, field in self.fields.items():
            field.widget.attrs["aria-label"] = field.label or name

    def was_saved(self, name: str, day: dt.date) -> bool:
        return bool(self._saved().get("due") == day.isoformat())

    def _saved(self) -> Mapping[str, Any]:
        key = self.cleaned_data.get("key", "") if hasattr(self, "cleaned_data") else ""
        found: Mapping[str, Any] = self.saved.get(key or self.initial.get("key", ""), {})
        return found

    @property
    def follows(self) -> str:
        """Return who makes it and how far from the launch date it is due, as its template says."""
        try:
            [planned] = read_plan([self._saved()])
        except BadPlan:
            return ""  # a new row, or one that was stored before plans were validated
        return " · ".join(filter(None, [role_of(planned), follows_words(planned)]))

    def clean(self) -> None:
        super().clean()
        data = self.cleaned_data
        filled = any(
            data.get(name) for name in ("amount", "hours", "due", "destination", "replaces")
        )
        if filled and not data.get("title", "").strip() and not data.get("leave_out"):
            self.add_error("title", _("Enter a title or remove the row."))

    def planned(self) -> dict[str, Any] | None:
        """Return the row as stored in a plan, or None if it is empty or removed."""
        data = self.cleaned_data
        if data.get("leave_out") or not data.get("title", "").strip():
            return None
        due = data["due"].isoformat() if data["due"] else None
        return {
            **self._from_template(due),
            # Random instead of counted: another brief of the request may have used the number.
            "key": data["key"] or token_hex(6),
            "title": data["title"],
            "format": data["format"] or Format.PAGE.value,
            "destination": data["destination"],
            "amount": str(data["amount"] or 0),
            "hours": str(data["hours"] or 0),
            "due": due,
            "replaces": data["replaces"],
        }

    def _from_template(self, due: str | None) -> dict[str, Any]:
        """
        Return what the template planned for the row, and whether somebody moved its due date.

        With the date that the template means, the row follows the launch date again.
        """
        saved = self._saved()
        kept = {name: saved[name] for name in ("role", "days", "unit") if name in saved}
        if saved.get("days") is None or due == self.expected.get(saved["key"]):
            return kept
        # A date that nobody touched is not moved, though the calendar changed meanwhile.
        moved = due != saved.get("due") or bool(saved.get("by_hand"))
        return {**kept, "by_hand": True} if moved else kept


PlanForms = forms.formset_factory(
    PlannedForm, extra=EMPTY_ROWS, max_num=MOST, absolute_max=MOST + 20
)


@step_form(briefs.edit)
class EditBriefForm(StepForm):
    submit = gettext_lazy("Save changes")
    template: ClassVar[str] = "desk/edit_brief.html"
    width: ClassVar[str] = "tl-whole"

    body = long_text(
        gettext_lazy("Brief"),
        error=gettext_lazy("Enter the brief text."),
        rows=16,
        max_length=MAX_BODY,
    )

    def known(self, row: Brief) -> dict[str, Any]:
        return {"body": row.body}

    def prepare(self) -> None:
        row: Brief = self.rows[0]
        self.currency = row.engagement.currency if row.engagement else ""
        self.launch_date = row.launch_date
        # A post without the table changes the text and leaves the plan as it is.
        self.has_plan = not self.is_bound or "plan-TOTAL_FORMS" in self.data
        self.live = _live(row)
        choices = {
            "destinations": _destinations(row),
            "live": self.live,
            "saved": {each.get("key"): each for each in row.planned},
            "expected": expected_dues(row),
        }
        if self.is_bound and self.has_plan:
            data: Any = self.data
            if self.data.get("add_row"):
                data = with_row(self.data, "plan")
            self.plan = PlanForms(data, prefix="plan", form_kwargs=choices)
        else:
            self.plan = PlanForms(initial=row.planned, prefix="plan", form_kwargs=choices)

    def clean(self) -> None:
        super().clean()
        if not self.has_plan:
            return
        if not self.plan.is_valid():
            self.add_error(
                None, _("Correct the marked rows of the plan. Your entries are still here.")
            )
            for fault in self.plan.non_form_errors():
                self.add_error(None, fault)
        if self.data.get("add_row"):
            self.add_error(None, _("Added a row. Nothing is saved yet."))

    def as_details(self) -> EditBriefDetails:
        planned = None
        if self.has_plan:
            rows = [form.planned() for form in self.plan]
            planned = [row for row in rows if row]
        return EditBriefDetails(body=self.cleaned_data["body"], planned=planned)


@step_form(first_briefs.write_brief)
class WriteBriefForm(DatedStepForm):
    """Form for the first brief. What it is charged to is chosen, never guessed."""

    coming = ("launch",)
    NOTHING = "none"

    body = long_text(
        gettext_lazy("Brief"),
        error=gettext_lazy("Enter the brief text."),
        rows=12,
        max_length=MAX_BODY,
        help_text=gettext_lazy("It starts with the description of the request."),
    )
    engagement = choice(
        gettext_lazy("Charged to"),
        (),
        help_text=gettext_lazy("The budget and the change rounds of this engagement count."),
        error_messages={"required": gettext_lazy("Choose what the brief is charged to.")},
    )
    plan_template = choice(
        gettext_lazy("Template"),
        (),
        required=False,
        help_text=gettext_lazy("Fills the plan and adds its text to the brief."),
    )
    launch = date(LAUNCH, help_text=LAUNCH_HELP)

    def known(self, row: Request) -> dict[str, Any]:
        return {"body": row.details, "launch": row.wanted_date}

    def prepare(self) -> None:
        offered, default = template_choices(self.rows[0])
        field: Any = self.fields["plan_template"]
        field.choices = [("", _("No template")), *offered]
        field.initial = default
        sold = Engagement.objects.filter(client=self.rows[0].item.client_id).order_by("name", "pk")
        self.fields["engagement"].choices = [  # type: ignore[attr-defined]
            ("", _("Choose")),
            *((str(each.pk), _described(each)) for each in sold),
            (self.NOTHING, _("Nothing: no engagement")),
        ]

    def clean_engagement(self) -> int | None:
        chosen = self.cleaned_data["engagement"]
        return None if chosen == self.NOTHING else int(chosen)

    def clean_plan_template(self) -> int | None:
        chosen = self.cleaned_data["plan_template"]
        return int(chosen) if chosen else None


def _described(row: Engagement) -> str:
    """Return an engagement with what was sold."""
    return f"{row.name} ({row.amount} {row.currency})" if row.amount is not None else row.name


def _destinations(row: Brief) -> Sequence[tuple[str, str]]:
    """Return the active destinations, and those that the plan names already."""
    # An inactive destination in the plan must stay visible, so that somebody can replace it.
    named = [each.get("destination") for each in row.planned]
    found = Destination.objects.filter(
        Q(is_active=True) | Q(pk__in=[pk for pk in named if pk]), client=row.item.client_id
    )
    return [(str(pk), name) for pk, name in found.order_by("name").values_list("pk", "name")]


def _live(row: Brief) -> Sequence[tuple[str, str]]:
    """Return the client's live deliverables, and those that the plan replaces already."""
    named = [pk for each in row.planned if (pk := each.get("replaces"))]
    theirs = Deliverable.objects.filter(item__client=row.item.client_id).select_related("item")
    found = theirs.filter(Q(state=Deliverable.State.LIVE) | Q(pk__in=named))
    return [(str(each.pk), str(each)) for each in found.order_by("item__title")[:200]]
