"""Columns that all lists of work share, from the work item of the row."""

from __future__ import annotations

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
from routing.work.items import soonest
from routing.work.kinds import state_badge


class WorkColumns:
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
