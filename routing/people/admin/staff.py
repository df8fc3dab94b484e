"""The people of the agency at the desk."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.cover.operations.leaving import (
    CannotLeave,
    deactivate,
    reactivate,
    set_roles,
)
from routing.cover.succession import held_by
from routing.desk.addresses import address, page_of
from routing.desk.base import actor
from routing.desk.saved import SavedAdmin
from routing.kernel.roles import Role
from routing.people.admin.staff_forms import LeaveForm, PersonForm, ReturnForm
from routing.people.clients import Client
from routing.people.rights import OWN_WORK
from routing.people.staff import Team, User
from routing.work.display import badge
from routing.work.items import WorkItem

SHOWN = 50


@admin.register(User)
class UserAdmin(SavedAdmin[User]):
    form = PersonForm
    heading = gettext_lazy("People")
    list_display = ("full_name", "email", "role_names", "team_names", "timezone", "status")
    list_filter = ("is_active", "groups", "teams")
    search_fields = ("full_name", "email")
    search_help_text = gettext_lazy("Name or e-mail")
    fields = ("full_name", "email", "timezone", "roles", "reason")
    change_form_outer_before_template = "desk/person.html"

    def get_queryset(self, request: HttpRequest) -> Any:
        return (
            User.objects.people()
            .filter(is_staff=True)
            .order_by("full_name")
            .prefetch_related("groups", "teams")
        )

    def get_urls(self) -> list[URLPattern]:
        leave = self.admin_site.admin_view(self.leave_view)
        back = self.admin_site.admin_view(self.return_view)
        return [
            path("<path:object_id>/deactivate/", leave, name="routing_user_deactivate"),
            path("<path:object_id>/reactivate/", back, name="routing_user_reactivate"),
            *super().get_urls(),
        ]

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        # Otherwise an operations lead could change the address of a superuser and sign in as them.
        above = obj is not None and obj.is_superuser and not request.user.is_superuser
        return bool(super().has_change_permission(request, obj)) and not above

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        by, at, reason = actor(request), timezone.now(), form.cleaned_data["reason"]
        if not change:
            obj.is_staff = True
            # People choose their own password, with the link for a forgotten one.
            obj.set_unusable_password()
        with transaction.atomic():
            if not change or {"full_name", "email", "timezone"} & set(form.changed_data):
                super().save_model(request, obj, form, change)
            if not change or "roles" in form.changed_data:
                set_roles(
                    obj,
                    [Role(role) for role in form.cleaned_data["roles"]],
                    by=by,
                    at=at,
                    reason=reason,
                )
        self.warn_of_work(request, obj)

    def warn_of_work(self, request: HttpRequest, person: User) -> None:
        """Say what a person still owns whose roles cannot own work."""
        if User.objects.people().who_may(OWN_WORK).filter(pk=person.pk).exists():
            return
        owned = Q(owner=person) | Q(backup=person)
        items, rows = WorkItem.objects.filter(owned, is_open=True).count(), held_by(person)
        if items or rows:
            text = _(
                "%(who)s has no role that can own work, and still owns or backs up %(items)s open "
                "items and %(rows)s clients, teams and settings. Reassign them."
            )
            values = {"who": person, "items": items, "rows": len(rows)}
            messages.warning(request, text % values)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        may = actor(request).may("routing.change_user")
        steps = {
            "leaving": address(User, "deactivate", object_id) if may else "",
            "returning": address(User, "reactivate", object_id) if may else "",
        }
        page: HttpResponse = super().change_view(
            request, object_id, form_url, {**steps, **(extra_context or {})}
        )
        return page

    def leave_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show what the successor takes over, then deactivate the person."""
        by = actor(request)
        by.require("routing.change_user", to="deactivate people")
        person = self.seen(request, object_id)
        form = LeaveForm(person, request.POST or None)
        stuck: list[Any] = []
        if request.method == "POST" and person.is_active and form.is_valid():
            heir = form.cleaned_data["heir"]
            try:
                moved = deactivate(
                    person, heir=heir, by=by, at=timezone.now(), reason=form.cleaned_data["reason"]
                )
            except CannotLeave as refusal:
                stuck = [(result.row, result.refusals) for result in refusal.results]
            else:
                text = _("Deactivated %(who)s. %(count)s open items went to %(heir)s.")
                messages.success(request, text % {"who": person, "count": moved, "heir": heir})
                return HttpResponseRedirect(page_of(person))
        context = {
            "title": _("Deactivate %(who)s") % {"who": person},
            "person": person,
            "form": form,
            "stuck": stuck[:SHOWN],
            "submit": _("Deactivate"),
            "danger": True,
            "back": page_of(person),
            **_places(person),
        }
        return self.render(request, "desk/leave.html", context, status=409 if stuck else 200)

    def return_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for a reason, then let a person who left sign in again."""
        by = actor(request)
        by.require("routing.change_user", to="reactivate people")
        person = self.seen(request, object_id)
        form = ReturnForm(request.POST or None)
        if person.is_active:
            messages.info(request, _("%(who)s is active.") % {"who": person})
            return HttpResponseRedirect(page_of(person))
        if request.method == "POST" and form.is_valid():
            reactivate(person, by=by, at=timezone.now(), reason=form.cleaned_data["reason"])
            text = _("%(who)s can sign in again, with the same roles: %(roles)s.")
            roles = self.role_names(person) or _("none")
            messages.success(request, text % {"who": person, "roles": roles})
            return HttpResponseRedirect(page_of(person))
        context = {
            "title": _("Reactivate %(who)s") % {"who": person},
            "person": person,
            "roles": self.role_names(person),
            "form": form,
            "submit": _("Reactivate"),
            "back": page_of(person),
        }
        return self.render(request, "desk/return.html", context)

    @admin.display(description=gettext_lazy("roles"))
    def role_names(self, user: User) -> str:
        return ", ".join(
            str(Role(group.name).label) for group in user.groups.all() if group.name in Role.values
        )

    @admin.display(description=gettext_lazy("teams"))
    def team_names(self, user: User) -> str:
        return ", ".join(team.name for team in user.teams.all())

    @admin.display(description=gettext_lazy("status"), ordering="is_active")
    def status(self, user: User) -> str:
        return badge(_("Active"), "good") if user.is_active else badge(_("Left"))


def _places(person: User) -> dict[str, Any]:
    """Return a person's responsibilities: open work, clients, teams and other configuration."""
    items = WorkItem.objects.filter(
        Q(owner=person) | Q(backup=person) | Q(doer=person), is_open=True
    )
    rows = held_by(person)
    return {
        "count": items.count(),
        "items": items.order_by("next_due_at", "id")[:SHOWN],
        "clients": [row for row in rows if isinstance(row, Client)],
        "teams": [row for row in rows if isinstance(row, Team)],
        "others": [
            (row._meta.verbose_name, row) for row in rows if not isinstance(row, Client | Team)
        ],
    }
