"""Actions of ``manage.py flow``, one module a subject, in the order of its help."""

from __future__ import annotations

from config.management.flow_actions import (
    catalogue,
    copying,
    files,
    migrating,
    publishing,
    switching,
    trying,
)
from config.management.flow_actions.base import FlowAction

ACTIONS: tuple[FlowAction, ...] = (
    *catalogue.ACTIONS,
    *files.ACTIONS,
    *trying.ACTIONS,
    *copying.ACTIONS,
    *publishing.ACTIONS,
    *switching.ACTIONS,
    *migrating.ACTIONS,
)
