"""Exception routing at the desk: the owner and the timebox of each reason code."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.desk.addresses import address
from routing.desk.base import actor
from routing.desk.durations import WorkMinutes
from routing.desk.forms import line
from routing.desk.saved import KeepsInput, SavedAdmin
from routing.people.saving import save_with_reason
from routing.runs.exceptions import ExceptionCase, ExceptionRoute
from routing.sla.policies import MOST_WORKTIME


class RouteForm(KeepsInput, forms.ModelForm[ExceptionRoute]):
    """Form of a route. ``reason`` is its code, so the reason for the history is called ``why``."""

    timebox_minutes = WorkMinutes(
        label=gettext_lazy("Timebox (working minutes)"),
        least=timedelta(),
        most=MOST_WORKTIME,
        help_text=gettext_lazy(
            "Minutes, or a duration such as 4 h or 1 working day. Enter 0 for no timebox."
        ),
    )
    why = line(
        gettext_lazy("Reason"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("Shown in the history."),
    )


@admin.register(ExceptionRoute)
class ExceptionRouteAdmin(SavedAdmin[ExceptionRoute]):
    list_display = ("reason_name", "taker", "timebox", "cases")
    search_fields = ("reason",)
    search_help_text = gettext_lazy("Reason code")
    form = RouteForm
    fields = ("reason", "taker", "timebox_minutes", "why")
    empty_title = gettext_lazy("No exception routes")
    empty_text = gettext_lazy(
        "Each reason code needs a route. Without one, stopped runs have no owner."
    )

    def save_model(
        self, request: HttpRequest, obj: ExceptionRoute, form: Any, change: bool
    ) -> None:
        if not change or form.changed_data:
            save_with_reason(
                obj, by=actor(request), at=timezone.now(), reason=form.cleaned_data["why"]
            )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("reason",) if obj else ()

    @admin.display(description=gettext_lazy("reason"), ordering="reason")
    def reason_name(self, row: ExceptionRoute) -> str:
        return row.get_reason_display()

    @admin.display(description=gettext_lazy("timebox"), ordering="timebox_minutes")
    def timebox(self, row: ExceptionRoute) -> str:
        return row.timebox_in_words

    @admin.display(description=gettext_lazy("open exceptions"))
    def cases(self, row: ExceptionRoute) -> SafeString:
        url = f"{address(ExceptionCase, 'changelist')}?whose=all&reason__exact={row.reason}"
        return format_html(
            '<a class="tl-link" href="{}">{}<span class="tl-sr"> {}</span></a>',
            url,
            _("Show"),
            row.get_reason_display(),
        )
