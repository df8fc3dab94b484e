"""Absences, and the agency's default owner and backup, at the desk."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from routing.cover.absences import Absence
from routing.cover.admin_forms import AbsenceForm, AwayNowForm, EndForm, SeveralForm
from routing.cover.agency import Agency
from routing.cover.operations.absences import (
    OWN,
    CannotBeAway,
    end_absence,
    may_plan,
    save_absences,
)
from routing.cover.operations.agency import save_agency
from routing.desk.addresses import address, page_of
from routing.desk.base import actor
from routing.desk.saved import SavedAdmin
from routing.people.actors import Actor
from routing.people.staff import User, UserQuerySet
from routing.runs.cover_due import due_in
from routing.work.display import badge
from routing.work.gates import GateResult


def reader() -> ZoneInfo:
    return ZoneInfo(timezone.get_current_timezone_name())


@admin.register(Absence)
class AbsenceAdmin(SavedAdmin[Absence]):
    form = AbsenceForm
    list_display = ("user", "period", "substitute", "status")
    list_select_related = ("user", "substitute")
    list_before_template = "desk/absences.html"
    change_form_outer_before_template = "desk/absence.html"
    search_fields = ("user__full_name",)
    search_help_text = gettext_lazy("Name")
    fields = (
        "user",
        "starts_at",
        "starts_half",
        "ends_at",
        "ends_half",
        "substitute",
        "reason",
    )
    people_fields = ("user",)
    owner_fields = ("substitute",)
    empty_title = gettext_lazy("No absences")
    empty_text = gettext_lazy(
        "Add times when a person cannot take work. Absent people get no new work, and their backup "
        "covers for them."
    )

    def get_urls(self) -> list[URLPattern]:
        pages = (
            ("away-now/", self.away_now_view, "away_now"),
            ("several/", self.several_view, "several"),
            ("<path:object_id>/end/", self.end_view, "end"),
            ("<path:object_id>/due/", self.due_view, "due"),
        )
        own = [
            path(route, self.admin_site.admin_view(view), name=f"routing_absence_{name}")
            for route, view, name in pages
        ]
        return [*own, *super().get_urls()]

    # -- Who may what: people plan their own absences ----------------------------------------------

    def has_add_permission(self, request: HttpRequest) -> bool:
        by = actor(request)
        return may_plan(by, by.user_id, verb="add")

    def has_change_permission(self, request: HttpRequest, obj: Absence | None = None) -> bool:
        by = actor(request)
        return may_plan(by, obj.user_id if obj is not None else by.user_id)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if db_field.name == "user":
            field.queryset = people_to_plan(actor(request))
        return field

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"user": actor(request).user_id, **super().get_changeform_initial_data(request)}

    # -- The list and the form ---------------------------------------------------------------------

    @admin.display(description=gettext_lazy("away"), ordering="starts_at")
    def period(self, row: Absence) -> str:
        return row.in_both_zones(reader())

    @admin.display(description=gettext_lazy("status"))
    def status(self, row: Absence) -> SafeString:
        now = timezone.now()
        if row.starts_at <= now < row.ends_at:
            return badge(_("Away now"), "warn")
        if row.starts_at > now:
            return badge(_("Planned"), "info")
        return badge(_("Ended"))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        pages = {}
        if self.has_add_permission(request):
            pages = {"away_now": address(Absence, "away_now"), "many": address(Absence, "several")}
        page: HttpResponse = super().changelist_view(request, {**pages, **(extra_context or {})})
        return page

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        pages: dict[str, Any] = {"due_page": address(Absence, "due", object_id)}
        if row is not None and self._may_end(request, row):
            begun = row.starts_at <= timezone.now()
            pages |= {"end_page": address(Absence, "end", object_id), "begun": begun}
        page: HttpResponse = super().change_view(
            request, object_id, form_url, {**pages, **(extra_context or {})}
        )
        return page

    def save_model(self, request: HttpRequest, obj: Absence, form: Any, change: bool) -> None:
        """:raises ValidationError: if the absence is refused, because rows changed meanwhile"""
        if not change or form.changed_data:
            reason = form.cleaned_data.get("reason", "")
            try:
                save_absences([obj], by=actor(request), at=timezone.now(), reason=reason)
            except CannotBeAway as refusal:
                raise ValidationError(list(map(words_of, refusal.refusals))) from None
        period = obj.in_both_zones(reader())
        messages.info(request, _("%(who)s: %(period)s.") % {"who": obj.user, "period": period})

    # -- Further pages -----------------------------------------------------------------------------

    def away_now_view(self, request: HttpRequest) -> HttpResponse:
        """Ask until when the reader is away, and show what is due until then."""
        by, at = actor(request), timezone.now()
        by.require(OWN, to="enter absences")
        form = AwayNowForm(User.objects.get(pk=by.user_id), at, request.POST or None)
        if request.method == "POST" and form.is_valid():
            row, reason = form.cleaned_data["absence"], form.cleaned_data["reason"]
            if self._saved(form, [row], by, at, reason):
                return HttpResponseRedirect(address(Absence, "due", row.pk))
        context = {
            "title": _("Away from now"),
            "lead": _(
                "You get no new work from this moment on. What is due before you are back is "
                "listed next, with who covers it."
            ),
            "form": form,
            "submit": _("I am away from now"),
            "back": address(Absence, "changelist"),
        }
        return self.render(request, "desk/absence_form.html", context)

    def several_view(self, request: HttpRequest) -> HttpResponse:
        """Ask for several absences of several people, and enter all of them or none."""
        by, at = actor(request), timezone.now()
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = SeveralForm(
            people_to_plan(by), request.POST or None, initial={"people": [by.user_id]}
        )
        if request.method == "POST" and form.is_valid():
            rows = form.absences()
            if self._saved(form, rows, by, at, form.cleaned_data["reason"]):
                said = ngettext("%(n)s absence entered.", "%(n)s absences entered.", len(rows))
                messages.success(request, said % {"n": len(rows)})
                return HttpResponseRedirect(address(Absence, "changelist"))
        context = {
            "title": _("Add several absences"),
            "form": form,
            "submit": _("Add absences"),
            "back": address(Absence, "changelist"),
        }
        return self.render(request, "desk/absence_form.html", context)

    def _saved(
        self, form: forms.Form, rows: Sequence[Absence], by: Actor, at: datetime, reason: str
    ) -> bool:
        """Save the rows, or say on the form which was refused and why."""
        try:
            save_absences(rows, by=by, at=at, reason=reason)
        except CannotBeAway as refusal:
            about = {"who": refusal.row.user, "period": refusal.row.words()}
            for against in refusal.refusals:
                words = {**about, "why": words_of(against)}
                form.add_error(None, _("%(who)s, %(period)s: %(why)s") % words)
            return False
        return True

    def _may_end(self, request: HttpRequest, row: Absence) -> bool:
        may = may_plan(actor(request), row.user_id, verb="delete")
        return may and row.ends_at > timezone.now()

    def end_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """End an absence now, or remove one that has not begun."""
        row, at = self.seen(request, object_id), timezone.now()
        if not self._may_end(request, row):
            raise PermissionDenied(_("This absence has ended, or is not yours to end."))
        form, begun = EndForm(request.POST or None), row.starts_at < at
        if request.method == "POST" and form.is_valid():
            end_absence(row.pk, by=actor(request), at=at, reason=form.cleaned_data["reason"])
            said = _("%(who)s is back.") if begun else _("The absence of %(who)s was removed.")
            messages.success(request, said % {"who": row.user})
            return HttpResponseRedirect(address(Absence, "changelist"))
        context = {
            "title": _("Back now") if begun else _("Remove the absence"),
            "lead": f"{row.user}: {row.in_both_zones(reader())}.",
            "form": form,
            "submit": _("Back now") if begun else _("Remove"),
            "danger": not begun,
            "back": page_of(row),
        }
        return self.render(request, "desk/absence_form.html", context)

    def due_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show the person's work that is due in an absence, with who covers each piece."""
        row, by, at = self.seen(request, object_id), actor(request), timezone.now()
        context = {
            "title": _("Due while %(who)s is away") % {"who": row.user},
            "absence": row,
            "period": row.in_both_zones(reader()),
            "works": due_in(row, by, at),
            "back": page_of(row) if self.has_change_permission(request, row) else "",
            "all": address(Absence, "changelist"),
        }
        return self.render(request, "desk/absence_due.html", context)


def people_to_plan(by: Actor) -> UserQuerySet:
    """Return the people whose absences somebody may enter."""
    staff = User.objects.staff()
    return staff if may_plan(by, None, verb="add") else staff.filter(pk=by.user_id)


def words_of(against: GateResult) -> str:
    return str(against.message)


@admin.register(Agency)
class AgencyAdmin(SavedAdmin[Agency]):
    fields = ("name", "team", "owner", "backup", "security_owner", "reason")
    owner_fields = ("owner", "backup", "security_owner")
    heading = gettext_lazy("Default owner and backup")
    empty_title = gettext_lazy("No agency")
    empty_text = gettext_lazy(
        "Add the agency: a name, a team, and a default owner and backup for work that has no other "
        "owner. Work can then come in."
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not Agency.objects.exists()

    def save_model(self, request: HttpRequest, obj: Agency, form: Any, change: bool) -> None:
        save_agency(
            obj, by=actor(request), at=timezone.now(), reason=form.cleaned_data.get("reason", "")
        )

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Go straight to the only row."""
        only = Agency.objects.first()
        if only is not None and self.has_view_permission(request):
            return HttpResponseRedirect(page_of(only))
        page: HttpResponse = super().changelist_view(request, extra_context)
        return page
