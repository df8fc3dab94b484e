"""Forms of steps on flows: a reason and, to switch a flow on, what becomes of its events."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget

from routing.desk.forms import long_text


class ReasonForm(forms.Form):
    reason = long_text(_("Reason"), error=_("Enter a reason."), rows=3, max_length=200)


class SwitchOnForm(ReasonForm):
    RELEASE, REJECT = "release", "reject"

    waiting = forms.ChoiceField(
        label=_("Waiting events"),
        choices=(
            (RELEASE, _("Release them: each starts or joins its run")),
            (REJECT, _("Reject them: they start nothing")),
        ),
        initial=RELEASE,
        widget=UnfoldAdminSelectWidget,
    )
