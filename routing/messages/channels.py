"""
Channels that bring notifications to people besides the desk.

Packages above register here when they are loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from routing.messages.models import Notification

Carrier = Callable[[Sequence["Notification"], datetime], None]

_carriers: list[Carrier] = []


def carrier(function: Carrier) -> Carrier:
    """
    Register who also brings new messages to people; called in the transaction that wrote them, and
    only writes rows.
    """
    _carriers.append(function)
    return function


def carry_messages(told: Sequence[Notification], at: datetime) -> None:
    for function in _carriers if told else ():
        function(told, at)
