"""Forms for decisions of contacts and for changes."""

from __future__ import annotations

from secrets import token_urlsafe
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from delivery.approvals.details import DecideDetails
from delivery.portal.uploads import WithFiles
from delivery.requests.details import AnswerImpactDetails
from routing.kernel.entered import Day, Lines
from routing.kernel.past_dates import AsksAboutPast

LONG = 5_000
DECISIONS = ("approve", "request_changes", "reject")


class DecisionForm(WithFiles):
    """Form with the digest of the displayed version, so that nobody decides about another one."""

    digest = forms.CharField(
        widget=forms.HiddenInput(), validators=[RegexValidator(r"\A[0-9a-f]{64}\Z")]
    )
    # Sent by the button that was pressed.
    word = forms.ChoiceField(choices=[(each, each) for each in DECISIONS])
    comment = Lines(
        label=gettext_lazy("Your comment"),
        max_length=LONG,
        required=False,
        widget=forms.Textarea({"rows": 5}),
        help_text=gettext_lazy(
            "Required if you ask for changes or reject. Tell us what should be different."
        ),
    )

    field_order = ("digest", "word", "comment", "uploads")

    def as_details(self) -> DecideDetails:
        data = self.cleaned_data
        return DecideDetails(data["digest"], data["comment"], data["uploads"])

    def clean(self) -> None:
        word = self.cleaned_data.get("word")
        if (
            word in {"request_changes", "reject"}
            and not self.cleaned_data.get("comment")
            and "comment" not in self.errors
        ):
            self.add_error("comment", _("Tell us what should be different, then send the form."))
        super().clean()
        # Contacts cannot see these fields. They are wrong on an outdated page only.
        if "digest" in self.errors or "word" in self.errors:
            raise ValidationError(
                _(
                    "This page was out of date, so your decision was not saved. Review the page "
                    "and decide again."
                )
            )


class ImpactDecisionForm(WithFiles):
    """Form with the seal of the displayed impact, so that nobody answers about another one."""

    seal = forms.CharField(widget=forms.HiddenInput(), max_length=16)
    # Sent by the button that was pressed.
    word = forms.ChoiceField(choices=[(each, each) for each in ("accept_impact", "decline_impact")])
    comment = Lines(
        label=gettext_lazy("Your comment"),
        max_length=LONG,
        required=False,
        widget=forms.Textarea({"rows": 4}),
        help_text=gettext_lazy("Required if you decline. Tell us what should be different."),
    )

    field_order = ("seal", "word", "comment", "uploads")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # The page may also show an open question, and its form has fields of the same names.
        super().__init__(*args, auto_id="impact_%s", **kwargs)

    def as_details(self) -> AnswerImpactDetails:
        data = self.cleaned_data
        return AnswerImpactDetails(data["seal"], data["comment"], data["uploads"])

    def clean(self) -> None:
        if (
            self.cleaned_data.get("word") == "decline_impact"
            and not self.cleaned_data.get("comment")
            and "comment" not in self.errors
        ):
            self.add_error("comment", _("Tell us what should be different, then send the form."))
        super().clean()
        if "seal" in self.errors or "word" in self.errors:
            raise ValidationError(
                _(
                    "This page was out of date, so your decision was not saved. Review the page "
                    "and decide again."
                )
            )


class ChangeForm(AsksAboutPast, WithFiles):
    """Form for a change. ``token`` stays the same when it is sent again, so it counts once."""

    coming = ("wanted",)

    token = forms.CharField(
        widget=forms.HiddenInput(), validators=[RegexValidator(r"\A[A-Za-z0-9_-]{16,64}\Z")]
    )
    details = Lines(
        label=gettext_lazy("What should be different?"),
        max_length=LONG,
        widget=forms.Textarea({"rows": 7}),
        error_messages={
            "required": gettext_lazy("Tell us what should be different, then send the form.")
        },
    )
    wanted = Day(
        label=gettext_lazy("When do you need it? (optional)"),
        required=False,
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d"],
        error_messages={"invalid": gettext_lazy("Enter a date such as 2027-03-31.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"initial": {"token": token_urlsafe(16)}} | kwargs)

    def clean(self) -> None:
        super().clean()
        if "token" in self.errors:
            raise ValidationError(
                _(
                    "This form was out of date, so nothing was sent. Reload the page and send it "
                    "again."
                )
            )

    @property
    def answers(self) -> dict[str, str]:
        """Return the answers by the names of the flow's fields."""
        answers = {"request.details": self.cleaned_data["details"]}
        if wanted := self.cleaned_data["wanted"]:
            answers["request.wanted"] = wanted.isoformat()
        return answers
