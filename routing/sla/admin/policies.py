"""
SLA policies and their targets at the desk. They are saved together, and open clocks keep their
terms.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import chain
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSelectMultipleWidget

from routing.desk.base import actor
from routing.desk.durations import WorkTime
from routing.desk.forms import choice
from routing.desk.saved import Rows
from routing.kernel.durations import in_words
from routing.sla.admin.calendars import Careful
from routing.sla.admin.promises import PromiseForm, changes_of, context_of
from routing.sla.meaning import Basis, bases_of, due_sentences
from routing.sla.operations.calendars import save_policy
from routing.sla.policies import (
    ESCALATE_EVERY,
    MOST_WORKTIME,
    PURPOSES,
    SLAPolicy,
    Target,
    labelled_states,
    purpose_label,
)
from routing.sla.recount import clocks_of_policy, terms_of_policy
from routing.work.kinds import models_by_kind


class States(forms.MultipleChoiceField):
    """States of one kind of work, or of all kinds while the kind is not chosen."""

    default_error_messages = {  # noqa: RUF012 - as Django declares them
        "invalid_choice": gettext_lazy("“%(value)s” is not a state of this kind of work.")
    }

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, widget=UnfoldAdminSelectMultipleWidget(), **options)

    def of(self, kind: str) -> None:
        states = labelled_states(kind)
        self.choices = states or [(label, labelled_states(name)) for name, label in kinds()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return sorted(initial or []) != sorted(data or [])


def kinds() -> list[tuple[str, str]]:
    return [
        (name, str(model._meta.verbose_name).capitalize())
        for name, model in sorted(models_by_kind().items())
    ]


def purposes() -> list[tuple[str, str]]:
    """Return the purposes with their labels, and those that an agency has besides."""
    used = Target.objects.order_by("purpose").values_list("purpose", flat=True).distinct()
    return [(name, purpose_label(name)) for name in dict.fromkeys([*PURPOSES, *used])]


class TargetForm(forms.ModelForm[Target]):
    purpose = choice(gettext_lazy("Purpose"), purposes)
    worktime = WorkTime(label=gettext_lazy("Working time"), most=MOST_WORKTIME)
    escalate_every = WorkTime(
        label=gettext_lazy("Escalate every"), most=MOST_WORKTIME, initial=ESCALATE_EVERY
    )
    runs_in = States(
        label=gettext_lazy("Runs in"), help_text=gettext_lazy("None chosen: in all open states.")
    )
    met_in = States(label=gettext_lazy("Met in"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kind = self.data.get(self.add_prefix("kind"), "") if self.is_bound else ""
        for name in ("runs_in", "met_in"):
            field: Any = self.fields[name]
            field.of(kind or self.instance.kind)

    def meaning(self, bases: Sequence[Basis], now: datetime) -> tuple[str, list[str]] | None:
        """Return the target in words and when it would be due, or None while it is incomplete."""
        given = self.cleaned_data if self.is_bound and hasattr(self, "cleaned_data") else {}
        row = self.instance
        kind = given.get("kind") or row.kind
        worktime = given.get("worktime") if self.is_bound else row.worktime
        purpose = given.get("purpose") or row.purpose
        if not (kind and purpose and worktime):
            return None
        words = _("%(kind)s, %(purpose)s within %(time)s of working time") % {
            "kind": dict(kinds()).get(kind, kind),
            "purpose": purpose_label(purpose).lower(),
            "time": in_words(worktime),
        }
        return words, list(due_sentences(bases, worktime, now))


class TargetsOfPolicy(Rows):
    model = Target
    form = TargetForm
    fields = ("kind", "purpose", "worktime", "warn_percent", "escalate_every", "runs_in", "met_in")
    hide_title = True
    verbose_name = gettext_lazy("target")
    verbose_name_plural = gettext_lazy("Targets in working time")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "kind":
            field = choice(gettext_lazy("Kind of work"), kinds())
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
    form = PromiseForm
    change_form_after_template = "desk/promises.html"
    list_display = ("name", "calendar_source", "also_source", "version")
    search_fields = ("name",)
    search_help_text = gettext_lazy("Name")
    fields = ("name", "slug", "calendar_source", "also_source", "version", "scope", "reason")
    inlines = (TargetsOfPolicy,)
    empty_title = gettext_lazy("No SLA policies")
    empty_text = gettext_lazy("Add a policy with targets. Clocks start from it.")

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """
        Show what each target means beside the form, also of a form with errors, and what a change
        would make of open work.
        """
        form = context["adminform"].form
        policy, formsets = (
            form.instance,
            [part.formset for part in context["inline_admin_formsets"]],
        )
        bases, now = bases_of(policy.sources), timezone.now()
        forms = chain.from_iterable(formset.forms for formset in formsets)
        meanings = (each.meaning(bases, now) for each in forms)
        context["meanings"] = [meaning for meaning in meanings if meaning]
        if policy.pk:
            context["promise_changes"] = changes_of(policy=policy.pk)
            if form.asks_only and all(formset.is_valid() for formset in formsets):
                terms = terms_of_policy(policy, _targets_of(formsets))
                context |= context_of(request, clocks_of_policy(policy), terms)
        page: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return page

    def save_model(self, request: HttpRequest, obj: SLAPolicy, form: Any, change: bool) -> None:
        """Save nothing yet: ``save_related`` saves the policy together with its targets."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        for formset in formsets:
            # Django's message about the saved page reads what this found to be new and deleted.
            formset.save(commit=False)
        save_policy(
            form.instance,
            targets=_targets_of(formsets),
            by=actor(request),
            at=timezone.now(),
            reason=form.cleaned_data["reason"],
            scope=form.cleaned_data["scope"],
        )


def _targets_of(formsets: Sequence[Any]) -> list[Target]:
    """Return the targets that are to be there once the forms are saved."""
    targets = []
    for formset in formsets:
        for each in formset.forms:
            is_empty = not each.instance.pk and not each.has_changed()
            if each not in formset.deleted_forms and not is_empty:
                targets.append(each.instance)
    return targets
