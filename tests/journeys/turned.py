"""A clock that tests turn."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.world import NOW


class Time:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **duration: float) -> None:
        self.now += timedelta(**duration)
