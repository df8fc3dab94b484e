"""
Exceptions about a connection as a whole: it has failed for long, or most of its answers are lost.

They go to its health owner. Messages that fail for good have exceptions of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db.models import Max, Q
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.base.connections import Connection
from integrations.outbox.cases import health_places, refusals
from integrations.outbox.faults import MARK
from integrations.outbox.models import Attempt, Outbound
from integrations.outbox.operations.replay import resume
from routing.kernel.reasons import Reason
from routing.models import ExceptionCase
from routing.people.actors import Actor
from routing.runs.evidence_words import evidence_word
from routing.runs.failures import Failure, failures
from routing.runs.operations.exceptions import resolve
from routing.runs.operations.raising import ExceptionFinding, not_raised, raise_exceptions
from routing.runs.operations.runs import withdraw_case
from routing.work.display import exact
from routing.work.registry import react

LONG = timedelta(minutes=5)
SEVERAL = 2  # failures in a row; a single one may be the object's own
# Of the last writes of a connection, this many answers and this part of all were lost.
RECENT, LOST, MOSTLY = 20, 5, 0.5
# Attempts that wrote nothing themselves.
UNWRITTEN = (Attempt.Outcome.FOUND, Attempt.Outcome.LOST, Attempt.Outcome.OVERTAKEN)
LOOKED_BACK = timedelta(hours=1)
NEAR = 1000  # attempts of all connections, so that the look stays short in a long table


def _since(value: str) -> str:
    moment = parse_datetime(value)
    return exact(moment) if moment else value


evidence_word("since", gettext_lazy("Failing since"), _since)
evidence_word("waiting", gettext_lazy("Messages waiting"), str)


def watch_connections(*, at: datetime) -> None:
    """Raise the exceptions of connections that keep failing, and withdraw those that are over."""
    if findings := _failing(at):
        raise_exceptions(not_raised(findings), at=at)
    _withdraw_recovered(at)


def watch_answers(connection: Connection, *, at: datetime) -> None:
    """Raise the exception of a connection if most of its answers were lost lately."""
    if lost := lost_since(connection, at):
        message = _(
            "Most answers to what is written there are lost. The system may be overloaded, or "
            "something between it and us drops answers."
        )
        raise_exceptions(not_raised([_finding(connection, message, lost)]), at=at)


def lost_since(connection: Connection, at: datetime) -> datetime | None:
    """Return since when most answers of this connection were lost, or None if they are not."""
    newest = Attempt.objects.aggregate(pk=Max("pk"))["pk"] or 0
    tries = Attempt.objects.filter(
        pk__gt=newest - NEAR, outbound__connection=connection, ended_at__gte=at - LOOKED_BACK
    )
    writes = tries.exclude(outcome__in=UNWRITTEN).order_by("-pk")
    recent = list(writes.values_list("outcome", "ended_at", "found")[:RECENT])
    lost = [
        ended_at
        for outcome, ended_at, found in recent
        if outcome == Attempt.Outcome.UNKNOWN and not found.get(MARK)
    ]
    if len(lost) < LOST or len(lost) < MOSTLY * len(recent) or at - lost[-1] < LONG:
        return None
    return lost[-1]


def _failing(at: datetime) -> list[ExceptionFinding]:
    long = Connection.objects.active().filter(
        Q(failures__gte=SEVERAL) | Q(paused_until__gt=at), failing_since__lte=at - LONG
    )
    found = []
    for row in long.order_by("pk"):
        assert row.failing_since is not None
        if not refusals(row):  # refused credentials have an exception of their own
            found.append(_finding(row, row.last_error, row.failing_since))
    return found


def _finding(connection: Connection, message: str, since: datetime) -> ExceptionFinding:
    waiting = Outbound.objects.filter(connection=connection, state__in=Outbound.workable)
    return ExceptionFinding(
        Reason.CONNECTION_FAILING,
        {
            "connection": connection.slug,
            "message": message,
            "since": since.isoformat(),
            "waiting": waiting.count(),
        },
        about=connection.name,
        first=health_places(connection),
    )


def _open_cases() -> Mapping[int, str]:
    """Return the slug of the connection of each open exception."""
    found = ExceptionCase.objects.filter(
        state__in=ExceptionCase.open_states, reason=Reason.CONNECTION_FAILING
    )
    return dict(found.order_by("item_id").values_list("pk", "evidence__connection"))


def _still_failing(slugs: Sequence[str], at: datetime) -> set[str]:
    rows = Connection.objects.active().filter(slug__in=slugs)
    return {row.slug for row in rows if row.failing_since or lost_since(row, at)}


def _withdraw_recovered(at: datetime) -> None:
    cases = _open_cases()
    if not cases:
        return
    still = _still_failing(sorted(set(cases.values())), at)
    over = [case for case, slug in cases.items() if slug not in still]
    if over:
        why = "The connection answers again."
        withdraw_case(over, by=Actor.system(), at=at, reason=why)


# -- In the hands of people ------------------------------------------------------------------------

RETRIED = Failure(
    gettext_lazy("The connection still fails. Resolve the exception to try it again now."),
    retried=True,
)


def _behind(cases: Sequence[ExceptionCase], at: datetime) -> Mapping[int, Failure]:
    about = _about(cases)
    still = _still_failing(sorted(set(about.values())), at) if about else set()
    return {case: RETRIED for case, slug in about.items() if slug in still}


def _about(cases: Sequence[ExceptionCase]) -> dict[int, str]:
    mine = [case for case in cases if case.reason == Reason.CONNECTION_FAILING]
    return {case.pk: str(case.evidence.get("connection", "")) for case in mine}


failures(behind=_behind, everywhere=_failing)


@react(resolve)
def try_again(cases: Sequence[ExceptionCase], by: Actor, at: datetime) -> None:
    """Try the connections of resolved exceptions again: one message first, then the rest."""
    slugs = sorted(set(_about(cases).values()))
    for row in Connection.objects.filter(slug__in=slugs).order_by("pk") if slugs else ():
        resume(row, by=by, at=at)
