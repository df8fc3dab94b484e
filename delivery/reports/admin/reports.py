"""Kept reports and their schedules at the desk."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget

from delivery.reports.admin.run_report import attached
from delivery.reports.forms import TYPES, form_of
from delivery.reports.models import Report, ReportRecipient, ReportSchedule
from delivery.reports.months import BadMonth, ClientMonth
from delivery.reports.operations.making import (
    ANY_CLIENT,
    LONGEST_REASON,
    WITHDRAW,
    TooEarly,
    make_report,
    save_schedule,
    withdraw_report,
)
from routing.desk.addresses import address, page_of
from routing.desk.base import DeskAdmin, actor
from routing.desk.form_tokens import claim_form
from routing.desk.forms import line, long_text
from routing.desk.saved import Rows, SavedAdmin
from routing.people.clients import Client
from routing.people.staff import User
from routing.work.display import badge, when
from routing.work.visibility import clients_seen_by, contacts_seen_by


class NewReportForm(forms.Form):
    client = forms.ModelChoiceField(
        Client.objects.none(), label=gettext_lazy("Client"), widget=UnfoldAdminSelectWidget()
    )
    month = line(gettext_lazy("Month"), max_length=7, help_text=gettext_lazy("Written as 2026-11."))


class WithdrawReportForm(forms.Form):
    reason = long_text(
        gettext_lazy("Reason"),
        error=gettext_lazy("Enter a reason."),
        rows=3,
        max_length=LONGEST_REASON,
    )


@admin.register(Report)
class ReportAdmin(DeskAdmin[Report]):
    list_display = ("client", "of_month", "state", "when_made", "made_by")
    list_select_related = ("client", "made_by")
    list_filter = (("client", admin.RelatedOnlyFieldListFilter),)
    search_fields = ("client__code", "client__name")
    search_help_text = gettext_lazy("Client")
    ordering = ("-made_at", "-id")
    empty_title = gettext_lazy("No reports yet")
    empty_text = gettext_lazy(
        "Reports of clients are kept here. Add a schedule, and each month's report is made and "
        "sent by itself, or make one now."
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        seen = clients_seen_by(actor(request))
        return super().get_queryset(request).filter(client__in=seen)

    def get_urls(self) -> list[URLPattern]:
        guarded = self.admin_site.admin_view
        pages = [
            path(
                f"<path:object_id>/report.{form}",
                guarded(partial(self.file_view, form=form)),
                name=f"delivery_report_{form}",
            )
            for form in TYPES
        ]
        withdrawal = guarded(self.withdrawal_view)
        return [
            path("<path:object_id>/withdrawal/", withdrawal, name="delivery_report_withdrawal"),
            *pages,
            *super().get_urls(),
        ]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Make the report of a month now. It is kept, and not sent."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = NewReportForm(request.POST if request.method == "POST" else None)
        field: Any = form.fields["client"]
        field.queryset = own_clients(request)
        with claim_form(request, "report") as sent:
            if sent.before:
                return HttpResponseRedirect(sent.before)
            made = self.made_from(request, form) if form.is_bound and form.is_valid() else None
            if made is not None:
                sent.leads_to(page_of(made))
                return HttpResponseRedirect(page_of(made))
        context = {
            "title": _("New monthly report"),
            "form": form,
            "token": sent.token,
            "submit": _("Make report"),
            "back": address(Report, "changelist"),
        }
        return self.render(request, "desk/form.html", context)

    def made_from(self, request: HttpRequest, form: NewReportForm) -> Report | None:
        client = form.cleaned_data["client"]
        try:
            month = ClientMonth.of(form.cleaned_data["month"], client.timezone)
            made = make_report(client, month, by=actor(request), at=timezone.now())
        except (BadMonth, TooEarly) as error:
            form.add_error("month", str(error))
            return None
        messages.success(request, _("The report was made and kept. It was not sent."))
        return made

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        row = self.seen(request, object_id)
        if request.method == "POST":
            raise PermissionDenied
        withdrawable = row.withdrawn_at is None and self.may_withdraw(request, row)
        context = {
            "title": str(row),
            "original": row,
            "report": words_of(row),
            "back": address(Report, "changelist"),
            "files": [(form.upper(), address(Report, form, row.pk)) for form in TYPES],
            "withdrawal": address(Report, "withdrawal", row.pk) if withdrawable else "",
        }
        return self.render(request, "desk/kept_report.html", context)

    def may_withdraw(self, request: HttpRequest, row: Report) -> bool:
        mine = own_clients(request).filter(pk=row.client_id)
        return actor(request).may(WITHDRAW) and bool(mine.exists())

    def file_view(self, request: HttpRequest, object_id: str, form: str) -> HttpResponse:
        row = self.seen(request, object_id)
        body = form_of(form, words_of(row), row.data, row.made_at)
        return attached(body, f"{row.client.code.lower()}-{row.name}.{form}", TYPES[form])

    def withdrawal_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row, by = self.seen(request, object_id), actor(request)
        by.require(WITHDRAW, to=_("withdraw reports"))
        form = WithdrawReportForm(request.POST if request.method == "POST" else None)
        if form.is_bound and form.is_valid():
            reason = form.cleaned_data["reason"]
            try:
                withdraw_report(row.pk, by=by, at=timezone.now(), reason=reason)
            except ValidationError as error:
                form.add_error(None, error)
            else:
                messages.success(request, _("The report was withdrawn."))
                return HttpResponseRedirect(page_of(row))
        context = {
            "title": _("Withdraw %(report)s") % {"report": row},
            "original": row,
            "form": form,
            "submit": _("Withdraw report"),
            "back": page_of(row),
        }
        return self.render(request, "desk/form.html", context)

    @admin.display(description=gettext_lazy("month"), ordering="month")
    def of_month(self, row: Report) -> str:
        return row.name

    @admin.display(description=gettext_lazy("state"))
    def state(self, row: Report) -> SafeString:
        if row.withdrawn_at is not None:
            return badge(_("Withdrawn"), "bad")
        if row.schedule_id is None:
            return badge(_("Made by hand"))
        return badge(_("Sent late"), "warn") if row.is_late else badge(_("Sent"), "good")

    @admin.display(description=gettext_lazy("made"), ordering="made_at")
    def when_made(self, row: Report) -> SafeString | str:
        return when(row.made_at)


def own_clients(request: HttpRequest) -> Any:
    """Return the clients for which this person may make and withdraw reports."""
    by = actor(request)
    seen = clients_seen_by(by)
    if by.may(ANY_CLIENT):
        return seen
    mine = seen.filter(owner=by.user_id) | seen.filter(backup=by.user_id)
    return mine | seen.filter(team__in=sorted(by.team_ids))


def words_of(row: Report) -> dict[str, Any]:
    """Return the words of a report, with the notice that it was withdrawn, if it was."""
    words: dict[str, Any] = dict(row.words)
    if row.withdrawn_at is not None:
        words["notice"] = _("Withdrawn: %(why)s") % {"why": row.withdrawn_reason}
    return words


class RecipientRows(Rows):
    model = ReportRecipient
    fields = ("user", "contact", "role")

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "user":
            kwargs["queryset"] = User.objects.staff()
        elif db_field.name == "contact":
            seen = contacts_seen_by(actor(request)).filter(erased_at=None)
            kwargs["queryset"] = seen.exclude(email="").filter(memberships__isnull=False).distinct()
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


@admin.register(ReportSchedule)
class ReportScheduleAdmin(SavedAdmin[ReportSchedule]):
    list_display = ("client", "day", "hour", "when_next", "active")
    list_select_related = ("client",)
    search_fields = ("client__code", "client__name")
    search_help_text = gettext_lazy("Client")
    ordering = ("client__name", "id")
    fields = ("client", "day", "hour", "is_active", "reason")
    inlines = (RecipientRows,)
    empty_title = gettext_lazy("No report schedules")
    empty_text = gettext_lazy(
        "Add a schedule for a client, such as the 1st at 8:00, with the people, roles and contacts "
        "who get its monthly report by e-mail."
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        seen = clients_seen_by(actor(request))
        return super().get_queryset(request).filter(client__in=seen)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "client":
            kwargs["queryset"] = clients_seen_by(actor(request))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change or form.changed_data:
            reason = form.cleaned_data.get("reason", "")
            save_schedule(obj, by=actor(request), at=timezone.now(), reason=reason)

    @admin.display(description=gettext_lazy("next report"), ordering="next_at")
    def when_next(self, row: ReportSchedule) -> SafeString | str:
        at: datetime | None = row.next_at
        return when(at) if row.is_active else "–"

    @admin.display(description=gettext_lazy("active"), ordering="is_active")
    def active(self, row: ReportSchedule) -> SafeString:
        return badge(_("Active"), "good") if row.is_active else badge(_("Inactive"))
