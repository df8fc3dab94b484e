"""Record what a comparison saw: discrepancies, and one exception for each work or connection."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from integrations.base.connections import Connection
from integrations.outbox.cases import REASONS, health_places
from integrations.outbox.discrepancies import Discrepancy
from integrations.reconcile.compare import Kind, Observation
from integrations.reconcile.words import sentence
from routing.kernel.reasons import Reason
from routing.kernel.sql import run as run_sql
from routing.models import ExceptionCase, WorkItem
from routing.people.actors import Actor
from routing.runs.failures import failures_behind
from routing.runs.operations.outcomes import TROUBLES
from routing.runs.operations.raising import ExceptionFinding, not_raised, raise_exceptions
from routing.runs.operations.runs import withdraw_open
from routing.work.locking import holds_of

ABOUT = (*REASONS, *TROUBLES)  # reasons of exceptions in which a person decides
MOST_NAMED = 20  # discrepancies in the words of one exception
LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 7203013))"


def record(
    connection: Connection,
    seen: Sequence[Observation],
    keys: Collection[str] | None,
    *,
    at: datetime,
) -> None:
    """
    Keep the discrepancies that were seen, end those that are over, and raise exceptions.

    :param keys: the objects that were looked at, or None for all of the connection
    """
    with transaction.atomic():
        run_sql(LOCK, [str(connection.pk)])
        known = Discrepancy.objects.open().filter(connection=connection)
        if keys is not None:
            known = known.filter(object_key__in=keys)
        # Work items first, as everywhere.
        works = {each.item_id for each in seen} | set(known.values_list("item_id", flat=True))
        if works - {None}:
            holds_of(sorted(pk for pk in works if pk is not None))
        rows = {(*row.place, row.kind): row for row in known.select_for_update().order_by("pk")}
        for each in seen:
            row = rows.pop((each.object_type, each.remote_id, each.kind), None)
            _keep(connection, each, row, at)
        # A choice that is being carried out ends with its message.
        over = [row for row in rows.values() if not row.choice]
        if keys is None:  # second copies of files are looked for with their object only
            over = [row for row in over if not row.is_file]
        end(over, at=at, reason=_("The external system shows the expected content again."))
        raise_exceptions(not_raised(findings(connection)), at=at)


def _keep(connection: Connection, each: Observation, row: Discrepancy | None, at: datetime) -> None:
    if row is not None and row.choice:
        return
    row = row or Discrepancy(
        connection=connection,
        kind=each.kind,
        object_type=each.object_type,
        remote_id=each.remote_id,
        found_at=at,
    )
    row.object_key, row.item_id = each.object_key, each.item_id
    row.url, row.keeps, row.keeps_url = each.url[:500], each.keeps, each.keeps_url[:500]
    row.changes = list(each.changes)
    if each.there is not None:
        row.title, row.status = each.there.title[:300], each.there.status[:40]
        row.seen, row.scheduled_at = each.there.seen, each.there.scheduled_at
        row.texts = dict(each.there.texts) if each.kind == Kind.EDITED else {}
    row.save()


def end(rows: Sequence[Discrepancy], *, at: datetime, reason: Any) -> None:
    """End discrepancies, and withdraw the exceptions that were about nothing else."""
    if not rows:
        return
    Discrepancy.objects.filter(pk__in=[row.pk for row in rows]).update(ended_at=at)
    cases = ExceptionCase.objects.filter(
        reason__in=REASONS, state__in=ExceptionCase.open_states
    ).select_related("item")
    about = list(cases.filter(item__parent__in={row.item_id for row in rows if row.item_id}))
    slugs = {row.connection.slug for row in rows if not row.item_id}
    about += cases.filter(run=None, item__parent=None, evidence__connection__in=slugs)
    still = failures_behind(about, at)
    found = ExceptionCase.objects.filter(pk__in=[case.pk for case in about if case.pk not in still])
    withdraw_open(found, by=Actor.system(), at=at, reason=reason)


# -- Exceptions ------------------------------------------------------------------------------------

DISCREPANCIES = "discrepancies"


def rows_behind(cases: Sequence[ExceptionCase]) -> dict[int, list[Discrepancy]]:
    """Return the open discrepancies that each of these exceptions is about."""
    about = [case for case in cases if case.reason in ABOUT]
    works = {case.item.parent_id for case in about if case.item.parent_id}
    slugs = {case.evidence.get("connection") for case in about if not case.item.parent_id}
    opened = Discrepancy.objects.open().select_related("connection").order_by("pk")
    by_work: dict[Any, list[Discrepancy]] = defaultdict(list)
    for row in opened.filter(item__in=works) if works else ():
        by_work[row.item_id].append(row)
    for row in opened.filter(item=None, connection__slug__in=slugs - {None}) if slugs else ():
        by_work[row.connection.slug].append(row)
    found = {}
    for case in about:
        subject = case.item.parent_id or case.evidence.get("connection")
        if subject in by_work:
            found[case.pk] = by_work[subject]
    return found


def findings(connection: Connection | None = None) -> list[ExceptionFinding]:
    """
    Return a finding for each work, and each connection, with undecided discrepancies.

    Work whose missing proof has an exception is left out: the choices are offered there.
    """
    rows = Discrepancy.objects.undecided().select_related("connection", "item__run")
    if connection is not None:
        rows = rows.filter(connection=connection)
    grouped: dict[tuple[int | None, int], list[Discrepancy]] = defaultdict(list)
    for row in rows.order_by("pk"):
        grouped[row.item_id, row.connection_id].append(row)
    told = set(
        ExceptionCase.objects.filter(
            item__parent__in={item for item, _place in grouped if item},
            reason__in=TROUBLES,
            state__in=ExceptionCase.open_states,
        ).values_list("item__parent_id", flat=True)
    )
    return [_finding(some) for (item, _place), some in grouped.items() if item not in told]


def _finding(rows: Sequence[Discrepancy]) -> ExceptionFinding:
    connection, item = rows[0].connection, rows[0].item
    evidence = {
        "connection": connection.slug,
        "message": message_of(rows),
        DISCREPANCIES: [row.pk for row in rows],
    }
    if item is not None:
        return ExceptionFinding(
            Reason.REMOTE_CONFLICT, evidence, item, _run_of(item), connection.name
        )
    return ExceptionFinding(
        Reason.REMOTE_CONFLICT, evidence, about=connection.name, first=health_places(connection)
    )


def _run_of(item: WorkItem) -> Any:
    return item.run if item.run_id else None


def message_of(rows: Sequence[Discrepancy]) -> str:
    said = [sentence(row) for row in rows[:MOST_NAMED]]
    if len(rows) > MOST_NAMED:
        said.append(str(_("And %(count)s more.") % {"count": len(rows) - MOST_NAMED}))
    return " ".join(said)
