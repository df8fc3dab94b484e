"""
SLA policies and their targets at the desk. They are saved together, and open clocks keep their
terms.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy

from routing.desk.base import actor
from routing.desk.durations import WorkTime
from routing.desk.forms import choice
from routing.desk.lists import CommaList
from routing.desk.saved import Rows
from routing.sla.admin.calendars import Careful
from routing.sla.operations.calendars import save_policy
from routing.sla.policies import ESCALATE_EVERY, MOST_WORKTIME, SLAPolicy, Target
from routing.work.kinds import models_by_kind


class TargetForm(forms.ModelForm[Target]):
    worktime = WorkTime(label=gettext_lazy("Working time"), most=MOST_WORKTIME)
    escalate_every = WorkTime(
        label=gettext_lazy("Escalate every"), most=MOST_WORKTIME, initial=ESCALATE_EVERY
    )
    runs_in = CommaList(label=gettext_lazy("Runs in"))
    met_in = CommaList(label=gettext_lazy("Met in"))


class TargetsOfPolicy(Rows):
    model = Target
    form = TargetForm
    fields = ("kind", "purpose", "worktime", "warn_percent", "escalate_every", "runs_in", "met_in")
    hide_title = True
    verbose_name = gettext_lazy("target")
    verbose_name_plural = gettext_lazy("Targets in working time")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "kind":
            kinds = [
                (name, str(model._meta.verbose_name).capitalize())
                for name, model in sorted(models_by_kind().items())
            ]
            field = choice(gettext_lazy("Kind of work"), kinds)
            field.widget.attrs["aria-label"] = field.label
            return field
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        formset = super().get_formset(request, obj, **kwargs)
        for field in formset.form.base_fields.values():
            field.widget.attrs["aria-label"] = field.label  # also those that a form declares itself
        return formset


@admin.register(SLAPolicy)
class SLAPolicyAdmin(Careful[SLAPolicy]):
    list_display = ("name", "calendar_source", "also_source", "version")
    search_fields = ("name",)
    search_help_text = gettext_lazy("Name")
    fields = ("name", "slug", "calendar_source", "also_source", "version", "reason")
    inlines = (TargetsOfPolicy,)
    empty_title = gettext_lazy("No SLA policies")
    empty_text = gettext_lazy("Add a policy with targets. Clocks start from it.")

    def save_model(self, request: HttpRequest, obj: SLAPolicy, form: Any, change: bool) -> None:
        """Save nothing yet: ``save_related`` saves the policy together with its targets."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        for formset in formsets:
            # Django's message about the saved page reads what this found to be new and deleted.
            formset.save(commit=False)
        targets = []
        for formset in formsets:
            for each in formset.forms:
                is_empty = not each.instance.pk and not each.has_changed()
                if each not in formset.deleted_forms and not is_empty:
                    targets.append(each.instance)
        reason = form.cleaned_data["reason"]
        save_policy(
            form.instance, targets=targets, by=actor(request), at=timezone.now(), reason=reason
        )
