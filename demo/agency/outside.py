"""
External systems of the demo agency.

Their module imports this package, so it registers them here when it is loaded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Outside:
    """
    Functions of the external systems.

    ``connect`` creates the demo's own site once, and returns its kind and slug. ``deliver`` sends
    the messages that are due at a time. ``hush`` discards waiting e-mails, because the demo's past
    must not be mailed. ``edit`` changes a word on the published page of a work item, as somebody
    would who has the site. ``occupy`` puts a page of somebody else at a path of it.
    """

    connect: Callable[[datetime], tuple[str, str]]
    deliver: Callable[[datetime], None]
    hush: Callable[[datetime], None]
    edit: Callable[[int, str, str], None] = lambda item, before, after: None
    occupy: Callable[[str], None] = lambda path: None


_known: list[Outside] = []


def register(made: Outside) -> None:
    _known.append(made)


def outside() -> Outside:
    """:raises LookupError: if nothing has registered"""
    if not _known:
        raise LookupError("No external systems are registered: demo.site was not loaded.")
    return _known[-1]
