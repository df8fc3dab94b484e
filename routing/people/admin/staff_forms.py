"""Forms about the people of the agency."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from routing.desk.away import AsksAboutAbsence
from routing.desk.forms import long_text, picked
from routing.desk.saved import SavedForm
from routing.kernel.domains import canonical_address
from routing.kernel.roles import Role
from routing.people.rights import DO_WORK
from routing.people.staff import User


class PersonForm(SavedForm):
    roles = forms.MultipleChoiceField(
        label=gettext_lazy("Roles"),
        choices=Role.choices,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget(),
        help_text=gettext_lazy(
            "Permissions of each role are fixed. Removing a role ends all sessions of the person."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["roles"] = list(self.instance.groups.values_list("name", flat=True))

    def clean_email(self) -> str:
        email = canonical_address(self.cleaned_data["email"])
        if User.objects.filter(email__iexact=email).exclude(pk=self.instance.pk).exists():
            raise ValidationError(_("Another person has this e-mail address."))
        return email


class ReturnForm(forms.Form):
    reason = long_text(
        gettext_lazy("Reason"), error=gettext_lazy("Enter a reason."), rows=3, max_length=200
    )


class LeaveForm(AsksAboutAbsence):
    people = ("heir",)

    heir = picked(
        gettext_lazy("Successor"),
        User.objects.none(),
        help_text=gettext_lazy("Takes over all open work, clients and teams of this person."),
    )
    reason = long_text(
        gettext_lazy("Reason"), error=gettext_lazy("Enter a reason."), rows=3, max_length=200
    )

    def __init__(self, leaver: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        able = User.objects.staff().who_may(DO_WORK).exclude(pk=leaver.pk)
        self.fields["heir"].queryset = able  # type: ignore[attr-defined]
