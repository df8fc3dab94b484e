"""One rule of a flow version, with its conditions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from routing.desk.addresses import page_of
from routing.desk.lists import CommaList, split
from routing.desk.saved import SavedForm
from routing.desk.timeline import ActivityEntry
from routing.flows.admin.version_parts import PartOfVersion
from routing.flows.admin.versions import FrozenWhenPublished
from routing.flows.conditions import BadClause, Clause, Operator, check
from routing.flows.editors import EditScope
from routing.flows.fields import FieldSpec
from routing.flows.operator_words import OPERATORS
from routing.flows.rule_history import versions_of
from routing.flows.rules import Condition, Rule
from routing.flows.versions import read
from routing.work.saves import FieldChange

WITHOUT_VALUE = {Operator.KNOWN, Operator.UNKNOWN}


class ConditionForm(forms.ModelForm[Condition]):
    """
    Form of a condition. The value is text, or several texts separated by commas.

    A condition that could never be evaluated is refused.
    """

    specs: dict[str, FieldSpec] = {}  # noqa: RUF012  # replaced for each version

    field = forms.ChoiceField(label=gettext_lazy("Field"), widget=UnfoldAdminSelectWidget())
    operator = forms.ChoiceField(
        label=gettext_lazy("Operator"),
        choices=list(OPERATORS.items()),
        widget=UnfoldAdminSelectWidget(),
    )
    value = forms.CharField(
        label=gettext_lazy("Value"),
        required=False,
        max_length=500,
        widget=UnfoldAdminTextInputWidget(),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = [(name, spec.label) for name, spec in self.specs.items()]
        now = self.instance.field
        if now and now not in self.specs:
            named.append((now, now))  # an invalid field must be visible to be corrected
        self.fields["field"].choices = named  # type: ignore[attr-defined]
        value = self.initial.get("value")
        if isinstance(value, list):
            value = ", ".join(str(each) for each in value)
        self.initial["value"] = value

    def clean(self) -> None:
        super().clean()
        spec = self.specs.get(self.cleaned_data.get("field", ""))
        if spec is None or "operator" not in self.cleaned_data or "value" not in self.cleaned_data:
            return
        operator = Operator(self.cleaned_data["operator"])
        value = self.cleaned_data["value"]
        if operator in WITHOUT_VALUE:
            value = None
        elif operator is Operator.ONE_OF:
            value = split(value)
        try:
            check(Clause(spec, operator, value))
        except BadClause as bad:
            self.add_error("value", str(bad))
        self.cleaned_data["value"] = value


class ConditionsOfRule(PartOfVersion):
    model = Condition
    form = ConditionForm
    changed_by = made_by = EditScope.RULES
    fields = ("group", "field", "operator", "value")
    verbose_name = gettext_lazy("condition")
    verbose_name_plural = gettext_lazy(
        "Conditions. All conditions of a group must match. One matching group is enough"
    )

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        specs = {spec.name: spec for spec in read(obj.version).rule_fields} if obj else {}
        kwargs["form"] = type("ConditionForm", (ConditionForm,), {"specs": specs})
        return super().get_formset(request, obj, **kwargs)


class OneRuleForm(SavedForm):
    skills = CommaList(
        label=gettext_lazy("Required skills"), help_text=gettext_lazy("Separate with commas.")
    )

    def clean_position(self) -> int:
        position = int(self.cleaned_data["position"])
        if (
            Rule.objects.filter(version=self.instance.version_id, position=position)
            .exclude(pk=self.instance.pk)
            .exists()
        ):
            raise ValidationError(
                _(
                    "Another rule of this version already has this position. Choose one in "
                    "between, such as 15."
                )
            )
        return position


@admin.register(Rule)
class RuleAdmin(FrozenWhenPublished[Rule]):
    form = OneRuleForm
    changed_by = EditScope.RULES
    list_display = ("name", "version", "position", "team")
    list_select_related = ("version__flow", "team")
    list_filter = ("version__flow",)
    fields = ("position", "name", "team", "skills", "account_first", "priority")
    inlines = (ConditionsOfRule,)
    change_form_outer_before_template = "desk/rule.html"
    empty_title = gettext_lazy("No rules")
    empty_text = gettext_lazy("Open the draft of a flow and add rules there.")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("version__flow")

    def further_history(self, row: Rule) -> list[ActivityEntry]:
        """
        Return the rule's change with each published version of its flow.

        A draft has no history. When it is published, its rules are frozen with it.
        """
        entries: list[ActivityEntry] = []
        before: Mapping[str, str] = {}
        for version, values in versions_of(row):
            labels = dict.fromkeys([*before, *values])
            changes = [
                FieldChange(label.capitalize(), before.get(label, "–"), values.get(label, "–"))
                for label in labels
                if before.get(label) != values.get(label)
            ]
            if changes and version.published_at:
                text = _("%(who)s published %(version)s") % {
                    "who": version.published_by or _("Nobody named"),
                    "version": version,
                }
                entries.append(ActivityEntry(version.published_at, text, changes=changes))
            before = values
        return entries

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        rule = self.get_object(request, object_id)
        more: dict[str, Any] = {}
        if rule:
            url = page_of(rule.version)
            more = {"version": rule.version, "version_url": url}
        page: HttpResponse = super().change_view(
            request, object_id, form_url, more | (extra_context or {})
        )
        return page

    def response_change(self, request: HttpRequest, obj: Rule) -> HttpResponse:
        if "_continue" in request.POST:
            answer: HttpResponse = super().response_change(request, obj)
            return answer
        self.message_user(request, _("Saved rule “%(rule)s”.") % {"rule": obj})
        return HttpResponseRedirect(page_of(obj.version))
