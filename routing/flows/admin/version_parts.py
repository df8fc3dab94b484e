"""The rows of a flow version at the desk: triggers, required facts and rules."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.desk.addresses import page_of
from routing.desk.forms import choice
from routing.desk.lists import CommaList
from routing.desk.saved import Rows, RowsFormSet, refusal_of
from routing.flows.actions import MOST_ACTIONS, ActionSpec, action_kinds, action_words
from routing.flows.admin.trigger_form import TriggerForm, fields_by_kind
from routing.flows.models import FlowField, FlowVersion, Trigger, VersionAction
from routing.flows.operator_words import OPERATORS
from routing.flows.rules import Rule
from routing.flows.trigger_words import trigger_words


class PartOfVersion(Rows):
    """Rows that can be changed only while the version is a draft."""

    hide_title = True  # the row says it all

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        formset = super().get_formset(request, obj, **kwargs)
        for field in formset.form.base_fields.values():
            field.widget.attrs["aria-label"] = field.label  # also those that a form declares itself
        return formset

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(super().has_add_permission(request, obj)) and is_editable(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(super().has_change_permission(request, obj)) and is_editable(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(super().has_delete_permission(request, obj)) and is_editable(request, obj)


class TriggersOfVersion(PartOfVersion):
    model = Trigger
    form = TriggerForm
    fields = ("kind", "field", "operator", "value")
    readonly_fields = ("said",)
    verbose_name = gettext_lazy("trigger")
    verbose_name_plural = gettext_lazy("Triggers")

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        kwargs["form"] = type("TriggerForm", (TriggerForm,), {"known": fields_by_kind()})
        return super().get_formset(request, obj, **kwargs)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields if self.has_change_permission(request, obj) else ("said",)

    @staticmethod
    def said(trigger: Trigger) -> str:
        return trigger_words(trigger)

    said.short_description = gettext_lazy("started by")  # type: ignore[attr-defined]


class ActionRowForm(forms.ModelForm[VersionAction]):
    """Row of an action: what it does. Its inputs have a page of their own, as its kind declares."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "kind" in self.fields:  # not on a page that only shows the version
            known = [(kind.name, str(kind.label)) for kind in action_kinds()]
            now = self.instance.kind
            if now and now not in dict(known):
                known.append((now, now))  # an invalid action must be visible to be corrected
            self.fields["kind"] = choice(gettext_lazy("Action"), known)
            self.fields["kind"].widget.attrs["aria-label"] = gettext_lazy("Action")

    def save(self, commit: bool = True) -> Any:
        # The inputs of another kind mean nothing to this one.
        if "kind" in self.changed_data:
            self.instance.inputs = {}
        return super().save(commit)


class ActionsFormSet(RowsFormSet):
    def clean(self) -> None:
        super().clean()
        gone = len(self.deleted_forms)
        kept = [form for form in self.forms if form.has_changed() or form.instance.pk]
        if len(kept) - gone > MOST_ACTIONS:
            words = _("A version has at most %(most)s actions. Delete some.")
            raise forms.ValidationError(words % {"most": MOST_ACTIONS})


class ActionsOfVersion(PartOfVersion):
    model = VersionAction
    form = ActionRowForm
    formset = ActionsFormSet
    fields = ("position", "kind", "inputs_said")
    readonly_fields = ("inputs_said",)
    verbose_name = gettext_lazy("action")
    verbose_name_plural = gettext_lazy("Actions in order. Each waits for the one before it")

    def inputs_said(self, row: VersionAction) -> SafeString | str:
        if row._state.adding:
            return _("Save to fill it in.")
        spec = ActionSpec(row.kind, dict(row.inputs))
        return format_html('<a class="tl-link" href="{}">{}</a>', page_of(row), action_words(spec))

    inputs_said.short_description = gettext_lazy("does")  # type: ignore[attr-defined]


class FieldForm(forms.ModelForm[FlowField]):
    choices = CommaList(label=gettext_lazy("Choices"))


class FieldsOfVersion(PartOfVersion):
    model = FlowField
    form = FieldForm
    fields = ("position", "name", "label", "type", "required", "personal", "choices")
    verbose_name = gettext_lazy("field")
    verbose_name_plural = gettext_lazy("Required facts")


class RuleForm(forms.ModelForm[Rule]):
    skills = CommaList(label=gettext_lazy("Required skills"))


class RulesOfVersion(PartOfVersion):
    model = Rule
    form = RuleForm
    fields = ("position", "name", "conditions_said", "team", "skills", "account_first", "priority")
    readonly_fields = ("conditions_said",)
    verbose_name = gettext_lazy("rule")
    verbose_name_plural = gettext_lazy("Rules in order. The first match decides")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("conditions").select_related("team")

    @staticmethod
    def _said(rule: Rule) -> str:
        return _(" and ").join(
            said(row.field, row.operator, row.value) for row in rule.conditions.all()
        ) or _("always")

    def conditions_said(self, rule: Rule) -> SafeString | str:
        if rule._state.adding:
            return _("Save the rule to add conditions.")
        return format_html('<a class="tl-link" href="{}">{}</a>', page_of(rule), self._said(rule))

    conditions_said.short_description = gettext_lazy("matches when")  # type: ignore[attr-defined]


def said(field: str, operator: str, value: Any) -> str:
    """Return a condition in words."""
    if value is None:
        shown = ""
    elif isinstance(value, list):
        shown = ", ".join(str(each) for each in value)
    else:
        shown = str(value)
    return f"{field} {OPERATORS.get(operator, operator)} {shown}".strip()


def is_editable(request: HttpRequest, obj: Any) -> bool:
    """
    Return whether the page of a version or a rule shows fields: for drafts, and for input that was
    refused because the draft was published meanwhile.
    """
    version = obj.version if isinstance(obj, VersionAction | Rule) else obj
    is_draft = not isinstance(version, FlowVersion) or version.published_at is None
    return is_draft or bool(refusal_of(request))
