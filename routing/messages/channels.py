"""
Channels that deliver notifications outside the desk, such as e-mail.

Packages above this one register them when they are loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from routing.messages.models import Notification

Channel = Callable[[Sequence["Notification"], datetime], None]

_channels: list[Channel] = []


def channel(function: Channel) -> Channel:
    """
    Register a function that delivers new notifications.

    It is called in the transaction that wrote them, and only writes rows.
    """
    _channels.append(function)
    return function


def send_notifications(notifications: Sequence[Notification], at: datetime) -> None:
    for function in _channels if notifications else ():
        function(notifications, at)
