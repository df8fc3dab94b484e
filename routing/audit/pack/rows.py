"""
The ledger rows about some work, with the seals that cover them, to be checked elsewhere.

The texts of a row are those that its digest was made of, so that a script without the product, and
without PostgreSQL, computes the same digest.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db import models, transaction
from django.db.models import Q

from routing.audit.ledgers import Ledger, append_only_models, ledgers
from routing.audit.models import Redaction, Seal, SealedRow
from routing.audit.operations.seals import column_types
from routing.kernel.canonical import PINNED, text_sql
from routing.kernel.events import Event
from routing.kernel.sql import run
from routing.runs.models import Run, RunEvent
from routing.sla.clocks import Clock, ClockTerms
from routing.work.items import WorkItem

DEEPEST = 3  # steps from a row to the work that it is about


@dataclass(frozen=True, slots=True)
class PackedRows:
    """
    Rows as JSON, the seals that cover them, and the heads of the chain between the first of these
    and the newest one of all.
    """

    rows: Sequence[dict[str, Any]]
    seals: Sequence[dict[str, Any]]
    redactions: Sequence[dict[str, Any]]
    chain: Sequence[tuple[int, str, str]]

    @property
    def unsealed(self) -> int:
        return sum(1 for row in self.rows if row["seal"] is None)


def packed_rows(items: Collection[int], run_id: int | None) -> PackedRows:
    """
    Return every ledger row about these work items, and about the run as a whole.

    :param items: ids of work items that the reader may see
    """
    with transaction.atomic():
        run(f"SELECT {PINNED}")
        types = column_types()
        found = _row_ids(items, run_id)
        ids_by_table = {model._meta.db_table: ids for model, ids in found.items() if ids}
        places = _places(ids_by_table)
        numbers = {seal for seal, _digest, _text in places.values()}
        seals = list(Seal.objects.filter(pk__in=numbers).order_by("pk"))
        shapes = {row.pk: row for row in seals}
        rows: list[dict[str, Any]] = []
        for ledger in ledgers():
            if ledger.table in ids_by_table:
                rows += _packed(ledger, ids_by_table[ledger.table], places, shapes, types)
        redactions = [
            {"ledger": each.ledger, "row_id": each.row_id, "columns": each.columns, "at": each.at}
            for each in Redaction.objects.order_by("pk")
            if each.row_id in ids_by_table.get(each.ledger, ())
        ]
        return PackedRows(rows, [_packed_seal(each) for each in seals], redactions, _chain(seals))


def _row_ids(items: Collection[int], run_id: int | None) -> dict[type[models.Model], set[int]]:
    found: dict[type[models.Model], set[int]] = {}
    for model in append_only_models():
        if model in {Seal, SealedRow, Redaction}:
            continue
        condition = _condition(model, items)
        if condition is not None:
            rows = model._base_manager.filter(condition).values_list("pk", flat=True)
            found[model] = set(rows)
    if run_id is not None:
        joined = RunEvent.objects.filter(run=run_id).values_list("event", flat=True)
        found.setdefault(Event, set()).update(joined)
    terms = Clock.objects.filter(item__in=items).values_list("terms", flat=True)
    found[ClockTerms] = set(terms)
    return found


def _condition(model: Any, items: Collection[int]) -> Q | None:
    tracked = getattr(model, "instance_type", None)
    if tracked is WorkItem:
        return Q(id__in=items)
    path = work_path(model)
    return Q(**{f"{path}__in": items}) if path else None


@cache
def work_path(model: Any, depth: int = DEEPEST) -> str:
    """
    Return the lookup from a row to the work item that it is about, or an empty string.

    A row's own work item comes first, then its run, then the first row it belongs to that has one.
    """
    keys = [field for field in model._meta.concrete_fields if field.related_model is not None]
    for field in keys:
        if field.name == "item" and field.related_model is WorkItem:
            return "item"
    if depth == 0 or getattr(model, "instance_type", None) is not None:
        return ""
    # The run itself before others: an event that joined a run is about the run.
    for field in sorted(keys, key=lambda key: key.related_model is not Run):
        below = work_path(field.related_model, depth - 1)
        if below:
            return f"{field.name}__{below}"
    return ""


def _places(tables: Mapping[str, Collection[int]]) -> dict[tuple[str, int], tuple[int, str, str]]:
    """Return the seal and both digests of each row, by table and id."""
    found = {}
    for table, ids in tables.items():
        rows = SealedRow.objects.filter(ledger=table, row_id__in=ids)
        values = rows.values_list("row_id", "seal_id", "digest", "text_digest")
        for row_id, seal, digest, text in values:
            found[table, row_id] = seal, digest, text
    return found


def _packed(
    ledger: Ledger,
    ids: Collection[int],
    places: Mapping[tuple[str, int], tuple[int, str, str]],
    seals: Mapping[int, Seal],
    types: Mapping[str, Mapping[str, str]],
) -> Iterator[dict[str, Any]]:
    """Yield the rows of one ledger, each with the columns of its own seal, in order."""
    columns = [*ledger.facts, *ledger.free_text]
    for row_id, *texts in _texts(ledger, ids, columns, types[ledger.table]):
        values = dict(zip(columns, texts, strict=True))
        seal, digest, text_digest = places.get((ledger.table, row_id), (None, "", ""))
        shape = seals.get(seal) if seal is not None else None
        facts = shape.columns if shape else ledger.facts
        free = shape.free_text if shape else ledger.free_text
        yield {
            "ledger": ledger.table,
            "row_id": row_id,
            "seal": seal,
            "facts": [[name, values.get(name)] for name in facts],
            "text": [[name, values.get(name)] for name in free],
            "digest": digest,
            "text_digest": text_digest,
        }


def _texts(
    ledger: Ledger, ids: Collection[int], columns: Sequence[str], types: Mapping[str, str]
) -> list[tuple[Any, ...]]:
    texts = ", ".join(text_sql(column, types, "l") for column in columns)
    return run(
        f'SELECT l."{ledger.key}", {texts} FROM "{ledger.table}" l '
        f'WHERE l."{ledger.key}" = ANY(%s::bigint[]) ORDER BY 1',
        [sorted(ids)],
    )


def _packed_seal(seal: Seal) -> dict[str, Any]:
    """Return a seal with the digests of all of its rows, of which its head was made."""
    rows = run(
        "SELECT row_id, digest, text_digest FROM routing_sealedrow WHERE seal_id = %s "
        "ORDER BY row_id",
        [seal.pk],
    )
    return {
        "seal": seal.pk,
        "ledger": seal.ledger,
        "previous": seal.previous,
        "head": seal.head,
        "text_key": seal.text_key,
        "sealed_at": seal.sealed_at,
        "rows": [list(row) for row in rows],
    }


def _chain(seals: Sequence[Seal]) -> Sequence[tuple[int, str, str]]:
    if not seals:
        return ()
    found = Seal.objects.filter(pk__gte=seals[0].pk).order_by("pk")
    return list(found.values_list("pk", "previous", "head"))
