"""
The table of messages: for each verb of each noun, the parties that are notified and the words, or
the reason for notifying nobody.

Rooms and packages above declare rows when they are loaded. One reaction for each cause reads them,
after all other reactions. A verb that notifies nobody has no reaction, because the door takes a
shorter way for such verbs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from routing.messages.models import ANY_OPEN, Notification
from routing.messages.operations import write
from routing.people.actors import Actor
from routing.work.gates import Words
from routing.work.items import WorkItem
from routing.work.registry import Recorded, react
from routing.work.turns import Party, turn_of, with_turns

# From the rows of a batch and the actor, those that a row of the table is about.
Chosen = Callable[[Sequence[Any], Actor], Sequence[Any]]
DESK, EMAIL, PORTAL = "desk", "email", "portal"


def item_of(row: Any) -> WorkItem:
    """Return the work item of a noun, or the item itself."""
    item: WorkItem = getattr(row, "item", row)
    return item


def everything(rows: Sequence[Any], by: Actor) -> Sequence[Any]:
    return rows


@dataclass(frozen=True, slots=True)
class NotificationRule:
    """
    One row of the table. Without parties, ``because`` says why nobody is notified.

    ``turn`` is the state in which a party must have the turn for its message. It is compared after
    everything that the cause set off, so that a turn which passed on at once notifies nobody.
    ``lasts`` is for how long the message counts, see ``Notification.while_state``.
    """

    kind: str
    parties: tuple[Party, ...] = ()
    words: str = ""
    turn: str = ""
    lasts: str = ""
    also_actor: bool = False
    only: Chosen = everything
    about: Callable[[Any], WorkItem] = item_of
    because: Words = ""
    # The content of an e-mail that another reaction writes instead of a notification.
    by_email: Words = ""

    @property
    def notifies(self) -> bool:
        return bool(self.parties) and not self.by_email


_rules: dict[str, list[NotificationRule]] = defaultdict(list)


def tells(
    cause: Recorded,
    *parties: Party,
    words: str,
    turn: str = "",
    lasts: str = "",
    also_actor: bool = False,
    only: Chosen = everything,
    about: Callable[[Any], WorkItem] = item_of,
    reaction: bool = True,
) -> None:
    """
    Declare that these parties are notified of a cause, except the person who caused it.

    Of several rows of one cause, a person gets the first one, also if the others lead to another
    work item.

    :param turn: notify only while the party has the turn in this state
    :param lasts: ``ANY_OPEN`` or another value of ``Notification.while_state``. With ``turn`` it is
        that state
    :param also_actor: notify the actor as well, whose turn it became by a step of the product
    :param only: choose among the rows of a batch
    :param about: the work item that the message leads to
    :param reaction: False if the operation calls ``notify`` itself
    :raises ValueError: if the cause is declared to notify nobody
    """
    known = _rules[cause.kind]
    if any(not rule.parties for rule in known):
        raise ValueError(f"{cause.kind} is declared to notify nobody.")
    rule = NotificationRule(
        cause.kind, parties, str(words), turn, turn or lasts, also_actor, only, about
    )
    first = not any(each.notifies for each in known)
    known.append(rule)
    if reaction and first:
        react(cause, last=True)(_notifying(cause))


def emails(cause: Recorded, *parties: Party, content: Words) -> None:
    """
    Declare that a reaction of its own sends these parties an e-mail, and no notification.

    :param content: what the e-mail is, such as “Receipt”
    """
    _rules[cause.kind].append(NotificationRule(cause.kind, parties, by_email=content))


def tells_nobody(*causes: Recorded, because: Words) -> None:
    """
    Declare that nobody is notified, with the reason.

    :raises ValueError: if somebody is, or there is a reason already
    """
    for cause in causes:
        if _rules[cause.kind]:
            raise ValueError(f"{cause.kind} is declared twice.")
        _rules[cause.kind].append(NotificationRule(cause.kind, because=because))


def rules_of(kind: str) -> Sequence[NotificationRule]:
    """Return the rows of a kind of event, in the order of declaration."""
    return tuple(_rules.get(kind, ()))


def told_kinds() -> Collection[str]:
    return {kind for kind, rules in _rules.items() if rules}


def _notifying(cause: Recorded) -> Callable[[Sequence[Any], Actor, datetime], None]:
    def notify_parties(rows: Sequence[Any], by: Actor, at: datetime) -> None:
        notify(cause, rows, by=by, at=at)

    notify_parties.__qualname__ = "notify_parties"
    return notify_parties


def notify(cause: Recorded, rows: Sequence[Any], *, by: Actor, at: datetime) -> None:
    """Write the messages of a cause about these rows, as the table says."""
    made: list[Notification] = []
    told: set[tuple[int, int]] = set()  # of a row's own item, and a person
    for rule in rules_of(cause.kind):
        chosen = rule.only(rows, by) if rule.notifies else ()
        items, causes = _leading_to(rule, chosen)
        if not items:
            continue
        for party, about in _addressed(rule, items).items():
            for pk, users in party.people(about).items():
                for user in users:
                    new = {(own, user) for own in causes[pk]} - told
                    if not new or (user == by.user_id and not rule.also_actor):
                        continue
                    told |= new
                    # A repeated cause has the same actor and instant, and so the same key.
                    key = f"{rule.words}:{pk}:{user}:{by.user_id}:{at:%Y%m%dT%H%M%S.%f}"
                    made.append(_notification(rule, party, pk, user, key, at))
    write(made, at=at)


def _leading_to(
    rule: NotificationRule, rows: Sequence[Any]
) -> tuple[list[WorkItem], Mapping[int, set[int]]]:
    """Return the items that a rule's messages lead to, and the rows' own items for each."""
    items: dict[int, WorkItem] = {}
    causes: dict[int, set[int]] = defaultdict(set)
    for row in rows:
        about = rule.about(row)
        items[about.pk] = about
        causes[about.pk].add(item_of(row).pk)
    return list(items.values()), causes


def _addressed(rule: NotificationRule, items: Sequence[WorkItem]) -> Mapping[Party, list[WorkItem]]:
    """Return the items about which each party is notified."""
    if not rule.turn:
        return {party: list(items) for party in rule.parties}
    # Read again: what the cause set off may have given the turn to somebody else.
    now_in_state = WorkItem.objects.filter(pk__in=[item.pk for item in items], state=rule.turn)
    fresh = with_turns(now_in_state, rule.turn)
    found: dict[Party, list[WorkItem]] = {party: [] for party in rule.parties}
    for item in fresh:
        turn = turn_of(item)
        if turn is not None and turn.party in found:
            found[turn.party].append(item)
    return found


def _notification(
    rule: NotificationRule, party: Party, item: int, user: int, key: str, at: datetime
) -> Notification:
    return Notification(
        recipient_id=user,
        item_id=item,
        words=rule.words,
        while_state=rule.lasts,
        party=party.code,
        dedupe_key=key,
        at=at,
    )


__all__ = [
    "ANY_OPEN",
    "DESK",
    "EMAIL",
    "PORTAL",
    "NotificationRule",
    "emails",
    "item_of",
    "notify",
    "rules_of",
    "tells",
    "tells_nobody",
    "told_kinds",
]
