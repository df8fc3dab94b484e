"""
Kinds of events that no flow wants: one exception a kind for each person who answers for a system
that sends it.

It ends by itself when the kind is claimed or a flow takes it. Whoever dismisses it says that its
events are of no use.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from routing.flows.event_catalogue import catalogued, kind_words
from routing.flows.models import FlowVersion, Trigger
from routing.kernel.events import Event
from routing.kernel.reasons import Reason
from routing.people.actors import Actor
from routing.runs.claims import EventClaim
from routing.runs.exceptions import ExceptionCase
from routing.runs.failures import Failure, failures
from routing.runs.operations.claiming import OUR_OWN
from routing.runs.operations.raising import ExceptionFinding
from routing.runs.operations.runs import withdraw_case, withdraw_open
from routing.runs.sources import EventSource, known_sources
from routing.runs.unclaimed import UnclaimedSource, unclaimed_sources
from routing.work.display import exact

# What a person said about a kind counts for a while: that its events are of no use, or that a draft
# for them is on its way.
SAID_FOR = timedelta(days=180)
Sent = tuple[str, str]  # source and kind


def unwanted(at: datetime) -> Sequence[UnclaimedSource]:
    """
    Return the unclaimed events of kinds that no live flow wants, and for which no draft was begun.

    A flow that takes some events of a kind leaves out the others on purpose.
    """
    rows = [row for row in unclaimed_sources(at) if row.kind not in OUR_OWN]
    if not rows:
        return []
    kinds = {row.kind for row in rows}
    known = set(Trigger.objects.live().filter(kind__in=kinds).values_list("kind", flat=True))
    published = FlowVersion.objects.filter(
        flow=OuterRef("flow"), published_at__isnull=False, number__gte=OuterRef("version__number")
    )
    begun = EventClaim.objects.filter(
        ~Exists(published), kind__in=kinds, claimed_at__gt=at - SAID_FOR
    )
    known |= set(begun.values_list("kind", flat=True))
    return [row for row in rows if row.kind not in known]


def _findings(at: datetime) -> Sequence[ExceptionFinding]:
    """Return what nobody was told yet: the first system of each owner stands for all of theirs."""
    by_owner: dict[tuple[str, int | None], list[UnclaimedSource]] = {}
    for row in unwanted(at):
        by_owner.setdefault((row.kind, row.owner_id), []).append(row)
    if not by_owner:
        return []
    told, sources = _told(at, {kind for kind, _owner in by_owner}), known_sources()
    return [
        _finding(rows, sources.get(rows[0].source))
        for rows in by_owner.values()
        if told.isdisjoint(map(_sent_in, rows))
    ]


def _told(at: datetime, kinds: Collection[str]) -> set[Sent]:
    """Return what an exception is open about, or was ended by a person not long ago."""
    cases = ExceptionCase.objects.filter(
        reason=Reason.UNCLAIMED_EVENTS, evidence__event_kind__in=list(kinds)
    )
    withdrawn = Event.objects.filter(item=OuterRef("item"), kind=withdraw_case.kind)
    ended = cases.filter(~Exists(withdrawn), ended_at__gt=at - SAID_FOR)
    still = cases.filter(state__in=ExceptionCase.open_states)
    return {_sent(each) for each in (ended | still).values_list("evidence", flat=True)}


def _sent_in(row: UnclaimedSource) -> Sent:
    return row.source, row.kind


def _sent(evidence: Mapping[str, str]) -> Sent:
    return evidence.get("connection", ""), evidence.get("event_kind", "")


def _finding(rows: Sequence[UnclaimedSource], source: EventSource | None) -> ExceptionFinding:
    first = rows[0]
    words = _(
        "No flow takes these events. The first one was received on %(since)s. If they are of use, "
        "have the kind claimed for a flow in the event catalogue. If not, dismiss this."
    )
    evidence = {
        "connection": first.source,
        "event_kind": first.kind,
        "message": words % {"since": exact(min(row.since for row in rows))},
    }
    declared = catalogued().get(first.kind)
    name = source.name if source else str(declared.source) if declared else first.source
    return ExceptionFinding(
        Reason.UNCLAIMED_EVENTS,
        evidence,
        about=f"{name}, {kind_words(first.kind)}",
        first=source.places if source else (),
    )


def _none_behind(cases: Sequence[ExceptionCase], at: datetime) -> Mapping[int, Failure]:
    """Return nothing: whoever knows that the events are of no use may end the exception."""
    return {}


def settle_taken(*, at: datetime) -> int:
    """
    Withdraw the exceptions about kinds that a flow wants by now, or of which no event is unclaimed
    any more. Return their number.
    """
    cases = ExceptionCase.objects.filter(
        reason=Reason.UNCLAIMED_EVENTS, state__in=ExceptionCase.open_states
    )
    rows = dict(cases.values_list("pk", "evidence"))
    if not rows:
        return 0
    still = set(map(_sent_in, unwanted(at)))
    over = [pk for pk, evidence in rows.items() if _sent(evidence) not in still]
    why = _("A flow takes these events by now, or none of them is left.")
    withdraw_open(cases.filter(pk__in=over), by=Actor.system(), at=at, reason=why)
    return len(over)


failures(behind=_none_behind, everywhere=_findings)
