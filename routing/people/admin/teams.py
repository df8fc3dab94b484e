"""Teams at the desk."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from routing.desk.saved import Rows, SavedAdmin
from routing.people.staff import Team, TeamMembership, User


class Members(Rows):
    model = TeamMembership
    fields = ("user",)
    verbose_name = _("member")
    verbose_name_plural = _("members")

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "user":
            kwargs["queryset"] = User.objects.staff()
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


@admin.register(Team)
class TeamAdmin(SavedAdmin[Team]):
    list_display = ("name", "lead", "size")
    list_select_related = ("lead",)
    search_fields = ("name",)
    fields = ("name", "lead", "reason")
    owner_fields = ("lead",)
    inlines = (Members,)
    empty_title = _("No teams")
    empty_text = _("Add a team and its lead. Clients and work belong to teams.")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(people=Count("members"))

    @admin.display(description=_("people"), ordering="people")
    def size(self, team: Any) -> int:
        return int(team.people)
