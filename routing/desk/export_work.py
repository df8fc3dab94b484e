"""Columns of exported lists that all kinds of work share."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from routing.desk.export_columns import ColumnType, ExportColumn
from routing.desk.waits import in_list
from routing.work.display import NOTHING
from routing.work.kinds import kind_label, state_label

RELATED = ("client", "owner", "backup", "doer", "team")


def item_of(row: Any) -> Any:
    """Return the work item of a row, or the row if it is one."""
    return getattr(row, "item", row)


def state_of(row: Any) -> str:
    item = item_of(row)
    return state_label(item.kind, row.state)


def kind_of(row: Any) -> str:
    return kind_label(item_of(row))


def waits_of(row: Any) -> str:
    """Return whom a row waits for, or nothing. The rows are those of ``for_page``."""
    said = str(in_list(row))
    return "" if said == NOTHING else said


def work_related(at: str = "item__") -> tuple[str, ...]:
    return tuple(f"{at}{each}" for each in RELATED)


def work_columns(at: str = "item.") -> tuple[ExportColumn, ...]:
    """
    Return the columns of a list of work, from ``ref`` to ``changed_at``.

    :param at: the path from a row to its work item, empty for a list of work items
    """
    instant = ColumnType.INSTANT
    return (
        ExportColumn("ref", _("reference"), f"{at}ref"),
        ExportColumn("title", _("title"), f"{at}title"),
        ExportColumn("kind", _("kind"), kind_of),
        ExportColumn("client_code", _("client code"), f"{at}client.code"),
        ExportColumn("client", _("client"), f"{at}client.name"),
        ExportColumn("state", _("state, code"), "state"),
        ExportColumn("state_words", _("state"), state_of),
        ExportColumn("held_at", _("on hold since"), f"{at}held_at", instant),
        ExportColumn("waits_for", _("waits for"), waits_of),
        ExportColumn("waiting_on", _("waiting on"), f"{at}waiting_on"),
        ExportColumn("owner", _("owner"), f"{at}owner.full_name"),
        ExportColumn("backup", _("backup"), f"{at}backup.full_name"),
        ExportColumn("assignee", _("assignee"), f"{at}doer.full_name"),
        ExportColumn("team", _("team"), f"{at}team.name"),
        ExportColumn("priority", _("priority"), f"{at}priority", ColumnType.NUMBER),
        ExportColumn("due_at", _("due"), f"{at}next_due_at", instant),
        ExportColumn("created_at", _("created"), f"{at}created_at", instant),
        ExportColumn("changed_at", _("changed"), f"{at}changed_at", instant),
    )
