"""
Channels that bring notifications to people besides the desk.

Packages above register here when they are loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from routing.messages.models import Notification

Channel = Callable[[Sequence["Notification"], datetime], None]

_channels: list[Channel] = []


def channel(function: Channel) -> Channel:
    """
    Register who also brings new messages to people; called in the transaction that wrote them, and
    only writes rows.
    """
    _channels.append(function)
    return function


def send_notifications(notifications: Sequence[Notification], at: datetime) -> None:
    for function in _channels if notifications else ():
        function(notifications, at)
