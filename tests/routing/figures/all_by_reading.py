"""Every figure by its name, as it is read, and what it computes from its rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from tests.routing.figures.by_reading import Counted, RawRows


def figures(rows: RawRows, until: datetime) -> dict[str, tuple[str, Sequence[Counted]]]:
    """Every figure of routing by its name: what is computed, and its rows of any period."""
    found: dict[str, tuple[str, Sequence[Counted]]] = {
        "runs_started": ("count", rows.started()),
        "runs_completed": ("count", rows.completed()),
        "completion_rate": ("rate", rows.completion()),
        "outcome_rate": ("rate", rows.proven()),
        "sla_compliance": ("rate", rows.compliance()),
        "breaches": ("count", rows.breaches()),
        "time_by_party": ("total", rows.by_party()),
        "exceptions_opened": ("count", rows.raised()),
        "exceptions_recurring": ("rate", rows.recurring()),
        "exceptions_settled": ("count", rows.settled()),
        "exceptions_open": ("count", rows.standing(until)),
        "open_work": ("count", rows.open_work()),
        "overdue_work": ("count", rows.overdue()),
        "work_on_hold": ("count", rows.on_hold()),
        "coordination_people": ("each", rows.per_run(rows.people_of)),
        "coordination_messages": ("each", rows.per_run(rows.messages_of)),
        "coordination_reassignments": ("each", rows.per_run(rows.reassignments_of)),
        "manual_steps": ("each", rows.per_run(lambda run: len(rows.acts_of(run)))),
        "new_manual_work": ("count", rows.new_by_hand()),
        "missed_hand_offs": ("rate", rows.missed(until)),
        "work_of_absent": ("rate", rows.of_the_absent()),
        "due_in_absence": ("rate", rows.due_in_absence()),
        "hand_offs": ("count", rows.hand_offs()),
        "rules_overruled": ("rate", rows.overruled()),
        "work_without_layer": ("rate", rows.without_layer()),
        "step_error_rate": ("rate", rows.errors()),
    }
    families = {
        "time_to_outcome": rows.to_outcome(),
        "first_response": rows.responses(),
        "exception_settle_time": rows.settled(),
        "open_work_age": rows.open_work(),
        "time_in_state": rows.stays(),
        "cycle_time": rows.cycles(),
        "step_latency": rows.latency(),
    }
    for name, counted in families.items():
        for what in ("mean", "median", "p90"):
            found[f"{name}_{what}"] = (what, counted)
    return found


def value(what: str, rows: Sequence[Counted]) -> float | None:
    """The value of a figure: the divisor of a rate is at least five."""
    n = len(rows)
    if what == "count":
        return n
    if what == "rate":
        return sum(row.good for row in rows) / n if n >= 5 else None
    took = sorted(row.took.total_seconds() for row in rows if row.took is not None)
    if what == "each":
        took = [row.number for row in rows]
    if not took:
        return None
    if what == "total":
        return sum(took)
    if what in {"mean", "each"}:
        return sum(took) / n
    share = {"median": 0.5, "p90": 0.9}[what]
    return next(each for place, each in enumerate(took, 1) if place >= share * n - 1e-9)


def within(rows: Iterable[Counted], since: datetime, until: datetime) -> list[Counted]:
    return [row for row in rows if row.at is None or since <= row.at < until]
