"""
Kinds of events that stay silent for longer than they ever do: one exception for each silence.

It belongs to whoever answers for the source, and ends by itself when an event arrives.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from routing.flows.event_catalogue import kind_words
from routing.flows.event_history import SeenKind, seen_kinds
from routing.kernel.reasons import Reason
from routing.kernel.sql import run as sql
from routing.people.actors import Actor
from routing.runs.evidence_words import evidence_word
from routing.runs.exceptions import ExceptionCase
from routing.runs.failures import Failure, failures
from routing.runs.operations.process import ECHO
from routing.runs.operations.raising import ExceptionFinding
from routing.runs.operations.runs import withdraw_open
from routing.runs.sources import EventSource, known_sources
from routing.work.display import exact

WEEKS = 4  # before the last event, in which a kind is looked at
USUAL_WEEKS = 3  # of them with
USUAL = 5  # events each, or the kind is not usually seen
TIMES = 2  # its longest gap
SHORTEST = timedelta(hours=1)  # of a silence that is looked at, so that few kinds are
LONGEST = timedelta(days=2 * 7 * WEEKS)  # twice the longest gap that there can be

# By weeks counted back from the last event: how many came, and the longest time between two.
BY_WEEK = """
    SELECT count(*), extract(epoch FROM max(gap)) FROM (
        SELECT at, at - lag(at) OVER (ORDER BY at) AS gap FROM routing_event
        WHERE dedupe_key IS NOT NULL AND source = %(source)s AND kind = %(kind)s
            AND at > %(last)s - make_interval(weeks => %(weeks)s) AND at <= %(last)s) seen
    GROUP BY floor(extract(epoch FROM %(last)s - at) / 604800)"""


@dataclass(frozen=True, slots=True)
class Silence:
    """A kind that its source has not sent for more than twice its longest gap."""

    source: EventSource
    seen: SeenKind
    gap: timedelta

    def finding(self, at: datetime) -> ExceptionFinding:
        words = _(
            "Usually comes at least %(usual)s times a week. The longest gap in the %(weeks)s weeks "
            "before was %(gap)s, and nothing has come since %(last)s. Check the sender. If it was "
            "stopped on purpose, dismiss this."
        )
        values = {
            "usual": USUAL,
            "weeks": WEEKS,
            "gap": timesince(self.seen.last_at - self.gap, self.seen.last_at),
            "last": exact(self.seen.last_at),
        }
        evidence = {
            "connection": self.source.slug,
            "event_kind": self.seen.kind,
            "message": words % values,
            "last_event": self.seen.last_id,
        }
        about = f"{self.source.name}, {kind_words(self.seen.kind)}"
        return ExceptionFinding(
            Reason.TRIGGER_SILENT, evidence, about=about, first=self.source.places
        )


def longest_silence(weeks: Sequence[tuple[int, timedelta | None]]) -> timedelta | None:
    """
    Return how long a kind may stay silent, or None if it is not usually seen.

    :param weeks: how many events came in each week, and the longest time between two
    """
    if sum(count >= USUAL for count, _gap in weeks) < USUAL_WEEKS:
        return None
    return TIMES * max(gap for _count, gap in weeks if gap is not None)


def silences(at: datetime) -> Iterator[Silence]:
    """Yield the kinds that are silent for too long, of sources that are meant to send."""
    sources = known_sources()
    for seen in seen_kinds():
        source, silent = sources.get(seen.source), at - seen.last_at
        if source is None or not source.is_active or seen.kind.endswith(ECHO):
            continue
        if not SHORTEST <= silent <= LONGEST:
            continue
        most = longest_silence(_weeks(seen))
        if most is not None and silent > most:
            yield Silence(source, seen, most / TIMES)


def _weeks(seen: SeenKind) -> list[tuple[int, timedelta | None]]:
    values = {"source": seen.source, "kind": seen.kind, "last": seen.last_at, "weeks": WEEKS}
    rows = sql(BY_WEEK, values)
    return [(count, None if gap is None else timedelta(seconds=float(gap))) for count, gap in rows]


def _all_silent(at: datetime) -> Sequence[ExceptionFinding]:
    found = list(silences(at))
    if not found:
        return []
    # A silence is told once. Whoever has dismissed it knows of it.
    cases = ExceptionCase.objects.filter(
        reason=Reason.TRIGGER_SILENT,
        evidence__last_event__in=[each.seen.last_id for each in found],
    )
    told = set(cases.values_list("evidence__last_event", flat=True))
    return [each.finding(at) for each in found if each.seen.last_id not in told]


def _none_behind(cases: Sequence[ExceptionCase], at: datetime) -> Mapping[int, Failure]:
    """Return nothing: whoever knows why it is silent may end the exception."""
    return {}


def settle_heard(*, at: datetime) -> int:
    """
    Withdraw the exceptions about kinds of which an event has come since, and about sources that are
    not meant to send any more. Return their number.
    """
    cases = ExceptionCase.objects.filter(
        reason=Reason.TRIGGER_SILENT, state__in=ExceptionCase.open_states
    )
    rows = list(cases)
    if not rows:
        return 0
    sources = known_sources()
    newest = {(each.source, each.kind): each.last_id for each in seen_kinds()}
    over = []
    for case in rows:
        slug, kind = case.evidence.get("connection", ""), case.evidence.get("event_kind", "")
        source = sources.get(slug)
        heard = newest.get((slug, kind)) != case.evidence.get("last_event")
        if heard or source is None or not source.is_active:
            over.append(case.pk)
    why = _("An event has come again, or the connection is switched off.")
    withdraw_open(cases.filter(pk__in=over), by=Actor.system(), at=at, reason=why)
    return len(over)


evidence_word("event_kind", gettext_lazy("Kind of event"), kind_words)
evidence_word("last_event", gettext_lazy("Last event"), lambda value: f"#{value}")
failures(behind=_none_behind, everywhere=_all_silent)
