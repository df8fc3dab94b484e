"""Forms that show what a template or another launch date would do, before they do it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from delivery.briefs.admin.plans import follows_words, role_of
from delivery.briefs.details import MoveLaunchDetails, UseTemplateDetails
from delivery.briefs.filling import Fate, PlannedMove
from delivery.briefs.models import Brief
from delivery.briefs.operations import templates
from delivery.briefs.plan import Planned
from delivery.plans.models import PlanTemplate
from delivery.plans.queries import default_templates, newest_versions, templates_for
from delivery.plans.relative import NoWorkingDay
from delivery.requests.admin_forms import DatedStepForm
from delivery.requests.models import Request
from routing.desk.forms import choice, date, step_form
from routing.sla.working_days import working_days_of

LAUNCH = gettext_lazy("Launch or due date (D)")
LAUNCH_HELP = gettext_lazy("Due dates such as D-5 are counted from it.")
FATES = {
    Fate.SAME: gettext_lazy("stays on this day"),
    Fate.BY_HAND: gettext_lazy("stays, because somebody moved it"),
    Fate.ENDED: gettext_lazy("stays, because its work is over"),
    Fate.OWN: gettext_lazy("stays, because it follows no launch date"),
}


def template_choices(request: Request) -> tuple[list[tuple[str, str]], int | None]:
    """Return the templates for a request, those for its kind of work first, and its default."""
    client, kind = request.item.client_id, request.kind
    rows = sorted(templates_for(client), key=lambda row: row.kind != kind)
    default = default_templates([(kind, client)]).get((kind, client))
    found = [(str(row.pk), _named(row, is_default=row == default)) for row in rows]
    return found, default.pk if default else None


def _named(row: PlanTemplate, *, is_default: bool) -> str:
    kind = row.get_kind_display()
    if is_default:
        kind = _("%(kind)s, default") % {"kind": kind}
    return f"{row.name} ({kind})"


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """What happens to one planned deliverable: its due date now and then, and why."""

    title: str
    role: str
    before: dt.date | None
    after: dt.date | None
    note: Any
    changes: bool


class PreviewedForm(DatedStepForm):
    """
    A step that is shown before it is done. Sent for the first time, the form only says what the
    step would change. Sent again with the same entries, it is done.
    """

    after_fields: ClassVar[str] = "desk/_preview_rows.html"
    width: ClassVar[str] = "tl-whole"
    asked: ClassVar[tuple[str, ...]] = ()  # fields whose entries are previewed

    previewed = forms.CharField(required=False, widget=forms.HiddenInput())

    # Returns what would change.
    # :raises NoWorkingDay: if a date cannot be computed
    preview: Callable[[], Sequence[PreviewRow]]

    preview_rows: Sequence[PreviewRow] = ()
    submit: Any = gettext_lazy("Show what changes")

    def clean(self) -> None:
        super().clean()
        if self.errors:
            return
        try:
            self.preview_rows = self.preview()
        except NoWorkingDay as error:
            self.add_error(None, str(error))
            return
        entered = "|".join(str(self.cleaned_data[name] or "") for name in self.asked)
        if self.cleaned_data["previewed"] != entered:
            self.submit = ""  # that of the step, now that the page shows what it would change
            # The page sends back what it showed, so that nothing else is confirmed.
            self.data = dict(self.data.items()) | {"previewed": entered}
            self.add_error(None, _("Nothing is saved yet. Check what changes, then confirm."))

    @property
    def counted_over(self) -> str:
        """Return the name of the calendar whose days off count."""
        client = self.rows[0].item.client_id
        return working_days_of([client])[client].label


@step_form(templates.use_template)
class UseTemplateForm(PreviewedForm):
    """Form for a template, and the date from which its days are counted."""

    coming = ("launch",)
    asked = ("plan_template", "launch")

    plan_template = choice(
        gettext_lazy("Template"),
        (),
        help_text=gettext_lazy("Its newest version is used. Its text is added to the brief."),
    )
    launch = date(LAUNCH, help_text=LAUNCH_HELP)

    def known(self, row: Brief) -> dict[str, Any]:
        return {"launch": row.launch_date or row.request.wanted_date}

    def prepare(self) -> None:
        row: Brief = self.rows[0]
        offered, default = template_choices(row.request)
        field: Any = self.fields["plan_template"]
        field.choices = [("", _("Choose")), *offered]
        field.initial = default

    def preview(self) -> Sequence[PreviewRow]:
        row: Brief = self.rows[0]
        chosen = int(self.cleaned_data["plan_template"])
        version = newest_versions([chosen])[chosen]
        plan = templates.filled_plan(row, version, self.cleaned_data["launch"])
        before = {each.key: each for each in row.plan}
        kept = {each.key for each in plan}
        dropped = [each for each in row.plan if each.key not in kept]
        return [
            *(_preview(each, None, _("is removed"), changes=True) for each in dropped),
            *(_in_filled(each, known=each.key in before) for each in plan),
        ]

    def as_details(self) -> UseTemplateDetails:
        return UseTemplateDetails(
            int(self.cleaned_data["plan_template"]), self.cleaned_data["launch"]
        )


def _preview(each: Planned, after: dt.date | None, note: Any, *, changes: bool) -> PreviewRow:
    return PreviewRow(each.title, role_of(each), each.due, after, note, changes)


def _in_filled(each: Planned, *, known: bool) -> PreviewRow:
    if known:
        return _preview(each, each.due, _("stays as it is"), changes=False)
    note = _("is added: %(day)s") % {"day": each.offset} if each.offset else _("is added")
    return PreviewRow(each.title, role_of(each), None, each.due, note, True)


@step_form(templates.move_launch)
class MoveLaunchForm(PreviewedForm):
    """Form for another launch date."""

    coming = ("launch",)
    asked = ("launch",)

    launch = date(LAUNCH, required=True, help_text=LAUNCH_HELP)

    def known(self, row: Brief) -> dict[str, Any]:
        return {"launch": row.launch_date or row.request.wanted_date}

    def preview(self) -> Sequence[PreviewRow]:
        moves = templates.moves_of(self.rows[0], self.cleaned_data["launch"])
        return [of_move(each) for each in moves]

    def as_details(self) -> MoveLaunchDetails:
        return MoveLaunchDetails(self.cleaned_data["launch"])


def of_move(move: PlannedMove) -> PreviewRow:
    """Return what happens to one planned deliverable when the launch date moves."""
    changes = move.fate is Fate.MOVES
    note = FATES.get(move.fate) or _("moves: %(day)s") % {"day": follows_words(move.after)}
    return _preview(move.before, move.after.due, note, changes=changes)
