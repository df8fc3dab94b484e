"""Columns that all lists of work share, from the work item of the row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from routing.desk.base import actor
from routing.desk.waits import in_list, with_waits
from routing.work import display
from routing.work.gates import Words
from routing.work.items import WorkItem, soonest
from routing.work.kinds import state_badge


def column(description: Any, relation: str, order: str) -> Callable[[Callable[..., Any]], Any]:
    """
    Return a decorator for a column that a person can choose.

    :param relation: that only this column reads, empty for none
    """

    def decorated(method: Callable[..., Any]) -> Any:
        shown: Any = admin.display(description=description, ordering=order)(method)
        if relation:
            shown.related = relation
        return shown

    return decorated


class MoreColumns:
    """Columns of the work item that a person can add to a list of rows that have one."""

    more_columns: tuple[str, ...] = ("backup", "team", "assignee", "urgency", "changed")

    @column(_("backup"), "item__backup", "item__backup__full_name")
    def backup(self, row: Any) -> Any:
        return row.item.backup or display.NOTHING

    @column(_("team"), "item__team", "item__team__name")
    def team(self, row: Any) -> Any:
        return row.item.team or display.NOTHING

    @column(_("assignee"), "item__doer", "item__doer__full_name")
    def assignee(self, row: Any) -> Any:
        return row.item.doer or display.NOTHING

    @column(_("priority"), "", "item__priority")
    def urgency(self, row: Any) -> SafeString | str:
        return display.priority(row.item)

    @column(_("changed"), "", "item__changed_at")
    def changed(self, row: Any) -> SafeString | str:
        return display.when(row.item.changed_at)


class MoreWorkColumns:
    """Columns that a person can add to the list of all work."""

    more_columns: tuple[str, ...] = ("backup", "team", "assignee", "since", "changed")

    @column(_("backup"), "backup", "backup__full_name")
    def backup(self, item: WorkItem) -> Any:
        return item.backup or display.NOTHING

    @column(_("team"), "team", "team__name")
    def team(self, item: WorkItem) -> Any:
        return item.team or display.NOTHING

    @column(_("assignee"), "doer", "doer__full_name")
    def assignee(self, item: WorkItem) -> Any:
        return item.doer or display.NOTHING

    @column(_("since"), "", "created_at")
    def since(self, item: WorkItem) -> SafeString | str:
        return display.when(item.created_at)

    @column(_("changed"), "", "changed_at")
    def changed(self, item: WorkItem) -> SafeString | str:
        return display.when(item.changed_at)


class WorkColumns(MoreColumns):
    def for_page(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        return with_waits(rows, actor(request))

    @admin.display(description=_("waits for"))
    def waits(self, row: Any) -> Words:
        return in_list(row)

    @admin.display(description=_("work"), ordering="item__id")
    def what(self, row: Any) -> SafeString:
        return display.named(row.item)

    @admin.display(description=_("client"), ordering="item__client__name")
    def client(self, row: Any) -> Any:
        return row.item.client or display.NOTHING

    @admin.display(description=_("state"), ordering="state")
    def state_name(self, row: Any) -> SafeString:
        return format_html("{} {}", state_badge(row.item.kind, row.state), display.hold(row.item))

    @admin.display(description=_("owner"), ordering="item__owner__full_name")
    def owner(self, row: Any) -> Any:
        return row.item.owner or display.NOTHING

    @admin.display(description=_("due"), ordering=soonest("item__"))
    def due_at(self, row: Any) -> SafeString | str:
        return display.due(row.item)

    @admin.display(description=_("since"), ordering="item__created_at")
    def age(self, row: Any) -> SafeString | str:
        return display.when(row.item.created_at)
