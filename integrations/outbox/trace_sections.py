"""Trace sections for the outbox: each message with its result, and each attempt."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from integrations.outbox.models import Attempt, Outbound
from integrations.outbox.verbs import words_of
from routing.models import Run
from routing.runs.registry import TraceEntry, trace_section

MOST = 200  # attempts; the page of each message shows all of its own


@trace_section
def attempts(run: Run) -> Sequence[TraceEntry]:
    rows = (
        Outbound.objects.filter(Q(run=run) | Q(item__run=run))
        .select_related("connection", "item")
        .order_by("pk")
    )
    kept = {row.pk: row for row in rows}
    tries = Attempt.objects.filter(outbound__in=kept).order_by("pk")[:MOST]
    return [
        *(_message_entry(row) for row in kept.values()),
        *(_attempt_entry(each, kept[each.outbound_id]) for each in tries),
    ]


def _message_entry(row: Outbound) -> TraceEntry:
    names = {"connection": row.connection.name, "what": words_of(row.verb)}
    state = str(Outbound.State(row.state).label)
    data = {
        "outbound": row.pk,
        "connection": row.connection.slug,
        "what": words_of(row.verb),
        "state": state,
        "attempts": row.attempts,
    }
    return TraceEntry(
        row.created_at,
        "outbound",
        _("Queued for %(connection)s: %(what)s") % names,
        data | _about(row),
        _page(row),
    )


def _attempt_entry(attempt: Attempt, row: Outbound) -> TraceEntry:
    outcome = str(Attempt.Outcome(attempt.outcome).label)
    data = {
        "outbound": row.pk,
        "attempt": attempt.number,
        "said": attempt.error,
        "status": attempt.status or "",
        "id_there": row.remote_id,
    }
    title = _("%(connection)s, %(what)s: %(outcome)s") % {
        "connection": row.connection.name,
        "what": words_of(row.verb),
        "outcome": outcome,
    }
    return TraceEntry(
        attempt.ended_at,
        "attempt",
        title,
        data | {"outcome": attempt.outcome, "url": row.url} | _about(row),
        _page(row),
    )


def _about(row: Outbound) -> dict[str, str]:
    return {"work": row.item.ref} if row.item else {}


def _page(row: Outbound) -> str:
    return reverse("admin:integrations_outbound_change", args=[row.pk])
