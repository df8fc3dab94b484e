"""The rows of a flow version at the desk: triggers, required facts and rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextInputWidget

from routing.desk.addresses import page_of
from routing.desk.base import actor
from routing.desk.forms import choice
from routing.desk.lists import CommaList
from routing.desk.saved import Rows, RowsFormSet, refusal_of
from routing.flows.actions import MOST_ACTIONS, ActionSpec, action_kinds, action_words
from routing.flows.admin.trigger_form import SuggestedInput, TriggerForm, fields_by_kind
from routing.flows.admin.workflow_map import when_of
from routing.flows.editors import EditScope, edit_scope
from routing.flows.fact_labels import SeveralFacts, catalogue_labels, fact_named, used_labels
from routing.flows.models import FlowField, FlowVersion, Trigger, VersionAction
from routing.flows.rules import Rule
from routing.flows.trigger_words import trigger_words


class PartOfVersion(Rows):
    """
    Rows that can be changed only while the version is a draft.

    ``changed_by`` is how much of a draft somebody must be able to edit to change these rows, and
    ``made_by`` to add and delete them.
    """

    hide_title = True  # the row says it all
    changed_by = made_by = EditScope.EVERYTHING

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        formset = super().get_formset(request, obj, **kwargs)
        for field in formset.form.base_fields.values():
            field.widget.attrs["aria-label"] = field.label  # also those that a form declares itself
        return formset

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, obj, self.made_by)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, obj, self.changed_by)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, obj, self.made_by)

    def _may(self, request: HttpRequest, obj: Any, needed: EditScope) -> bool:
        if obj is None:  # a page that adds a version, which there is none of
            return False
        return scope_on(request, obj) >= needed and is_editable(request, obj)


class TriggersOfVersion(PartOfVersion):
    model = Trigger
    form = TriggerForm
    changed_by = EditScope.RULES
    fields = ("kind", "field", "operator", "value")
    readonly_fields = ("said",)
    verbose_name = gettext_lazy("trigger")
    verbose_name_plural = gettext_lazy("Triggers")

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        only_values = scope_on(request, obj) < EditScope.EVERYTHING
        known = {"known": fields_by_kind(), "only_values": only_values}
        kwargs["form"] = type("TriggerForm", (TriggerForm,), known)
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
    """
    Row of a fact. Facts of the catalogue and of published flows are suggested, with their labels.
    """

    choices = CommaList(label=gettext_lazy("Choices"))
    name = forms.CharField(
        label=gettext_lazy("Fact"),
        max_length=FlowField._meta.get_field("name").max_length,
        widget=SuggestedInput(),
    )
    label = forms.CharField(
        label=gettext_lazy("Label"),
        max_length=FlowField._meta.get_field("label").max_length,
        required=False,
        widget=UnfoldAdminTextInputWidget(
            attrs={"placeholder": gettext_lazy("as in the catalogue")}
        ),
    )

    # Labels by the names of facts, replaced for each page.
    used: Mapping[str, str] = {}  # of published flows, which decide
    known: Mapping[str, str] = {}  # and of the catalogue

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "name" in self.fields:  # not on a page that only shows the version
            self.fields["name"].widget.suggestions = tuple(self.known.items())

    def clean_name(self) -> str:
        """Return the name of the fact, which may be entered by its label as well."""
        try:
            return fact_named(self.cleaned_data["name"], self.used, self.known)
        except SeveralFacts as several:
            raise forms.ValidationError(str(several)) from several

    def clean_label(self) -> str:
        """Return what was entered, or the label of the catalogue."""
        entered: str = self.cleaned_data["label"]
        if "name" not in self.cleaned_data:
            return entered  # that the fact is not known is said beside it
        found = entered or self.known.get(self.cleaned_data.get("name", ""), "")
        if not found:
            raise forms.ValidationError(_("Enter a label. People read it in place of the name."))
        return found


class FieldsOfVersion(PartOfVersion):
    model = FlowField
    form = FieldForm
    fields = ("position", "name", "label", "type", "required", "personal", "choices")
    verbose_name = gettext_lazy("field")
    verbose_name_plural = gettext_lazy("Required facts")

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        used = used_labels()
        known = {"used": used, "known": used | catalogue_labels()}
        kwargs["form"] = type("FieldForm", (FieldForm,), known)
        return super().get_formset(request, obj, **kwargs)


class RuleForm(forms.ModelForm[Rule]):
    skills = CommaList(label=gettext_lazy("Required skills"))


class RulesOfVersion(PartOfVersion):
    model = Rule
    form = RuleForm
    changed_by = made_by = EditScope.RULES
    fields = ("position", "name", "conditions_said", "team", "skills", "account_first", "priority")
    readonly_fields = ("conditions_said",)
    verbose_name = gettext_lazy("rule")
    verbose_name_plural = gettext_lazy("Rules in order. The first match decides")

    def get_queryset(self, request: HttpRequest) -> Any:
        found = super().get_queryset(request).select_related("team", "version")
        return found.prefetch_related("conditions", "version__fields")

    def conditions_said(self, rule: Rule) -> SafeString | str:
        if rule._state.adding:
            return _("Save the rule to add conditions.")
        labels = {field.name: field.label for field in rule.version.fields.all()}
        words = when_of(rule, labels)
        return format_html('<a class="tl-link" href="{}">{}</a>', page_of(rule), words)

    conditions_said.short_description = gettext_lazy("matches when")  # type: ignore[attr-defined]


def is_editable(request: HttpRequest, obj: Any) -> bool:
    """
    Return whether the page of a version or a rule shows fields: for drafts, and for input that was
    refused because the draft was published meanwhile.
    """
    return version_of(obj).published_at is None or bool(refusal_of(request))


def version_of(obj: Any) -> FlowVersion:
    """Return the version of a row, which may be the version itself."""
    version: FlowVersion = getattr(obj, "version", obj)
    return version


def scope_on(request: HttpRequest, obj: Any) -> EditScope:
    """
    Return how much of a draft the reader may edit, read once for each request.

    :param obj: the version or a row of it, None on a page without one
    """
    if obj is None:
        return EditScope.NOTHING
    flow = version_of(obj).flow_id
    known: dict[int, EditScope] = getattr(request, "edit_scopes", {})
    request.edit_scopes = known  # type: ignore[attr-defined]
    if flow not in known:
        known[flow] = edit_scope(actor(request), flow)
    return known[flow]
