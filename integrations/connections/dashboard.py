"""The health of connections on the dashboard of the operations lead."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from integrations.base.connections import Connection
from routing.desk.addresses import address, page_of
from routing.desk.dashboards.declared import (
    Cell,
    DashboardPanel,
    Drawn,
    TableLine,
    add_panel,
    cell_of,
)
from routing.desk.dashboards.reading import Reading
from routing.figures.shown import shown
from routing.work.display import exact

DAYS = 7
MOST = 12
ERRORS, LATENCY, BY = "system_error_rate", "system_latency_p90", ("connection",)


def state_of(row: Connection, at: datetime) -> str:
    """Return the health of an active connection in words, empty if nothing is wrong."""
    if row.paused_until is not None and row.is_paused(at):
        return _("Paused until %(at)s") % {"at": exact(row.paused_until)}
    if row.failures:
        return _("%(count)s failures in a row") % {"count": row.failures}
    return ""


def connection_health(reading: Reading) -> Drawn:
    """Draw the active connections, those with trouble first, with their errors of a week."""
    span = reading.last_days(DAYS)
    errors = {each.keys[-1]: each for each in reading.numbers(ERRORS, BY, span)}
    latency = {each.keys[-1]: each for each in reading.numbers(LATENCY, BY, span)}
    told = [
        (state_of(row, reading.at), row) for row in Connection.objects.active().order_by("name")
    ]
    told.sort(key=lambda pair: not pair[0])
    trouble = [row for words, row in told if words]
    lines = []
    for words, row in told[:MOST]:
        healthy = _("Healthy") if row.last_ok_at else _("Not used yet")
        lines.append(
            TableLine(
                row.name,
                (
                    Cell(words or healthy),
                    cell_of(errors.get(row.slug), shown),
                    cell_of(latency.get(row.slug), shown),
                ),
                url=page_of(row),
            )
        )
    if trouble:
        headline = ngettext(
            "%(n)s of %(all)s connections has trouble: %(names)s",
            "%(n)s of %(all)s connections have trouble: %(names)s",
            len(trouble),
        ) % {
            "n": len(trouble),
            "all": len(told),
            "names": ", ".join(row.name for row in trouble[:3]),
        }
    else:
        headline = _("No connection has trouble")
    return Drawn(
        headline=headline,
        headings=(_("Connection"), _("Health"), _("Error rate, 7 days"), _("Latency, 90 %")),
        lines=lines,
        left_out=max(0, len(told) - MOST),
        empty=_("There is no active connection."),
        more=(_("All connections"), address(Connection, "changelist")),
    )


add_panel(
    DashboardPanel(
        name="connections",
        title=gettext_lazy("Connection health"),
        draw=connection_health,
        may="integrations.view_connection",
    ),
    "operations",
)
