"""The form of a template: its text, and the deliverables that it plans as a table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget, UnfoldBooleanWidget

from delivery.deliverables.formats import Format
from delivery.engagements.limits import MOST_HOURS
from delivery.plans.lines import MOST_LINES, MOST_TITLE, TemplateLine
from delivery.plans.models import MOST_BODY, PlanTemplate, PlanTemplateVersion
from delivery.plans.operations import TemplateContent
from delivery.plans.relative import BadOffset, DayOffset, DayUnit, NoWorkingDay, due_on, read_offset
from delivery.requests.models import Request
from routing.desk.forms import choice, date, line, long_text, picked, with_row
from routing.kernel.roles import Role
from routing.people.actors import Actor
from routing.people.clients import Client
from routing.sla.working_days import working_days_of
from routing.work.visibility import clients_seen_by

UNITS = [
    (DayUnit.WORKING.value, gettext_lazy("working days")),
    (DayUnit.CALENDAR.value, gettext_lazy("calendar days")),
]
EMPTY_LINES = 2  # for browsers without scripts, which cannot add any


class LineForm(forms.Form):
    """One planned deliverable of a template. A row without a title is ignored."""

    title = line(gettext_lazy("Title"), max_length=MOST_TITLE, required=False)
    format = forms.ChoiceField(
        label=gettext_lazy("Type"),
        choices=Format.choices,
        required=False,
        widget=UnfoldAdminSelectWidget(),
    )
    role = forms.ChoiceField(
        label=gettext_lazy("Made by"),
        choices=[("", gettext_lazy("Not said")), *Role.choices],
        required=False,
        widget=UnfoldAdminSelectWidget(),
    )
    due = line(gettext_lazy("Due"), max_length=20, required=False, placeholder="D-5")
    unit = forms.ChoiceField(
        label=gettext_lazy("Counted in"),
        choices=UNITS,
        required=False,
        widget=UnfoldAdminSelectWidget(),
    )
    hours = forms.DecimalField(
        label=gettext_lazy("Hours"),
        required=False,
        min_value=0,
        max_value=MOST_HOURS,
        decimal_places=2,
        widget=UnfoldAdminTextInputWidget({"inputmode": "decimal"}),
    )
    leave_out = forms.BooleanField(label=gettext_lazy("Remove"), required=False)

    tried: dt.date | None = None  # the due date for the date that is tried

    def __init__(self, *args: Any, may: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # In the table a label stands above each column only, and screen readers need one a field.
        for name, field in self.fields.items():
            field.widget.attrs["aria-label"] = field.label or name
            field.disabled = not may

    def clean_due(self) -> DayOffset | None:
        text = str(self.cleaned_data["due"]).strip()
        if not text:
            return None
        try:
            return read_offset(text)
        except BadOffset as error:
            raise ValidationError(str(error)) from error

    def clean(self) -> None:
        super().clean()
        data = self.cleaned_data
        filled = any(data.get(name) for name in ("role", "due", "hours"))
        if filled and not data.get("title", "").strip() and not data.get("leave_out"):
            self.add_error("title", _("Enter a title or remove the row."))

    def planned(self) -> TemplateLine | None:
        """Return the line, or None if it is empty or removed."""
        data = self.cleaned_data
        if data.get("leave_out") or not data.get("title", "").strip():
            return None
        offset: DayOffset | None = data["due"]
        if offset is not None:
            offset = DayOffset(offset.days, DayUnit(data["unit"] or DayUnit.WORKING))
        return TemplateLine(
            data["title"],
            data["format"] or Format.PAGE.value,
            data["role"],
            offset,
            Decimal(data["hours"] or 0).quantize(Decimal("0.01")),
        )


LineForms = forms.formset_factory(
    LineForm, extra=EMPTY_LINES, max_num=MOST_LINES, absolute_max=MOST_LINES + 20
)


class PlanTemplateForm(forms.Form):
    """Form for a new or existing template. ``row`` does not change before ``filled()``."""

    name = line(gettext_lazy("Name"), max_length=120)
    kind = choice(gettext_lazy("Kind of work"), Request.Kind.choices)
    client = picked(
        gettext_lazy("Client"),
        Client.objects.none(),
        required=False,
        empty=gettext_lazy("All clients"),
    )
    is_default = forms.BooleanField(
        label=gettext_lazy("Default"),
        required=False,
        widget=UnfoldBooleanWidget(),
        help_text=gettext_lazy(
            "Suggested for requests of this kind and client. That of a client comes before that "
            "for all clients."
        ),
    )
    is_active = forms.BooleanField(
        label=gettext_lazy("Active"),
        required=False,
        widget=UnfoldBooleanWidget(),
        help_text=gettext_lazy(
            "Templates cannot be deleted because briefs refer to them. People are not offered an "
            "inactive one. A flow that names it uses it until its next version."
        ),
    )
    body = long_text(
        gettext_lazy("Brief text"),
        error="",
        required=False,
        rows=8,
        max_length=MOST_BODY,
        help_text=gettext_lazy("Added to the text of the brief, such as its usual headings."),
    )
    reason = line(
        gettext_lazy("Reason"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("Shown in the history and beside the version."),
    )
    sample = date(
        gettext_lazy("Try with D on"),
        help_text=gettext_lazy("Shows the dates of the lines. Nothing is saved."),
    )

    def __init__(
        self,
        row: PlanTemplate,
        version: PlanTemplateVersion | None,
        actor: Actor,
        data: Any = None,
        *,
        may: bool = True,
    ) -> None:
        self.row, self.counted_over = row, ""
        names = ("name", "kind", "client", "is_default", "is_active")
        known = {name: getattr(row, name) for name in names}
        known["body"] = version.body if version else ""
        super().__init__(data, initial=known)
        self.fields["client"].queryset = clients_seen_by(actor)  # type: ignore[attr-defined]
        self.adds_row = data is not None and "add_row" in data
        posted = with_row(data, "lines") if self.adds_row else data
        # Without what is stored, or a sent row that equals it would count as an empty one.
        stored = version.planned if version and data is None else ()
        lines = [_entered(each) for each in stored]
        self.lines = LineForms(posted, initial=lines, prefix="lines", form_kwargs={"may": may})
        for field in self.fields.values():
            field.disabled = not may

    def clean(self) -> None:
        super().clean()
        if not self.lines.is_valid():
            self.add_error(None, _("Correct the marked lines. Your entries are still here."))
            for fault in self.lines.non_form_errors():
                self.add_error(None, fault)
        if self.adds_row:
            self.add_error(None, _("Added a row. Nothing is saved yet."))
        same = PlanTemplate.objects.filter(name=self.cleaned_data.get("name", ""))
        if same.exclude(pk=self.row.pk).exists():
            self.add_error("name", _("Another template already has this name."))
        self._check_default()

    def _check_default(self) -> None:
        data = self.cleaned_data
        if not data.get("is_default"):
            return
        if not data.get("is_active"):
            self.add_error("is_default", _("An inactive template cannot be the default."))
        others = PlanTemplate.objects.filter(
            is_default=True, kind=data.get("kind", ""), client=data.get("client")
        ).exclude(pk=self.row.pk)
        if other := others.first():
            words = _("“%(name)s” is the default for this kind and client. Change that one first.")
            self.add_error("is_default", words % {"name": other.name})

    def filled(self) -> tuple[PlanTemplate, TemplateContent]:
        """Return the row with the values of the form, not saved, and what it says."""
        for name in ("name", "kind", "client", "is_default", "is_active"):
            setattr(self.row, name, self.cleaned_data[name])
        return self.row, TemplateContent(self.cleaned_data["body"], self.planned())

    def planned(self) -> tuple[TemplateLine, ...]:
        found: Sequence[TemplateLine | None] = [form.planned() for form in self.lines]
        return tuple(each for each in found if each is not None)

    def try_out(self) -> None:
        """Show the due date of each line for the date that is tried, or say why there is none."""
        launch, client = self.cleaned_data["sample"], self.cleaned_data["client"]
        if launch is None:
            self.add_error("sample", _("Enter a date to try."))
            return
        key = client.pk if client else None
        days = working_days_of([key])[key]
        self.counted_over = days.label
        for form in self.lines:
            planned = form.planned()
            if planned is None or planned.offset is None:
                continue
            try:
                form.tried = due_on(launch, planned.offset, days.is_working)
            except NoWorkingDay as error:
                form.add_error("due", str(error))

    @property
    def fields_before(self) -> Sequence[forms.BoundField]:
        names = ("name", "kind", "client", "is_default", "is_active", "body")
        return [self[name] for name in names]

    @property
    def fields_after(self) -> Sequence[forms.BoundField]:
        return [self["sample"], self["reason"]]


def _entered(each: TemplateLine) -> Mapping[str, Any]:
    return {
        "title": each.title,
        "format": each.format,
        "role": each.role,
        "due": each.offset.written if each.offset else "",
        "unit": each.offset.unit.value if each.offset else DayUnit.WORKING.value,
        "hours": each.hours or None,
    }
