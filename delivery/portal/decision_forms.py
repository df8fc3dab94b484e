"""Forms with which contacts decide, and the files they may add everywhere."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.admin.notes import MOST_FILES, FilesField

LONG = 5_000
DECISIONS = ("approve", "request_changes", "reject")


def files_field() -> FilesField:
    """With its limits told before anything is chosen."""
    told = _("Images, PDFs, documents, films. Up to %(most)s files of %(size)s each.")
    limits = {"most": MOST_FILES, "size": filesizeformat(settings.FILE_MAX_BYTES)}
    return FilesField(label=_("Files (optional)"), required=False, help_text=told % limits)


class WithFiles(forms.Form):
    """A form that takes files too, at its end."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        self.fields["uploads"] = files_field()

    def clean(self) -> None:
        super().clean()
        if self.errors and self.cleaned_data.get("uploads"):
            self.add_error("uploads", _("Choose the files again: browsers do not keep them."))


class DecisionForm(WithFiles):
    """``digest`` is of the version that was looked at, so that nobody decides about another one."""

    digest = forms.CharField(widget=forms.HiddenInput(), validators=[RegexValidator(r"\A[0-9a-f]{64}\Z")])
    word = forms.ChoiceField(choices=[(each, each) for each in DECISIONS])  # the name of the button
    comment = forms.CharField(
        label=gettext_lazy("Your comment"),
        max_length=LONG,
        required=False,
        widget=forms.Textarea({"rows": 5}),
        help_text=gettext_lazy("Needed when you ask for changes or reject: say what should be different."),
    )

    field_order = ("digest", "word", "comment", "uploads")

    def clean(self) -> None:
        word = self.cleaned_data.get("word")
        if word in {"request_changes", "reject"} and not self.cleaned_data.get("comment") and "comment" not in self.errors:
            self.add_error("comment", _("Say what should be different, then send it."))
        super().clean()
        if "digest" in self.errors or "word" in self.errors:
            raise ValidationError(_("This form was out of date, so nothing was decided. Look at the page again, then decide."))
