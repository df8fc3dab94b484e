"""Destinations at the desk: where each client's finished work goes."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.desk.base import actor
from routing.desk.forms import choice
from routing.desk.found_filters import OfClientDirectly
from routing.desk.saved import SavedAdmin, SavedForm
from routing.people.destinations import Destination
from routing.people.registry import PlaceKind, destination_kinds
from routing.work.display import badge
from routing.work.visibility import clients_seen_by


class DestinationForm(SavedForm):
    """
    Form in which kinds and connections are chosen from those that a package registered. Without
    any, they are text fields.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = destination_kinds()
        if known and "kind" in self.fields:
            kinds = [(each.kind, each.label) for each in known]
            self.fields["kind"] = self._choice("kind", kinds)
            connections: list[tuple[str, Any]] = [("", _("The only connection of this kind"))]
            for each in known:
                for slug, name in each.connections:
                    connections.append((slug, f"{each.label}: {name}"))
            self.fields["connection"] = self._choice("connection", connections, required=False)

    def _choice(
        self, name: str, choices: list[tuple[str, Any]], **options: Any
    ) -> forms.ChoiceField:
        field, now = self.fields[name], getattr(self.instance, name)
        # A destination keeps its place after that was switched off, or saving would change it.
        if now and now not in dict(choices):
            choices.append((now, _("%(name)s (inactive)") % {"name": now}))
        return choice(
            field.label,
            choices,
            help_text="" if name == "connection" else field.help_text,
            **options,
        )

    def clean(self) -> Any:
        data = super().clean() or self.cleaned_data
        known: dict[str, PlaceKind] = {each.kind: each for each in destination_kinds()}
        kind, connection = known.get(data.get("kind", "")), data.get("connection", "")
        if (
            kind
            and connection
            and connection not in dict(kind.connections)
            and connection != self.initial.get("connection")
        ):
            self.add_error(
                "connection", _("This connection is not of kind %(kind)s.") % {"kind": kind.label}
            )
        return data


@admin.register(Destination)
class DestinationAdmin(SavedAdmin[Destination]):
    form = DestinationForm
    list_display = (
        "name",
        "client",
        "kind",
        "connection",
        "post_type",
        "path",
        "publishes_on_approval",
        "in_use",
    )
    list_filter = ("is_active", "kind", OfClientDirectly)
    list_select_related = ("client",)
    search_fields = ("name", "client__code", "client__name")
    search_help_text = gettext_lazy("Name or client")
    ordering = ("client__name", "name")
    fields = (
        "client",
        "name",
        "kind",
        "connection",
        "post_type",
        "path",
        "publishes_on_approval",
        "is_active",
        "reason",
    )
    empty_title = gettext_lazy("No destinations")
    empty_text = gettext_lazy(
        "Add places for a client's finished work. Briefs can then choose them."
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).filter(client__in=clients_seen_by(actor(request)))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("client",) if obj else ()  # its deliverables are that client's

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "client":
            kwargs["queryset"] = clients_seen_by(actor(request))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    @admin.display(description=gettext_lazy("active"), ordering="is_active")
    def in_use(self, row: Destination) -> SafeString:
        return badge(_("Active"), "good") if row.is_active else badge(_("Inactive"))
