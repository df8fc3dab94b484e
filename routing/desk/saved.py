"""
Pages that save a form, such as clients, teams and people, with the actor and the reason in the
history.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline

from routing.desk.base import DeskAdmin, ModelT, actor
from routing.desk.forms import line
from routing.desk.json_text import JSONText
from routing.kernel.constraints import labels, reason_of, trading_places
from routing.kernel.entered import Day, Lines, OneLine
from routing.people.actors import Actor
from routing.people.addresses import LineField
from routing.people.rights import OWN_WORK
from routing.people.saving import save_with_reason
from routing.people.staff import User

_ENTERED: dict[Any, type[forms.Field]] = {
    models.JSONField: JSONText,
    models.CharField: OneLine,
    LineField: OneLine,
    models.TextField: Lines,
    models.DateField: Day,
}


class KeepsInput(forms.BaseForm):
    """
    A form that is shown again with everything that was entered when it could not be saved.

    ``refusal`` is the reason. The page sets it on the class that it made for one request.
    """

    refusal: ClassVar[str] = ""

    def full_clean(self) -> None:
        super().full_clean()
        if self.refusal and self.is_bound:
            self.add_error(None, self.refusal)


class SavedForm(KeepsInput, forms.ModelForm[Any]):
    reason = line(_("Reason"), max_length=200, required=False, help_text=_("Shown in the history."))


class SavedAdmin(DeskAdmin[ModelT]):
    form: type[forms.ModelForm[Any]] = SavedForm
    people_fields: tuple[str, ...] = ()  # foreign keys that offer only active staff
    owner_fields: tuple[str, ...] = ()  # and those that offer only staff who may own work

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm[Any]]:
        form: Any = super().get_form(request, obj, change, **kwargs)
        form.refusal = refusal_of(request)
        made: type[forms.ModelForm[Any]] = form
        return made

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Save the form, or show it again with what was entered and why it was refused."""
        page: HttpResponse
        try:
            page = super().changeform_view(request, object_id, form_url, extra_context)
        except (IntegrityError, ValidationError) as error:
            # The form was valid, but rows changed before it was saved, or only the database sees
            # what is wrong. Everything was rolled back.
            refuse(request, self.refusal_because(request, error))
            page = super().changeform_view(request, object_id, form_url, extra_context)
            page.status_code = HTTPStatus.CONFLICT
        return page

    def refusal_because(self, request: HttpRequest, error: IntegrityError | ValidationError) -> str:
        """Return why the page was not saved, as a sentence."""
        if isinstance(error, ValidationError):
            return gettext("Not saved: %(why)s") % {"why": " ".join(error.messages)}
        return gettext("Not saved: %(why)s") % {"why": reason_of(error)}

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
        rows = formset.save(commit=False)
        with trading_places(formset.model):
            # Deleted first: a new row may take the place of an old one.
            for row in formset.deleted_objects:
                self.drop_row(row, by=by, at=at, reason=reason)
            for row in rows:
                self.keep_row(row, by=by, at=at, reason=reason)
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
        kwargs |= form_class_of(db_field)
        return plain(super().formfield_for_dbfield(db_field, request, **kwargs))


POSITION = "position"


class RowsFormSet(BaseInlineFormSet[Any, Any, Any]):
    """
    Rows whose duplicates are described in plain words. A row without a position becomes the last.
    """

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        if POSITION in form.fields:
            form.fields[POSITION].required = False
            form.fields[POSITION].widget.attrs["placeholder"] = gettext("last")
            if form.instance._state.adding:
                form.initial[POSITION] = None

    def clean(self) -> None:
        self._place()
        super().clean()

    def _place(self) -> None:
        """Give rows without a position those after the last."""
        placed = [form for form in self.forms if POSITION in form.fields]
        entered = [
            form
            for form in placed
            if form.is_valid() and form.has_changed() and form not in self.deleted_forms
        ]
        known = [form.instance.position for form in placed if form.instance.pk or form in entered]
        last = max((position for position in known if position is not None), default=0)
        for form in entered:
            if form.cleaned_data[POSITION] is None:
                last += 1
                form.instance.position = form.cleaned_data[POSITION] = last

    def get_unique_error_message(self, unique_check: Sequence[str]) -> str:
        names = [name for name in unique_check if name != self.fk.name]
        said = gettext("Two rows have the same %(fields)s. Change one of them.")
        return said % {"fields": labels(self.form._meta.model, names)}


class Rows(TabularInline):
    """Rows of a page, such as the members of a team."""

    extra = 0
    formset = RowsFormSet

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs |= form_class_of(db_field)
        field = plain(super().formfield_for_dbfield(db_field, request, **kwargs))
        if field is not None:
            # In a table, the heading of the column does not label the field for screen readers.
            field.widget.attrs["aria-label"] = field.label
            getattr(field.widget, "widget", field.widget).attrs["aria-label"] = field.label
        return field


def refuse(request: HttpRequest, because: str) -> None:
    """Keep the input of this request on its page, with the reason why it was not saved."""
    request.refusal = because  # type: ignore[attr-defined]


def refusal_of(request: HttpRequest) -> str:
    return str(getattr(request, "refusal", ""))


def form_class_of(column: Any) -> dict[str, Any]:
    """Return our own class of field for what people type into this column."""
    for kind, made in _ENTERED.items():
        # A subclass, such as a slug or an address, has checks of its own.
        if type(column) is kind or (kind is models.JSONField and isinstance(column, kind)):
            return {"form_class": made}
    return {}


def plain(field: Any) -> Any:
    """Remove the buttons beside a choice that add or change people, clients and the like."""
    for name in ("can_add_related", "can_change_related", "can_delete_related", "can_view_related"):
        if field is not None and hasattr(field.widget, name):
            setattr(field.widget, name, False)
    return field
