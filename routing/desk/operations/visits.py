"""Coming back to the desk."""

from __future__ import annotations

from datetime import datetime, timedelta

from routing.desk.visits import Visit
from routing.kernel.sql import run
from routing.kernel.tables import insert_into

LOOKED_IN = f"""
    {insert_into(Visit, "", alias="v", user_id="%(user)s", seen_at="%(at)s")}
    ON CONFLICT (user_id) DO UPDATE SET
        since_at = CASE WHEN v.seen_at < %(at)s - %(pause)s THEN v.seen_at ELSE v.since_at END,
        seen_at = greatest(v.seen_at, EXCLUDED.seen_at)
    RETURNING since_at"""
PAUSE = timedelta(minutes=30)  # whoever looks again sooner is still on the same visit


def look_in(user_id: int, at: datetime) -> datetime | None:
    """
    Note that a person looks at the desk now; the end of their visit before this one, or None on
    their first.

    One statement, so two screens at once cannot lose a visit.
    """
    [(since,)] = run(LOOKED_IN, {"user": user_id, "at": at, "pause": PAUSE})
    found: datetime | None = since
    return found
