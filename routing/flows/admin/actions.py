"""One action of a flow version: its inputs, what it changes, and how that is undone."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from routing.desk.addresses import page_of
from routing.desk.forms import choice
from routing.desk.saved import SavedForm
from routing.flows.actions import ActionInput, ActionSpec, action_words, kind_named
from routing.flows.admin.versions import FrozenWhenPublished
from routing.flows.fact_labels import (
    SeveralFacts,
    labels_for,
    with_names,
)
from routing.flows.models import VersionAction
from routing.flows.template import placeholders
from routing.flows.versions import read

LONGEST, LONGEST_LINE = 4000, 200


class OneActionForm(SavedForm):
    """Form with a field for each input that the kind of the action declares."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.inputs: tuple[ActionInput, ...] = ()
        kind = kind_named(self.instance.kind)
        if kind is None or "position" not in self.fields:  # a page that only shows the action
            return
        self.inputs = kind.inputs
        reason = self.fields.pop("reason", None)
        for each in kind.inputs:
            value = str(self.instance.inputs.get(each.name, ""))
            self.fields[each.name] = _field(each, value)
            self.initial[each.name] = value
        if reason is not None:
            self.fields["reason"] = reason

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        usable = {spec.name for spec in read(self.instance.version).rule_fields}
        labels = labels_for(self.instance.version)
        for each in self.inputs:
            if each.choices:
                continue
            try:
                cleaned[each.name] = with_names(str(cleaned.get(each.name, "")), *labels)
            except SeveralFacts as several:
                self.add_error(each.name, str(several))
                continue
            wrong = placeholders(str(cleaned.get(each.name, ""))) - usable
            if wrong:
                words = _(
                    "%(names)s: no field of this version, or one that identifies a person. "
                    "Choose among %(known)s."
                )
                values = {
                    "names": ", ".join(sorted(wrong)),
                    "known": ", ".join(sorted(usable)) or _("none"),
                }
                self.add_error(each.name, words % values)
        return cleaned

    def save(self, commit: bool = True) -> Any:
        self.instance.inputs = {
            each.name: str(self.cleaned_data[each.name])
            for each in self.inputs
            if self.cleaned_data.get(each.name)
        }
        return super().save(commit)


def _field(each: ActionInput, value: str) -> forms.Field:
    """Return the field of an input, with the value that it has now among its choices."""
    if each.choices:
        offered = [(row.stored, str(row.words)) for row in each.choices()]
        if value and value not in dict(offered):
            offered.append((value, _("%(value)s (no longer there)") % {"value": value}))
        return choice(
            each.label,
            [("", _("Choose one")), *offered],
            required=each.required,
            help_text=each.help_text,
        )
    widget = (
        UnfoldAdminTextareaWidget(attrs={"rows": 4}) if each.long else UnfoldAdminTextInputWidget()
    )
    return forms.CharField(
        label=str(each.label),
        required=each.required,
        help_text=str(each.help_text),
        max_length=LONGEST if each.long else LONGEST_LINE,
        widget=widget,
    )


@admin.register(VersionAction)
class VersionActionAdmin(FrozenWhenPublished[VersionAction]):
    form = OneActionForm
    list_display = ("said", "version", "position")
    list_select_related = ("version__flow",)
    list_filter = ("version__flow",)
    fields = ("position",)
    change_form_outer_before_template = "desk/action.html"
    empty_title = gettext_lazy("No actions")
    empty_text = gettext_lazy("Open the draft of a flow and add actions there.")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("version__flow")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return the position with the inputs of the kind. A published action only shows them."""
        if obj is None or not self.has_change_permission(request, obj):
            return ((None, {"fields": ("position", "said")}),)
        kind = kind_named(obj.kind)
        names = [each.name for each in kind.inputs] if kind else []
        return ((None, {"fields": ("position", *names, "reason")}),)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        may = obj is not None and self.has_change_permission(request, obj)
        return () if may else ("position", "said")

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm[Any]]:
        # The other fields are made by the form, from what the kind of the action declares.
        kwargs["fields"] = ["position"]
        return super().get_form(request, obj, change, **kwargs)

    @admin.display(description=gettext_lazy("action"))
    def said(self, row: VersionAction) -> str:
        return action_words(ActionSpec(row.kind, dict(row.inputs)))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        more: dict[str, Any] = {}
        if row:
            more = {
                "version": row.version,
                "version_url": page_of(row.version),
                "kind": kind_named(row.kind),
            }
        page: HttpResponse = super().change_view(
            request, object_id, form_url, more | (extra_context or {})
        )
        return page

    def response_change(self, request: HttpRequest, obj: VersionAction) -> HttpResponse:
        if "_continue" in request.POST:
            answer: HttpResponse = super().response_change(request, obj)
            return answer
        self.message_user(request, _("Saved “%(action)s”.") % {"action": self.said(obj)})
        return HttpResponseRedirect(f"{page_of(obj.version)}#actions-group")
