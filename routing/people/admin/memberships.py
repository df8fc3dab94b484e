"""
Base of the pages that show memberships. Losing a role ends the contact's sessions, on any page.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from routing.cover.operations.portal_access import end_membership, keep_membership
from routing.desk.base import ModelT
from routing.desk.saved import SavedAdmin
from routing.people.actors import Actor
from routing.people.clients import Membership


class KeepsMemberships(SavedAdmin[ModelT]):
    def keep_row(self, row: Any, *, by: Actor, at: datetime, reason: str) -> None:
        if isinstance(row, Membership):
            keep_membership(row, by=by, at=at, reason=reason)
        else:
            super().keep_row(row, by=by, at=at, reason=reason)

    def drop_row(self, row: Any, *, by: Actor, at: datetime, reason: str) -> None:
        if isinstance(row, Membership):
            end_membership(row, by=by, at=at, reason=reason)
        else:
            super().drop_row(row, by=by, at=at, reason=reason)
