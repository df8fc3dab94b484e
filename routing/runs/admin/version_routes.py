"""Exception routes of a flow, as rows on the page of a flow version."""

from __future__ import annotations

from datetime import timedelta

from django import forms
from django.utils.translation import gettext_lazy

from routing.desk.durations import WorkMinutes
from routing.flows.admin.version_parts import PartOfVersion
from routing.flows.admin.versions import part_of_version
from routing.runs.version_routes import DEFAULT_MINUTES, VersionRoute
from routing.sla.policies import MOST_WORKTIME


class VersionRouteForm(forms.ModelForm[VersionRoute]):
    timebox_minutes = WorkMinutes(
        label=gettext_lazy("Timebox (working minutes)"),
        least=timedelta(),
        most=MOST_WORKTIME,
        initial=DEFAULT_MINUTES,
        help_text=gettext_lazy(
            "Minutes, or a duration such as 4 h or 1 working day. Enter 0 for no timebox."
        ),
    )


@part_of_version
class RoutesOfVersion(PartOfVersion):
    model = VersionRoute
    form = VersionRouteForm
    fields = ("reason", "taker", "timebox_minutes")
    verbose_name = gettext_lazy("exception route")
    verbose_name_plural = gettext_lazy(
        "Exception routes of this flow, where those of the agency do not fit"
    )
