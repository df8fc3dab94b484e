"""Whether the outcome happened, and what proves it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from routing.runs.models import Run
from routing.runs.outcomes import Outcome
from routing.runs.proof_words import proof_words
from routing.runs.questions.asked import AskedWork
from routing.runs.questions.registry import Statement, because, statements
from routing.runs.questions.waiting import ending, state_of
from routing.work.display import exact


@statements("outcome")
def outcomes(work: AskedWork) -> Iterator[Statement]:
    """Each expected outcome of the work and its parts, with its proof and its past."""
    rows = list(
        Outcome.objects.filter(item__in=list(work.items_by_id))
        .select_related("waived_by")
        .order_by("pk")
    )
    past: dict[int, list[Any]] = defaultdict(list)
    history: Any = Outcome.history
    for record in history.filter(id__in=[row.pk for row in rows]).order_by("history_id"):
        past[record.id].append(record)
    for row in rows:
        yield _outcome(work, row, past[row.pk])
        yield from _past(work, row, past[row.pk])


def _outcome(work: AskedWork, row: Outcome, past: Sequence[Any]) -> Statement:
    values = {
        "part": work.called(row.item_id),
        "what": row.get_kind_display(),
        "since": exact(row.expected_at),
        "proven": exact(row.proven_at) if row.proven_at else "",
        "who": row.waived_by or _("nobody"),
        "why": past[-1].history_change_reason if past else "",
    }
    text = {
        Outcome.State.EXPECTED: _(
            "%(part)s“%(what)s” is expected since %(since)s, not proven yet."
        ),
        Outcome.State.PROVEN: _("%(part)s“%(what)s” happened: proven at %(proven)s."),
        Outcome.State.DECAYED: _(
            "%(part)s“%(what)s” was proven at %(proven)s and no longer holds."
        ),
        Outcome.State.FAILED: _(
            "%(part)s“%(what)s” is expected since %(since)s and can no longer be proven."
        ),
        Outcome.State.WAIVED: _("%(part)s“%(what)s” was waived without proof by %(who)s: %(why)s"),
        Outcome.State.SUPERSEDED: _(
            "%(part)s“%(what)s” no longer counts: something newer replaced it."
        ),
    }[Outcome.State(row.state)]
    said = " ".join([text % values, *proof_in_words(row.evidence)])
    if row.probed_at is not None:
        said += " " + _("Last looked at: %(at)s.") % {"at": exact(row.probed_at)}
    at = row.proven_at or row.expected_at
    return Statement(said, (row, *past[-1:]), at)


def _past(work: AskedWork, row: Outcome, past: Sequence[Any]) -> Iterator[Statement]:
    for record in past[:-1]:
        text = _("%(part)s“%(what)s” was “%(state)s” from %(at)s on.") % {
            "part": work.called(row.item_id),
            "what": row.get_kind_display(),
            "state": record.get_state_display(),
            "at": exact(record.history_date),
        }
        said = " ".join([text, *proof_in_words(record.evidence)])
        yield Statement(said, (record,), record.history_date)


def proof_in_words(evidence: Mapping[str, Any]) -> Sequence[str]:
    """Return sentences about what was seen."""
    found = [*proof_words(evidence)]
    if evidence.get("url"):
        text = _("Seen at %(url)s, status %(status)s.")
        status = evidence.get("status", _("unknown"))
        found.append(text % {"url": evidence["url"], "status": status})
    if evidence.get("approval"):
        found.append(_("Approval: %(ref)s.") % {"ref": evidence["approval"]})
    if evidence.get("differences"):
        found.append(_("Differences: %(what)s") % {"what": " ".join(evidence["differences"])})
    return found


@statements("outcome")
def of_run(work: AskedWork) -> Iterator[Statement]:
    """The state of the whole run."""
    run = work.run
    if run is None or work.kind in {"run", "exceptioncase"}:
        return
    text = _("Run %(run)s: %(state)s.") % {"run": run.item, "state": run.get_state_display()}
    yield Statement(text, (run,), run.item.changed_at)


@statements("outcome")
def own_end(work: AskedWork) -> Iterator[Statement]:
    """The end of the work itself, or that it has not ended."""
    item = work.item
    if item.is_open:
        text = _("It has not ended: %(state)s.") % {"state": state_of(work)}
        if work.kind == "run" and isinstance(work.noun, Run):
            text = _("The run has not ended: %(state)s.") % {"state": state_of(work)}
        yield Statement(text, (item,), item.changed_at)
        return
    event = ending(work)
    if event is None:
        text = _("It is over: %(state)s. The event of that is not among the records.")
        yield Statement(text % {"state": state_of(work)}, (item,), item.changed_at)
        return
    values = {"state": state_of(work), "who": event.actor, "at": exact(event.at)}
    said = _("It ended as “%(state)s”, by %(who)s at %(at)s.") % values
    why, records = because(work.record_of(event))
    yield Statement(" ".join([said, *why]), (event, *records), event.at)
