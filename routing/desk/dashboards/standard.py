"""The dashboards of the desk: operations lead, account manager, team lead and leadership."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from django.urls import reverse
from django.utils import formats, timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.cover.absences import Absence
from routing.desk.addresses import work_page
from routing.desk.dashboards.declared import (
    Cell,
    Dashboard,
    DashboardPanel,
    Drawn,
    TableLine,
    declare,
)
from routing.desk.dashboards.panels import (
    MOST_LINES,
    bottleneck,
    by_group,
    by_week,
    side_by_side,
    worse_than_last_week,
)
from routing.desk.dashboards.reading import Number, Reading, Within
from routing.figures.catalogue import LEAST_FOR_A_RATE, SEE_FIGURES, Unit
from routing.figures.shown import elapsed, shown
from routing.kernel.roles import AUDITOR, OPS, grant
from routing.people.actors import Actor
from routing.people.rights import OWN_WORK
from routing.people.staff import Team
from routing.work.items import WorkItem, soonest
from routing.work.visibility import clients_seen_by

SEE_OPERATIONS = "routing.see_operations_workitem"
SEE_LEADERSHIP = "routing.see_leadership_workitem"
grant(SEE_OPERATIONS, OPS, AUDITOR, name="Can see the dashboard of the operations lead")
grant(SEE_LEADERSHIP, OPS, AUDITOR, name="Can see the dashboard of leadership")
AHEAD = timedelta(days=14)
AWAY_SOON = timedelta(days=7)
QUEUE = "admin:routing_workitem_changelist"
Others = Mapping[tuple[str | None, ...], Number]
# More of each is worse.
WORSE = (
    "breaches",
    "exceptions_opened",
    "hand_offs",
    "rework_rounds",
    "approvals_expired",
    "step_error_rate",
    "system_error_rate",
)


# -- Who sees them, and what they are about --------------------------------------------------------


def may_operate(actor: Actor) -> bool:
    return actor.may(SEE_FIGURES) and actor.may(SEE_OPERATIONS)


def may_lead(actor: Actor) -> bool:
    return actor.may(SEE_FIGURES) and actor.may(SEE_LEADERSHIP)


def may_own(actor: Actor) -> bool:
    """Return whether somebody may own clients, who may be chosen for work at all."""
    return actor.may(SEE_FIGURES) and actor.may(OWN_WORK)


def has_team(actor: Actor) -> bool:
    return actor.may(SEE_FIGURES) and bool(actor.team_ids)


def my_clients(actor: Actor) -> Within:
    mine = clients_seen_by(actor).filter(owner=actor.user_id)
    return Within("client", frozenset(mine.values_list("code", flat=True)))


def my_teams(actor: Actor) -> Within:
    """Return the teams that a person leads, or is in if they lead none."""
    led = frozenset(Team.objects.filter(lead=actor.user_id).values_list("name", flat=True))
    if led:
        return Within("team", led)
    mine = Team.objects.filter(pk__in=actor.team_ids).values_list("name", flat=True)
    return Within("team", frozenset(mine))


# -- What the numbers mean -------------------------------------------------------------------------


def load_headline(reading: Reading, found: Sequence[Number], overdue: Others) -> str:
    if not found:
        return _("Nobody has open work")
    first = found[0]
    late = overdue.get(first.keys)
    return _("%(who)s has the most open work: %(n)s, %(late)s of it overdue") % {
        "who": first.label,
        "n": shown(first.value, first.unit),
        "late": shown(late.value if late else 0, Unit.COUNT),
    }


def most_headline(reading: Reading, found: Sequence[Number], past: Others) -> str:
    if not found:
        return _("No exception was opened in 28 days")
    now, before = sum(each.n for each in found), sum(each.n for each in past.values())
    return _("%(n)s exceptions in 28 days, %(before)s before. Most often: %(what)s") % {
        "n": shown(now, Unit.COUNT),
        "before": shown(before, Unit.COUNT),
        "what": found[0].label,
    }


def age_headline(reading: Reading, found: Sequence[Number], overdue: Others) -> str:
    if not found:
        return _("Nothing is open")
    return _("The oldest open work is of the kind %(kind)s: half of it is older than %(age)s") % {
        "kind": found[0].label,
        "age": elapsed(found[0].value or 0),
    }


def waits_on_client(number: Number) -> bool:
    return number.keys[-1] == WorkItem.WaitingOn.CLIENT


def waiting_headline(reading: Reading, found: Sequence[Number], others: Others) -> str:
    count = sum(each.n for each in found if waits_on_client(each))
    if not count:
        return _("Nothing waits on a client")
    total = sum(each.n for each in found)
    return _("Waiting on a client: %(n)s of %(total)s open work items") % {
        "n": count,
        "total": total,
    }


def worst_client_headline(reading: Reading, found: Sequence[Number], past: Others) -> str:
    told = [each for each in found if each.value is not None]
    if not told:
        return _("No client has %(least)s targets to judge") % {"least": LEAST_FOR_A_RATE}
    worst = min(told, key=lambda each: each.value or 0)
    return _("The lowest SLA compliance is that of %(client)s: %(value)s") % {
        "client": worst.label,
        "value": shown(worst.value, worst.unit),
    }


def absences(reading: Reading, owners: Sequence[Number]) -> Mapping[str | None, str]:
    """Return what is said of owners who are absent now or within a week, by e-mail address."""
    emails = [each.keys[-1] for each in owners if each.keys[-1]]
    rows = Absence.objects.filter(
        user__email__in=emails, starts_at__lt=reading.at + AWAY_SOON, ends_at__gt=reading.at
    ).select_related("user")
    found: dict[str | None, str] = {}
    for row in rows.order_by("-starts_at"):
        words = _("Away: %(days)s") if row.starts_at <= reading.at else _("Away soon: %(days)s")
        found[row.user.email] = words % {"days": row.words()}
    return found


# -- Panels ----------------------------------------------------------------------------------------


def next_dates(reading: Reading) -> Drawn:
    """Draw the open work that is due soon, the earliest first."""
    due = reading.open_work.filter(
        next_due_at__gte=reading.at, next_due_at__lt=reading.at + AHEAD
    ).select_related("client", "owner")
    rows = list(due.order_by(soonest(), "pk")[: MOST_LINES + 1])
    shown_rows = rows[:MOST_LINES]
    headline = _("Nothing is due in the next 14 days")
    if rows:
        headline = _("Next due: %(ref)s, %(when)s") % {
            "ref": rows[0].ref,
            "when": _day(rows[0].next_due_at),
        }
    lines = [
        TableLine(
            f"{row.ref} {row.title}",
            (Cell(_day(row.next_due_at)), Cell(row.owner.full_name if row.owner else "–")),
            row.client.name if row.client else "",
            url=work_page(row.pk),
        )
        for row in shown_rows
    ]
    more = f"{reverse(QUEUE)}?{urlencode({'whose': 'all', 'due': 'week'})}"
    return Drawn(
        headline=headline,
        headings=(_("Work"), _("Due"), _("Owner")),
        lines=lines,
        empty=_("Work without a due time, such as work whose clocks are paused, is not listed."),
        more=(_("All work that is due in 7 days"), more) if len(rows) > MOST_LINES else None,
    )


def _day(at: object) -> str:
    return formats.date_format(timezone.localtime(at), _("D j M, H:i"))  # type: ignore[arg-type]


LOAD = DashboardPanel(
    name="load",
    title=gettext_lazy("Load per owner"),
    draw=by_group(
        ("open_work", "overdue_work"),
        ("owner",),
        heading=gettext_lazy("Owner"),
        headline=load_headline,
        notes=absences,
        key=gettext_lazy("Hatched: overdue."),
    ),
)
COMPLIANCE = DashboardPanel(
    name="compliance",
    title=gettext_lazy("SLA compliance by week"),
    draw=by_week("sla_compliance"),
)
BREACHES = DashboardPanel(
    name="breaches", title=gettext_lazy("Breaches by week"), draw=by_week("breaches")
)
EXCEPTIONS = DashboardPanel(
    name="exceptions",
    title=gettext_lazy("Exceptions by reason"),
    draw=by_group(
        ("exceptions_opened",),
        ("reason",),
        heading=gettext_lazy("Reason"),
        headline=most_headline,
        empty=gettext_lazy("No exception was opened."),
    ),
)
AGEING = DashboardPanel(
    name="ageing",
    title=gettext_lazy("Age of open work"),
    draw=by_group(
        ("open_work_age_median", "open_work_age_p90"),
        ("kind",),
        heading=gettext_lazy("Kind of work"),
        headline=age_headline,
        key=gettext_lazy("Bars: the median."),
    ),
)
BOTTLENECK = DashboardPanel(name="bottleneck", title=gettext_lazy("Bottleneck"), draw=bottleneck())
WORSE_PANEL = DashboardPanel(
    name="worse", title=gettext_lazy("Worse than last week"), draw=worse_than_last_week(WORSE)
)
WAITING = DashboardPanel(
    name="waiting",
    title=gettext_lazy("Waiting on the client"),
    draw=by_group(
        ("open_work",),
        ("client", "waiting_on"),
        heading=gettext_lazy("Client and party"),
        headline=waiting_headline,
        only=waits_on_client,
        empty=gettext_lazy("No open work of your clients waits on them."),
    ),
)
NEXT_DATES = DashboardPanel(name="dates", title=gettext_lazy("Next dates"), draw=next_dates)
OUTCOMES = DashboardPanel(
    name="outcomes", title=gettext_lazy("Outcome rate by week"), draw=by_week("outcome_rate")
)
IN_SHORT = DashboardPanel(
    name="short",
    title=gettext_lazy("In short"),
    draw=side_by_side(
        (
            "outcome_rate",
            "sla_compliance",
            "time_to_outcome_median",
            "breaches",
            "runs_completed",
            "exceptions_open",
            "overdue_work",
        )
    ),
)
WORST_CLIENT = DashboardPanel(
    name="client",
    title=gettext_lazy("Clients by SLA compliance"),
    draw=by_group(
        ("sla_compliance", "breaches"),
        ("client",),
        heading=gettext_lazy("Client"),
        headline=worst_client_headline,
        lowest_first=True,
    ),
)

declare(
    Dashboard(
        name="operations",
        title=gettext_lazy("Operations"),
        icon="dashboard",
        lead=gettext_lazy("All work of the agency that you can see."),
        may=may_operate,
        panels=(WORSE_PANEL, LOAD, COMPLIANCE, BREACHES, EXCEPTIONS, AGEING, BOTTLENECK),
    ),
    Dashboard(
        name="clients",
        title=gettext_lazy("My clients"),
        icon="supervised_user_circle",
        lead=gettext_lazy("Work of the clients that you own."),
        may=may_own,
        within=my_clients,
        panels=(WORSE_PANEL, WAITING, NEXT_DATES, COMPLIANCE, BREACHES, EXCEPTIONS, BOTTLENECK),
        empty=gettext_lazy("You own no client. This page is about the clients of one owner."),
    ),
    Dashboard(
        name="team",
        title=gettext_lazy("My team"),
        icon="diversity_3",
        lead=gettext_lazy("Work of the teams that you lead, or else of those that you are in."),
        may=has_team,
        within=my_teams,
        panels=(WORSE_PANEL, LOAD, COMPLIANCE, BREACHES, EXCEPTIONS, NEXT_DATES, BOTTLENECK),
        empty=gettext_lazy("You are in no team."),
    ),
    Dashboard(
        name="leadership",
        title=gettext_lazy("Leadership"),
        icon="query_stats",
        lead=gettext_lazy("The whole agency on one page."),
        may=may_lead,
        panels=(IN_SHORT, OUTCOMES, COMPLIANCE, BREACHES, WORST_CLIENT),
    ),
)
