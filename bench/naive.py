"""
The lists as one writes them first: an admin of the same site, with the same columns and filters,
over copies of the same rows.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import models
from django.db.models import Q
from django.http import HttpRequest
from django.utils.html import format_html
from unfold.admin import ModelAdmin

from delivery.requests.models import Request
from routing.desk.base import actor
from routing.people.clients import Client
from routing.people.staff import User
from routing.work import display
from routing.work.items import WorkItem
from routing.work.kinds import kind_label, state_badge
from routing.work.visibility import visible_work


class NaiveItem(models.Model):
    ref = models.CharField("reference", max_length=24, unique=True)
    kind = models.CharField(max_length=32)
    title = models.CharField(max_length=200)
    client = models.ForeignKey(Client, on_delete=models.PROTECT, null=True, related_name="+")
    owner = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    backup = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    doer = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=32)
    is_open = models.BooleanField("open")
    held_at = models.DateTimeField(null=True)
    waiting_on = models.CharField("waiting on", max_length=10, choices=WorkItem.WaitingOn)
    priority = models.PositiveSmallIntegerField(choices=WorkItem.Priority)
    next_due_at = models.DateTimeField("due", null=True)
    created_at = models.DateTimeField("captured")

    class Meta:
        app_label = "routing"
        db_table = "naive_item"
        managed = False

    def __str__(self) -> str:
        return f"{self.ref} {self.title}"


class NaiveRequest(models.Model):
    item = models.OneToOneField(NaiveItem, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=20, choices=Request.State)
    kind = models.CharField(max_length=10, choices=Request.Kind)

    class Meta:
        app_label = "routing"
        db_table = "naive_request"
        managed = False

    def __str__(self) -> str:
        return str(self.item)


class NaiveAdmin(ModelAdmin):
    list_per_page = 50
    way = ""  # to the work item

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return actor(request).may("routing.view_workitem")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    has_add_permission = has_delete_permission = has_change_permission

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).filter(_from(visible_work(actor(request)), self.way))

    @admin.display(description="work")
    def what(self, row: Any) -> Any:
        item = getattr(row, "item", row)
        return format_html(
            '<span class="tl-ref">{}</span> <span class="tl-name">{}</span>', item.ref, item.title
        )

    @admin.display(description="state")
    def state_name(self, row: Any) -> Any:
        item = getattr(row, "item", row)
        return format_html("{} {}", state_badge(item.kind, row.state), display.hold(item))

    @admin.display(description="kind")
    def kind_name(self, row: Any) -> str:
        return kind_label(row)

    @admin.display(description="waiting on")
    def waiting(self, row: Any) -> str:
        item = getattr(row, "item", row)
        return item.get_waiting_on_display() if item.is_open else display.NOTHING

    @admin.display(description="priority")
    def urgency(self, row: Any) -> Any:
        return display.priority(getattr(row, "item", row))

    @admin.display(description="due")
    def due_at(self, row: Any) -> Any:
        return display.due(getattr(row, "item", row))

    @admin.display(description="client")
    def of_client(self, row: Any) -> Any:
        return row.item.client or display.NOTHING

    @admin.display(description="owner")
    def of_owner(self, row: Any) -> Any:
        return row.item.owner

    @admin.display(description="captured")
    def age(self, row: Any) -> Any:
        return display.when(row.item.created_at)


def _from(condition: Q | None, way: str) -> Q:
    """A condition on a work item, from where the list's model stands."""
    if condition is None:
        return Q()
    moved: list[Q | tuple[str, Any]] = []
    for part in condition.children:
        if isinstance(part, Q):
            moved.append(_from(part, way))
        else:
            assert isinstance(part, tuple)
            moved.append((way + part[0], part[1]))
    return Q(*moved, _connector=condition.connector, _negated=condition.negated)


class NaiveItemAdmin(NaiveAdmin):
    list_display = (
        "what",
        "client",
        "kind_name",
        "state_name",
        "owner",
        "waiting",
        "urgency",
        "due_at",
    )
    list_filter = ("is_open", "client", "waiting_on", "priority")
    search_fields = ("ref", "title", "client__code", "client__name")
    ordering = ("next_due_at", "id")


class NaiveRequestAdmin(NaiveAdmin):
    way = "item__"
    list_display = (
        "what",
        "of_client",
        "state_name",
        "of_owner",
        "waiting",
        "urgency",
        "due_at",
        "age",
    )
    list_filter = (
        "item__is_open",
        "state",
        "item__client",
        "item__waiting_on",
        "item__priority",
        "kind",
    )
    search_fields = ("item__ref", "item__title", "item__client__code", "item__client__name")
    ordering = ("item__next_due_at", "item_id")


def register() -> None:
    admin.site.register(NaiveItem, NaiveItemAdmin)
    admin.site.register(NaiveRequest, NaiveRequestAdmin)
