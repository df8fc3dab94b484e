"""Pages of figures: the rows of one, dashboards, and the reports in the portal."""

from __future__ import annotations

from collections.abc import Callable, Collection

from tests.walk.stage import Stage, Walker
from tests.walk.visits import DENIED, HIDDEN, SEEN, Visit, listed, staff_only


def figure_rows(base: str) -> list[str]:
    """The rows of a figure, of everybody's work and of the hidden client's."""
    span = "2026-01-01T00:00:00Z/2027-01-01T00:00:00Z"
    pages = [f"{base}figures/rows/open_work/{span}/{where}/" for where in ("all", "client=SEC")]
    return [*pages, *(f"{page}?format=json" for page in pages)]


def dashboards(stage: Stage) -> list[Visit]:
    """Each dashboard, of everybody's work and with what counts apart."""
    needed = {
        "operations": "routing.see_operations_workitem",
        "leadership": "routing.see_leadership_workitem",
        "clients": "routing.own_workitem",
    }
    found = [Visit("/admin/dashboards/none/", lambda walker: staff_only(walker, HIDDEN))]
    for name, permission in needed.items():
        base = f"/admin/dashboards/{name}/"
        found += [Visit(base + query, listed(permission)) for query in ("", "?apart=1")]
    ours = lambda walker: staff_only(walker, SEEN | DENIED)  # noqa: E731  # who is in a team
    return [*found, Visit("/admin/dashboards/team/?apart=1", ours)]


def portal_reports(stage: Stage) -> list[Visit]:
    """The report of each client, which is not there for the people of another."""
    found = []
    for name, rows in stage.rows.items():
        base = f"/portal/reports/{rows.ids['delivery.report']}/"
        forms = [f"report.{form}" for form in ("html", "pdf", "csv")]
        found += [Visit(base + tail, _report_of_client(name)) for tail in ("", *forms)]
    return found


def _report_of_client(name: str) -> Callable[[Walker], Collection[int]]:
    def statuses(walker: Walker) -> Collection[int]:
        if not walker.is_contact:
            return {403}
        return {200} if name in walker.clients else HIDDEN

    return statuses
