"""Facts for the checks of briefs, loaded in a few queries for any number of briefs."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from delivery.briefs.models import Brief
from delivery.briefs.plan import BadPlan, Planned
from delivery.checks.kinds.checked_brief import CheckedBrief, SoldBudget
from delivery.deliverables.models import Deliverable
from routing.kernel.canonical import json_digest
from routing.people.clients import Membership
from routing.runs.models import Run
from routing.runs.snapshots import field_problems, snapshots_of
from routing.sla.calendars import agency_zone, working_day
from routing.sla.working_days import working_days_of


def digest_of(row: Brief) -> str:
    """Return the digest of what people wrote in a brief and of what it is charged to."""
    return json_digest(
        {
            "body": row.body,
            "planned": row.planned,
            "launch": row.launch_date.isoformat() if row.launch_date else None,
            "engagement": row.engagement_id,
        }
    )


def checked_briefs(rows: Sequence[Brief], at: datetime) -> Mapping[int, CheckedBrief]:
    """
    Return each brief as its checks see it, by its id.

    :param rows: with their item, its client, their request and their engagement
    """
    clients = {row.item.client_id for row in rows}
    days, length = working_days_of(clients), working_day()
    hours = Decimal(length // timedelta(minutes=1)) / 60 if length else None
    started, ended = _being_made(rows)
    unknown, contacts, same = _unknown_facts(rows), _contacts(clients), _same(rows)
    home = agency_zone()
    found = {}
    for row in rows:
        client = row.item.client
        zone = ZoneInfo(client.timezone) if client else home
        plan, fault = _plan(row)
        sold = row.engagement
        found[row.pk] = CheckedBrief(
            today=at.astimezone(zone).date(),
            days=days[row.item.client_id],
            hours_a_day=hours,
            body=row.body,
            plan=plan,
            plan_fault=fault,
            launch=row.launch_date,
            wanted=row.request.wanted_date,
            started=frozenset(started[row.request_id]),
            ended=frozenset(ended[row.request_id]),
            sold=SoldBudget(sold.amount, sold.currency) if sold else None,
            unknown=unknown.get(row.item.run_id or 0, ()),
            has_client=client is not None,
            has_requester=row.request.contact_id is not None,
            contacts=contacts[row.item.client_id],
            same=same.get(row.pk, ()),
        )
    return found


def _plan(row: Brief) -> tuple[tuple[Planned, ...], str]:
    try:
        return row.plan, ""
    except BadPlan as error:
        # Plans were once stored without validation.
        return (), str(error)


def _being_made(rows: Sequence[Brief]) -> tuple[Mapping[int, set[str]], Mapping[int, set[str]]]:
    """Return the keys of deliverables by request: of all that exist, and of those that ended."""
    started: dict[int, set[str]] = defaultdict(set)
    ended: dict[int, set[str]] = defaultdict(set)
    made = Deliverable.objects.filter(request__in=[row.request_id for row in rows])
    for request, key, state in made.values_list("request_id", "key", "state"):
        started[request].add(key)
        if state not in Deliverable.open_states:
            ended[request].add(key)
    return started, ended


def _unknown_facts(rows: Sequence[Brief]) -> Mapping[int, tuple[str, ...]]:
    """Return the labels of the required facts that are missing, by run."""
    runs = Run.objects.filter(pk__in={row.item.run_id for row in rows if row.item.run_id})
    found = {}
    for snapshot in snapshots_of(runs.select_related("item").order_by("pk")):
        missing = [each for each in field_problems(snapshot) if each.problem == "missing"]
        found[snapshot.run.pk] = tuple(each.label or each.name for each in missing)
    return found


def _contacts(clients: Collection[int | None]) -> Counter[int | None]:
    known = Membership.objects.filter(client__in=clients, contact__erased_at=None)
    return Counter(known.values_list("client_id", flat=True))


def _same(rows: Sequence[Brief]) -> Mapping[int, tuple[str, ...]]:
    """Return the references of other open briefs of the same client with the same title."""
    titles = {(row.item.client_id, _title(row.item.title)) for row in rows if row.item.client_id}
    clients = {client for client, _words in titles}
    others = Brief.objects.filter(
        item__client__in=clients, is_current=True, state__in=Brief.open_states
    )
    by_title: dict[tuple[int | None, str], list[tuple[int, str]]] = defaultdict(list)
    # Compared here and not in the database, which folds case by other rules than Python.
    for client, title, request, ref in others.order_by("pk").values_list(
        "item__client_id", "item__title", "request_id", "item__ref"
    ):
        by_title[client, _title(title)].append((request, ref))
    found = {}
    for row in rows:
        twins = by_title.get((row.item.client_id, _title(row.item.title)), ())
        found[row.pk] = tuple(ref for request, ref in twins if request != row.request_id)
    return found


def _title(title: str) -> str:
    return " ".join(title.casefold().split())
