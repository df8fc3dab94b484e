"""Answers to the ten questions from connections: what was sent and what came back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from django.db.models import Model, Q
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.base.connections import Connection
from integrations.outbox.models import Attempt, Outbound
from integrations.outbox.verbs import words_of
from routing.runs.evidence_words import evidence_word
from routing.runs.questions.asked import AskedWork
from routing.runs.questions.registry import Statement, statements
from routing.work.display import exact

MOST = 60  # messages; the outbox shows all
QUOTED = 200  # characters of an error

evidence_word("what", gettext_lazy("Operation"), words_of)
evidence_word("outgoing_change", gettext_lazy("Outbox message"), str)


@statements("started")
def by_connection(work: AskedWork) -> Iterator[Statement]:
    """The connection that the event came from."""
    run = work.run
    connection = Connection.objects.filter(slug=run.source).first() if run is not None else None
    if run is not None and connection is not None:
        text = _("%(source)s is the connection “%(name)s” (%(kind)s).")
        values = {
            "source": run.source,
            "name": connection.name,
            "kind": connection.kind,
        }
        yield Statement(text % values, (connection,), run.item.created_at)


@statements("outside")
def messages(work: AskedWork) -> Iterator[Statement]:
    """Each message about the work, its parts or its run, with every attempt."""
    about = Q(item__in=list(work.items_by_id))
    if work.run is not None and work.kind == "run":
        about |= Q(run=work.run.pk)
    found = Outbound.objects.filter(about).select_related("connection", "by").order_by("-pk")
    rows = list(found[:MOST])[::-1]
    tries: dict[int, list[Attempt]] = defaultdict(list)
    for attempt in Attempt.objects.filter(outbound__in=rows).order_by("pk") if rows else ():
        tries[attempt.outbound_id].append(attempt)
    for row in rows:
        yield _message(work, row, tries[row.pk])


def _attempt(attempt: Attempt) -> str:
    values = {
        "number": attempt.number,
        "at": exact(attempt.ended_at),
        "outcome": attempt.get_outcome_display(),
        "status": attempt.status,
    }
    if attempt.status:
        return _("Attempt %(number)s at %(at)s: %(outcome)s, status %(status)s.") % values
    return _("Attempt %(number)s at %(at)s: %(outcome)s.") % values


def _ending(row: Outbound) -> tuple[list[str], tuple[Model, ...]]:
    """Return why a message is not sent any more, and the record that says so."""
    if row.state == Outbound.State.SUPERSEDED:
        return [_("A newer message took its place.")], ()
    if row.state != Outbound.State.DISCARDED:
        return [], ()
    history = getattr(Outbound, "history")  # noqa: B009
    record = history.filter(id=row.pk, state=row.state).order_by("history_id").first()
    if record is None:
        return [_("History does not say who discarded it.")], ()
    text = _("%(who)s discarded it at %(at)s.")
    said = [text % {"who": record.history_user, "at": exact(record.history_date)}]
    if record.history_change_reason:
        said.append(_("Reason: %(why)s") % {"why": record.history_change_reason})
    return said, (record,)


def _message(work: AskedWork, row: Outbound, tries: Sequence[Attempt]) -> Statement:
    text = _("%(part)s%(what)s to %(connection)s, requested by %(who)s at %(at)s: %(state)s.")
    values = {
        "part": work.called(row.item_id),
        "what": words_of(row.verb),
        "connection": row.connection.name,
        "who": row.by,
        "at": exact(row.created_at),
        "state": row.get_state_display(),
    }
    said = [text % values]
    for attempt in tries:
        said.append(_attempt(attempt))
        if attempt.error:
            said.append(f"“{Truncator(attempt.error).chars(QUOTED)}”")
    if not tries:
        said.append(_("No attempt is recorded."))
    ending, records = _ending(row)
    said += ending
    if row.url:
        said.append(_("Its address is %(url)s.") % {"url": row.url})
    elif row.remote_id:
        said.append(_("Its id there: %(id)s.") % {"id": row.remote_id})
    at = row.delivered_at or (tries[-1].ended_at if tries else row.created_at)
    return Statement(" ".join(said), (row, *tries, *records), at)
