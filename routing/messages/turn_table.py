"""
The whole table of turns: for each verb, who must act next, who is notified, and what settles it.

The command ``turns`` and docs/turns.md print it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from django.db import models
from django.utils.translation import gettext as _

from routing.kernel.transitions import state_field, transitions_of
from routing.messages.models import Notification
from routing.messages.telling import DESK, EMAIL, PORTAL, NotificationRule, rules_of
from routing.work.door import operations_of
from routing.work.items import WorkItem, WorkNoun
from routing.work.machines import in_words, machines, noun
from routing.work.operations.items import hold, resume
from routing.work.registry import EventKind
from routing.work.turns import Party, Turn, turns_of

CREATE = "create"


@dataclass(frozen=True, slots=True)
class TurnRow:
    """
    One verb of one noun.

    ``next`` says who must act after it, and is empty only if the work has ended. ``told`` has
    party and words of each message, and ``because`` the reason if there is none.
    """

    noun: str
    verb: str
    kind: str
    next: tuple[str, ...]
    told: tuple[tuple[str, str], ...]
    channel: tuple[str, ...]
    settled_by: tuple[str, ...]
    because: str
    open: bool

    def as_json(self) -> dict[str, object]:
        return {
            "noun": self.noun,
            "verb": self.verb,
            "next": list(self.next),
            "told": [{"who": who, "words": words} for who, words in self.told],
            "channel": list(self.channel),
            "settled_by": list(self.settled_by),
            "because": self.because,
            "open": self.open,
        }


def turn_table() -> list[TurnRow]:
    """Return a row for every verb of every machine, and for every verb of any work item."""
    found: list[TurnRow] = []
    for model in machines():
        found += _rows_of(model)
    found += [_of_any_work(verb) for verb in sorted(operations_of(WorkItem))]
    return found


def _rows_of(model: type[models.Model]) -> Iterator[TurnRow]:
    changes = transitions_of(model)
    if issubclass(model, WorkNoun):
        yield _row(model, CREATE, [str(state_field(model).get_default())])
    for verb in sorted({*changes, *operations_of(model)}):
        targets = changes[verb].targets if verb in changes else {}
        yield _row(model, verb, list(dict.fromkeys(targets.values())))


def _row(model: type[models.Model], verb: str, states: Sequence[str]) -> TurnRow:
    turns: list[Turn] = []
    for state in states:
        turns += turns_of(model, state)
    kind = EventKind.of(model, verb).kind
    return _made(noun(model), verb, kind, turns, is_open=bool(turns) or _stays_open(model, states))


def _stays_open(model: type[models.Model], states: Sequence[str]) -> bool:
    """Return whether work goes on in one of these states. Only work items know."""
    return issubclass(model, WorkNoun) and not model.open_states.isdisjoint(states)


def _of_any_work(verb: str) -> TurnRow:
    """Return the row of a verb of every work item: what it was before, or resuming it."""
    kind = EventKind.of(WorkItem, verb).kind
    row = _made(noun(WorkItem), verb, kind, (), is_open=True)
    if verb == hold.verb:
        on = (_("Whoever may resume the work"),)
        settled_by = (in_words(resume.verb), _("ending the work"))
        return replace(row, next=on, settled_by=settled_by)
    on = (_("Whoever has the turn in the state of the work"),)
    return replace(row, next=on, settled_by=(_("its verbs"),))


def _made(name: str, verb: str, kind: str, turns: Sequence[Turn], *, is_open: bool) -> TurnRow:
    rules = rules_of(kind)
    told: dict[tuple[str, str], None] = {}
    for rule in rules:
        told |= dict.fromkeys((str(party.label), _label(rule)) for party in rule.parties)
    verbs: dict[str, None] = {}
    for turn in turns:
        verbs |= dict.fromkeys(map(in_words, turn.verbs))
    acts = (f"{turn.party.label}: {_act(turn)}" for turn in turns)
    return TurnRow(
        noun=name,
        verb=in_words(verb),
        kind=kind,
        next=tuple(dict.fromkeys(acts)),
        told=tuple(told),
        channel=_channels(rules),
        settled_by=tuple(verbs),
        because=" ".join(str(rule.because) for rule in rules if rule.because),
        open=is_open,
    )


def _act(turn: Turn) -> str:
    return str(turn.act).replace("%(version)s", "N")


def _label(rule: NotificationRule) -> str:
    return str(rule.by_email or Notification.Words(rule.words).label)


def _channels(rules: Sequence[NotificationRule]) -> tuple[str, ...]:
    """Return the channels of the messages: staff read them at the desk, contacts in the portal."""
    parties: list[Party] = []
    for rule in rules:
        parties += rule.parties if rule.notifies else ()
    found = []
    if any(not party.outside for party in parties):
        found.append(DESK)
    if any(party.outside for party in parties):
        found.append(PORTAL)
    return (*found, EMAIL) if any(rule.parties for rule in rules) else ()


def documented() -> str:
    """Return docs/turns.md."""
    parts = [OPENING]
    rows = turn_table()
    for name in dict.fromkeys(row.noun for row in rows):
        lines = [f"## {name.capitalize()}", "", HEAD, RULE]
        lines += [_line(row) for row in rows if row.noun == name]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


OPENING = """<!-- Written by `make states`; edits are lost. -->
# Turns

For each verb: who must act after it, who is notified, and which verbs settle it. Nobody is notified
of what they caused themselves. A message disappears for everybody when it is settled."""
HEAD = "| verb | who is next | who is notified | settled by |"
RULE = "|---|---|---|---|"


def _line(row: TurnRow) -> str:
    told = "; ".join(f"{who}: {words}" for who, words in row.told)
    silent = f"nobody. {row.because}"
    cells = (row.verb, "; ".join(row.next) or "ended", told or silent, ", ".join(row.settled_by))
    return f"| {' | '.join(cells)} |"
