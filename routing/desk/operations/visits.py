"""Visits of people to the desk."""

from __future__ import annotations

from datetime import datetime, timedelta

from routing.desk.visits import Visit
from routing.kernel.sql import run
from routing.kernel.tables import insert_into

# One statement, so that two windows that open at once cannot lose a visit.
RECORD_VISIT = f"""
    {insert_into(Visit, "", alias="v", user_id="%(user)s", seen_at="%(at)s")}
    ON CONFLICT (user_id) DO UPDATE SET
        since_at = CASE WHEN v.seen_at < %(at)s - %(pause)s THEN v.seen_at ELSE v.since_at END,
        seen_at = greatest(v.seen_at, EXCLUDED.seen_at)
    RETURNING since_at"""
PAUSE = timedelta(minutes=30)  # a shorter break does not end a visit


def look_in(user_id: int, at: datetime) -> datetime | None:
    """
    Record that a person is at the desk now. Return the end of their previous visit, or None on the
    first one.
    """
    [(since,)] = run(RECORD_VISIT, {"user": user_id, "at": at, "pause": PAUSE})
    found: datetime | None = since
    return found
