"""
Pages that save a form, such as clients, teams and people, with the actor and the reason in the
history.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline

from routing.desk.base import DeskAdmin, ModelT, actor
from routing.desk.forms import line
from routing.people.actors import Actor
from routing.people.rights import OWN_WORK
from routing.people.saving import save_with_reason
from routing.people.staff import User


class SavedForm(forms.ModelForm[Any]):
    reason = line(_("Reason"), max_length=200, required=False, help_text=_("Shown in the history."))


class SavedAdmin(DeskAdmin[ModelT]):
    form: type[forms.ModelForm[Any]] = SavedForm
    people_fields: tuple[str, ...] = ()  # foreign keys that offer only active staff
    owner_fields: tuple[str, ...] = ()  # and those that offer only staff who may own work

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change or form.changed_data:
            save_with_reason(
                obj,
                by=actor(request),
                at=timezone.now(),
                reason=form.cleaned_data.get("reason", ""),
            )

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Save the rows of an inline with the actor and the reason of their page."""
        reason, by, at = form.cleaned_data.get("reason", ""), actor(request), timezone.now()
        for row in formset.save(commit=False):
            self.keep_row(row, by=by, at=at, reason=reason)
        for row in formset.deleted_objects:
            self.drop_row(row, by=by, at=at, reason=reason)
        formset.save_m2m()

    def keep_row(self, row: Any, *, by: Actor, at: datetime, reason: str) -> None:
        save_with_reason(row, by=by, at=at, reason=reason)

    def drop_row(self, row: Any, *, by: Actor, at: datetime, reason: str) -> None:
        row._history_user, row._history_date, row._change_reason = User(pk=by.user_id), at, reason
        row.delete()

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in self.people_fields:
            kwargs["queryset"] = User.objects.staff()
        if db_field.name in self.owner_fields:
            kwargs["queryset"] = User.objects.staff().who_may(OWN_WORK)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return plain(super().formfield_for_dbfield(db_field, request, **kwargs))


class Rows(TabularInline):
    """Rows of a page, such as the members of a team."""

    extra = 0

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = plain(super().formfield_for_dbfield(db_field, request, **kwargs))
        if field is not None:
            # In a table, the heading of the column does not label the field for screen readers.
            field.widget.attrs["aria-label"] = field.label
            getattr(field.widget, "widget", field.widget).attrs["aria-label"] = field.label
        return field


def plain(field: Any) -> Any:
    """Remove the buttons beside a choice that add or change people, clients and the like."""
    for name in ("can_add_related", "can_change_related", "can_delete_related", "can_view_related"):
        if field is not None and hasattr(field.widget, name):
            setattr(field.widget, name, False)
    return field
