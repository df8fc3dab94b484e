"""The way by which changes came, for the reasons in history: by a command and not by a screen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_channel: ContextVar[str] = ContextVar("channel", default="")


@contextmanager
def through(channel: str) -> Iterator[None]:
    """Add the channel, in words, to the reason of each change that is made in the block."""
    token = _channel.set(channel)
    try:
        yield
    finally:
        _channel.reset(token)


def with_channel(reason: str) -> str:
    """Return the reason as history keeps it."""
    channel = _channel.get()
    if not channel:
        return reason
    return f"{reason} ({channel})" if reason else channel
