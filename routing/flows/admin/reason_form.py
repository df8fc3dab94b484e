"""The form of a step that takes only a reason."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from routing.desk.forms import long_text


class ReasonForm(forms.Form):
    reason = long_text(_("Reason"), error=_("Enter a reason."), rows=3, max_length=200)
