"""
Explanation of a due time, recomputed from the clock's marks, in words and as JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import dateformat
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from routing.sla.clocks import Clock
from routing.sla.hours import Closed, OpenTime, Segment
from routing.sla.timing import (
    HELD,
    UNCOUNTED,
    Cause,
    ClockReading,
    Does,
    Stretch,
    Terms,
    read,
)
from routing.work.items import WorkItem
from routing.work.kinds import models_by_kind, state_label

CLOSED = {
    Closed.OUTSIDE_HOURS: gettext_lazy("outside hours"),
    Closed.WEEKEND: gettext_lazy("no working day"),
    Closed.HOLIDAY: gettext_lazy("holiday"),
}
CAUSES = {
    Cause.WORK: gettext_lazy("in progress"),
    Cause.STATE: gettext_lazy("does not run in this state"),
    Cause.HOLD: gettext_lazy("on hold"),
    Cause.WAITING: gettext_lazy("waiting for an answer"),
    Cause.CHILDREN: gettext_lazy("all parts are waiting"),
    Cause.MET: gettext_lazy("done"),
    Cause.ENDED: gettext_lazy("the work ended"),
}
PAUSED = pgettext_lazy("clock", "paused")


@dataclass(frozen=True, slots=True)
class CalendarThen:
    """One calendar as it was when the clock started."""

    name: str
    version: int
    zone: str


@dataclass(frozen=True, slots=True)
class HeldSpan:
    """
    The time in which an event waited before its work began. Its clocks count it.

    The flow was switched off from ``off_from``, or no flow took the event until ``claimed_at``.
    """

    received_at: datetime
    off_from: datetime | None = None
    off_until: datetime | None = None
    claimed_at: datetime | None = None


HeldBefore = Callable[[Clock], HeldSpan | None]
_held_before: list[HeldBefore] = []


def held_before(function: HeldBefore) -> HeldBefore:
    """Register a function that says why a clock counts from before its work began."""
    _held_before.append(function)
    return function


@dataclass(frozen=True, slots=True)
class Explanation:
    """
    Reasons for the current values of a clock.

    No ``calendars`` means around the clock. ``instead_of`` names calendars that were configured but
    never overlap. ``agrees`` is false if the stored clock differs from its marks. ``held`` says why
    the clock counts from before its work began.
    """

    ref: str
    kind: str  # of the work item
    purpose: str
    policy: str
    policy_version: int
    calendars: tuple[CalendarThen, ...]
    instead_of: tuple[str, ...]
    target: timedelta
    started_at: datetime
    reading: ClockReading
    agrees: bool
    held: HeldSpan | None = None


def explain(
    clock: Clock,
    at: datetime,
    states: Sequence[tuple[datetime, str]] = (),
    hours: OpenTime | None = None,
) -> Explanation:
    """
    Explain the due time of a clock as of ``at`` (aware), segment by segment.

    :param states: from ``states_of``, to say the state of the work in each segment
    :param hours: those of the clock's terms, for a caller that explains many clocks of the same
    :raises ValueError: if the clock had not been started by then
    """
    document = clock.terms.document
    marks = sorted(clock.marks.all(), key=lambda mark: mark.pk)  # they may be prefetched
    reading = read(
        [mark.read() for mark in marks],
        clock.target,
        hours or Terms.read(document).hours,
        at,
        states,
    )
    stored = (clock.turn, clock.due_at, clock.met_at)
    return Explanation(
        ref=clock.item.ref,
        kind=clock.item.kind,
        purpose=clock.purpose,
        policy=document["policy"]["name"],
        policy_version=document["policy"]["version"],
        calendars=tuple(
            CalendarThen(hours["name"], hours["version"], hours["zone"])
            for hours in document["hours"]
        ),
        instead_of=tuple(document["instead_of"]),
        target=clock.target,
        started_at=clock.started_at,
        reading=reading,
        # The row has the newest turn only, so an earlier time cannot be compared with it.
        agrees=at < clock.turned_at or stored == (reading.turn, reading.due_at, reading.met_at),
        held=_held(clock),
    )


def _held(clock: Clock) -> HeldSpan | None:
    # Asked only of the few clocks that started before their work.
    if clock.started_at >= clock.item.created_at:
        return None
    return next((found for look in _held_before if (found := look(clock))), None)


def states_of(item: WorkItem, at: datetime) -> Sequence[tuple[datetime, str]]:
    """Return the states of a work item until ``at``, each with its beginning, oldest first."""
    return states_of_each(item.kind, [item.pk], at).get(item.pk, ())


def states_of_each(
    kind: str, items: Collection[int], at: datetime
) -> Mapping[int, Sequence[tuple[datetime, str]]]:
    """Return the same for work items of one kind, by their ids, in one statement."""
    model: Any = models_by_kind().get(kind)
    if model is None:
        return {}
    history = model.history.filter(item__in=items, history_date__lte=at).order_by("history_id")
    found: dict[int, list[tuple[datetime, str]]] = {}
    for item, since, state in history.values_list("item", "history_date", "state"):
        states = found.setdefault(item, [])
        if not states or states[-1][1] != state:
            states.append((since, state))
    return found


def as_json(explanation: Explanation) -> dict[str, Any]:
    """
    Return plain values: times as ISO 8601 in UTC, working time in seconds. Future segments are
    ``expected``.
    """
    found: dict[str, Any] = _plain(asdict(explanation))
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {_key(key, each): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value.value if isinstance(value, StrEnum) else value


def _key(name: Any, value: Any) -> str:
    """Return the name of a value, which says the unit of a duration."""
    return f"{name}_s" if isinstance(value, timedelta) else str(name)


def words(explanation: Explanation, zone: ZoneInfo) -> list[str]:
    """Return the lines of the explanation for a person, with times in ``zone``."""
    reading = explanation.reading
    lines = [
        _(
            "%(purpose)s: %(target)s of working time, policy %(policy)s v%(version)s, counted in "
            "%(hours)s."
        )
        % {
            "purpose": explanation.purpose.replace("_", " ").capitalize(),
            "target": length(explanation.target),
            "policy": explanation.policy,
            "version": explanation.policy_version,
            "hours": calendars_in_words(explanation),
        },
        f"  {status_sentence(reading, zone)}",
    ]
    if explanation.held:
        lines.append(f"  {held_sentence(explanation.held, zone)}")
    for stretch in reading.stretches:
        lines += [f"  {line}" for line in _stretch(stretch, explanation.kind, zone)]
    whose = ", ".join(
        f"{party_label(party)} {length(time)}" for party, time in reading.whose.items()
    )
    lines.append("  " + _("Working time by party: %(whose)s.") % {"whose": whose or "-"})
    if not explanation.agrees:
        lines.append("  " + _("The stored clock differs from this. Tell your administrator."))
    return lines


def party_label(party: str) -> str:
    """Return the name of a party, or of time that counts for none."""
    if party == HELD:
        return _("On hold")
    if party == UNCOUNTED:
        return _("Not counted in its state")
    return str(WorkItem.WaitingOn(party).label)


def status_sentence(reading: ClockReading, zone: ZoneInfo) -> str:
    """Return one sentence about the state of a clock and its due time."""
    return _status(reading) % {
        "spent": length(reading.spent),
        "left": length(reading.left),
        "due": instant(reading.due_at, zone) if reading.due_at else "",
        "breached": instant(reading.breached_at, zone) if reading.breached_at else "",
        "why": f"{WorkItem.WaitingOn(reading.turn.party).label}, {CAUSES[reading.turn.cause]}",
    }


def held_sentence(held: HeldSpan, zone: ZoneInfo) -> str:
    """Return one sentence about the time that an event waited, which its clocks count."""
    if held.off_from is None:
        words = _(
            "Counted from %(received)s, when the event was received. No flow took it until it was "
            "claimed on %(claimed)s."
        )
        claimed = instant(held.claimed_at, zone) if held.claimed_at else _("now")
        return words % {"received": instant(held.received_at, zone), "claimed": claimed}
    words = _(
        "Counted from %(received)s, when the event was received. It was held while the flow was "
        "switched off from %(from)s to %(until)s."
    )
    return words % {
        "received": instant(held.received_at, zone),
        "from": instant(held.off_from, zone),
        "until": instant(held.off_until, zone) if held.off_until else _("now"),
    }


def _status(reading: ClockReading) -> str:
    match (reading.turn.does, reading.breached_at is not None):
        case (Does.STOP, True):
            text = _("Stopped after %(spent)s. Overdue since %(breached)s.")
        case (Does.STOP, False) if reading.met_at:
            text = _("Met after %(spent)s.")
        case (Does.STOP, False):
            text = _("Ended unmet after %(spent)s.")
        case (Does.PAUSE, True):
            text = _("Paused (%(why)s). Overdue since %(breached)s.")
        case (Does.PAUSE, False):
            text = _(
                "Paused (%(why)s). %(spent)s used, %(left)s left. The due date is set when the "
                "clock resumes."
            )
        case (_, True):
            text = _("Overdue since %(breached)s. %(spent)s used.")
        case _:
            text = _("Due %(due)s. %(spent)s used, %(left)s left.")
    return text


def calendars_in_words(explanation: Explanation) -> str:
    names = [
        f"{calendar.name} v{calendar.version} ({calendar.zone})"
        for calendar in explanation.calendars
    ]
    said = _(" and ").join(names) or _("all hours")
    if explanation.instead_of:
        said += _(" (these calendars never overlap: %(meant)s)") % {
            "meant": ", ".join(explanation.instead_of)
        }
    return said


def _stretch(stretch: Stretch, kind: str, zone: ZoneInfo) -> Iterator[str]:
    does = _("runs") if stretch.runs else str(PAUSED)
    ahead = _(", expected") if stretch.expected else ""
    party = WorkItem.WaitingOn(stretch.turn.party).label
    why = f"{party}, {CAUSES[stretch.turn.cause]}; {state_label(kind, stretch.state)}"
    when = span(stretch.start, stretch.end, zone)
    yield f"{when}  {length(stretch.worktime)}  {does} ({why}){ahead}"
    # Closed segments in a row are one line with all their reasons, such as a holiday weekend.
    for counted, group in groupby(stretch.segments, key=lambda segment: segment.counted):
        segments = list(group)
        when = span(segments[0].start, segments[-1].end, zone)
        if counted:
            yield f"    {when}  {length(sum((segment.length for segment in segments), timedelta()))}"  # noqa: E501
        else:
            yield f"    {when}  -  {_reasons(segments)}"


def _reasons(segments: Sequence[Segment]) -> str:
    said = [_reason(segment.closed, segment.note) for segment in segments if segment.closed]
    return ", ".join(dict.fromkeys(said))


def _reason(closed: Closed, note: str) -> str:
    return f"{CLOSED[closed]} ({note})" if note else str(CLOSED[closed])


def instant(at: datetime, zone: ZoneInfo) -> str:
    """Return a time such as ``Thu 26 Nov 2026 14:20 GMT``."""
    return dateformat.format(at.astimezone(zone), "D j M Y H:i T")


def span(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    """Return ``Thu 26 Nov 09:00 - 14:20``, with the second date if it is another one."""
    first, last = start.astimezone(zone), end.astimezone(zone)
    form = "H:i" if first.date() == last.date() else "D j M H:i"
    return f"{dateformat.format(first, 'D j M H:i')} - {dateformat.format(last, form)}"


def length(time: timedelta) -> str:
    """Return ``7:30`` for seven and a half hours, with seconds if there are any."""
    minutes, seconds = divmod(round(time.total_seconds()), 60)
    text = f"{minutes // 60}:{minutes % 60:02}"
    return f"{text}:{seconds:02}" if seconds else text
