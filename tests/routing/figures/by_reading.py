"""
The figures once more, in plain Python over raw rows, written from the text of docs/figures.md.

It shares no code with the catalogue: each figure here is a list of ``Counted``, one for each row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from math import ceil
from typing import Any
from zoneinfo import ZoneInfo

from routing.models import (
    Absence,
    CalendarUse,
    Client,
    ClientMerge,
    Clock,
    ClockMark,
    Decision,
    Event,
    ExceptionCase,
    Flow,
    FlowVersion,
    Notification,
    Outcome,
    Run,
    RunStep,
    User,
    WorkItem,
)
from tests.routing.figures.agencies import HISTORY
from tests.world import NOW

OPEN_OF_RUNS = {"received", "enriching", "waiting", "routed", "in_delivery", "awaiting_outcome"}


@dataclass
class Counted:
    """One row: its work item, the instant of its period, and what else the figure needs."""

    item: int
    at: datetime | None
    good: bool = False
    took: timedelta | None = None
    number: int = 0
    own: dict[str, Any] | None = None


class RawRows:
    """Everything in the database, as dictionaries by id."""

    def __init__(self) -> None:
        self.items = self._all(WorkItem)
        self.runs = self._all(Run)
        self.events = sorted(self._all(Event).values(), key=lambda each: each["id"])
        self.outcomes = self._all(Outcome)
        self.clocks = self._all(Clock)
        self.marks = sorted(self._all(ClockMark).values(), key=lambda each: each["id"])
        self.exceptions = self._all(ExceptionCase)
        self.decisions = self._all(Decision)
        self.steps = self._all(RunStep)
        self.people = self._all(User)
        self.ids = {
            "client": {row["code"]: pk for pk, row in self._all(Client).items()},
            "flow": {row["slug"]: pk for pk, row in self._all(Flow).items()},
            "owner": {row["email"]: pk for pk, row in self.people.items()},
        }
        self.absences = self._all(Absence)
        self.notifications = self._all(Notification)
        self.versions = self._all(FlowVersion)
        self.zone = ZoneInfo(CalendarUse.objects.get().calendar.timezone)
        self.merges = [each for each in self._all(ClientMerge).values() if each["ended_at"] is None]
        self.records = sorted(HISTORY.objects.values(), key=lambda each: each["history_id"])

    def _all(self, model: Any) -> dict[int, dict[str, Any]]:
        return {row["id"]: row for row in model._base_manager.values()}

    # -- Runs --------------------------------------------------------------------------------------

    def started(self) -> list[Counted]:
        return [
            Counted(run["item_id"], self.items[run["item_id"]]["created_at"])
            for run in self.runs.values()
        ]

    def completed_at(self, run: dict[str, Any]) -> datetime | None:
        if run["state"] != "complete":
            return None
        found = [
            event["at"]
            for event in self.events
            if event["item_id"] == run["item_id"] and event["kind"] == "routing.run.complete"
        ]
        at: datetime = found[-1]
        return at

    def completed(self) -> list[Counted]:
        ended = [(run, self.completed_at(run)) for run in self.runs.values()]
        return [Counted(run["item_id"], at) for run, at in ended if at]

    def completion(self) -> list[Counted]:
        found = self.started()
        for row, run in zip(found, self.runs.values(), strict=True):
            row.good = run["state"] == "complete"
        return found

    def proof(self, run: dict[str, Any]) -> datetime | None:
        """The newest proof, if the outcome of the run is proven."""
        own = [each for each in self.outcomes.values() if each["run_id"] == run["id"]]
        states = {each["state"] for each in own} - {"superseded"}
        if run["state"] != "complete" or states != {"proven"}:
            return None
        newest: datetime = max(each["proven_at"] for each in own if each["state"] == "proven")
        return newest

    def proven(self) -> list[Counted]:
        found = self.started()
        for row, run in zip(found, self.runs.values(), strict=True):
            row.good = self.proof(run) is not None
        return found

    def to_outcome(self) -> list[Counted]:
        found = []
        for run in self.runs.values():
            proof, start = self.proof(run), self.items[run["item_id"]]["created_at"]
            if proof:
                found.append(Counted(run["item_id"], self.completed_at(run), took=proof - start))
        return found

    # -- People ------------------------------------------------------------------------------------

    def is_person(self, event: dict[str, Any]) -> bool:
        return bool(self.people[event["actor_id"]]["kind"] == "person")

    def per_run(self, about: Callable[[int], int]) -> list[Counted]:
        """The completed runs, each with a number."""
        found = []
        for run in self.runs.values():
            at = self.completed_at(run)
            if at:
                found.append(Counted(run["item_id"], at, number=about(run["id"])))
        return found

    def work_of(self, run: int) -> set[int]:
        return {pk for pk, item in self.items.items() if item["run_id"] == run}

    def acts_of(self, run: int) -> list[dict[str, Any]]:
        work = self.work_of(run)
        return [each for each in self.events if each["item_id"] in work and self.is_person(each)]

    def people_of(self, run: int) -> int:
        return len({each["actor_id"] for each in self.acts_of(run)})

    def messages_of(self, run: int) -> int:
        work = self.work_of(run)
        return sum(each["item_id"] in work for each in self.notifications.values())

    def reassignments_of(self, run: int) -> int:
        work = self.work_of(run)
        return sum(row.item in work for row in self.hand_offs())

    def new_by_hand(self) -> list[Counted]:
        done = []
        for event in self.events:
            run = self.runs.get(self.items[event["item_id"]]["run_id"])
            if run and self.is_person(event):
                version = self.versions[run["version_id"]]
                done.append((event, version["flow_id"], version["number"]))
        had = [self.versions[run["version_id"]] for run in self.runs.values()]
        found = []
        for event, flow, number in done:
            before = [each for each in had if each["flow_id"] == flow and each["number"] < number]
            same = [
                kind["kind"] for kind, other, earlier in done if other == flow and earlier < number
            ]
            if before and event["kind"] not in same:
                own = {"verb": event["kind"]}
                found.append(Counted(event["item_id"], event["at"], own=own))
        return found

    def missed(self, until: datetime) -> list[Counted]:
        found = self.hand_offs()
        for row in found:
            assert row.at
            assert row.own
            end = row.at + timedelta(hours=48)
            acted = [
                event
                for event in self.events
                if event["item_id"] == row.item
                and self.people[event["actor_id"]]["email"] == row.own["to"]
                and row.at < event["at"] <= end
            ]
            row.good = not acted and end <= min(until, NOW)
        return found

    def is_absent(self, owner: int, at: datetime) -> bool:
        return any(
            each["user_id"] == owner and each["starts_at"] <= at < each["ends_at"]
            for each in self.absences.values()
        )

    def of_the_absent(self) -> list[Counted]:
        found = self.open_work()
        for row in found:
            row.good = self.is_absent(self.items[row.item]["owner_id"], NOW)
        return found

    def due_in_absence(self) -> list[Counted]:
        found = []
        for row in self.open_work():
            item = self.items[row.item]
            due = item["next_due_at"]
            if due and due >= NOW:
                row.good = self.is_absent(item["owner_id"], due)
                found.append(row)
        return found

    def on_hold(self) -> list[Counted]:
        return [row for row in self.open_work() if self.items[row.item]["held_at"]]

    # -- Clocks ------------------------------------------------------------------------------------

    def compliance(self) -> list[Counted]:
        found = []
        for clock in self.clocks.values():
            met, late = clock["met_at"] is not None, clock["breached_at"] is not None
            if met or late:
                found.append(self._of_clock(clock, clock["started_at"], good=met))
        return found

    def breaches(self) -> list[Counted]:
        late = [each for each in self.clocks.values() if each["breached_at"]]
        return [self._of_clock(clock, clock["breached_at"]) for clock in late]

    def responses(self) -> list[Counted]:
        return [
            self._of_clock(
                clock, clock["stopped_at"], took=clock["stopped_at"] - clock["started_at"]
            )
            for clock in self.clocks.values()
            if clock["purpose"] == "first_response"
            and clock["stopped_at"]
            and clock["cause"] == "met"
        ]

    def _of_clock(self, clock: dict[str, Any], at: datetime, **more: Any) -> Counted:
        return Counted(clock["item_id"], at, own={"purpose": clock["purpose"]}, **more)

    def by_party(self) -> list[Counted]:
        found = []
        for clock in self.clocks.values():
            if clock["stopped_at"] is None:
                continue
            marks = [each for each in self.marks if each["clock_id"] == clock["id"]]
            for mark, following in pairwise(marks):
                party = mark["party"]
                if mark["does"] == "run":
                    party = "agency"
                elif mark["cause"] in {"hold", "state"}:
                    party = {"hold": "hold", "state": "not_counted"}[mark["cause"]]
                found.append(
                    Counted(
                        clock["item_id"],
                        clock["stopped_at"],
                        took=following["at"] - mark["at"],
                        own={"party": party, "purpose": clock["purpose"]},
                    )
                )
        return found

    # -- Exceptions --------------------------------------------------------------------------------

    def raised(self) -> list[Counted]:
        return [self._of_case(each, self._created(each)) for each in self.exceptions.values()]

    def recurring(self) -> list[Counted]:
        found, seen = [], set()
        for each in sorted(self.exceptions.values(), key=lambda one: one["id"]):
            if each["run_id"] is None:
                continue
            key = (each["run_id"], each["reason"])
            found.append(self._of_case(each, self._created(each), good=key in seen))
            seen.add(key)
        return found

    def settled(self) -> list[Counted]:
        return [
            self._of_case(each, each["ended_at"], took=each["ended_at"] - self._created(each))
            for each in self.exceptions.values()
            if each["ended_at"]
        ]

    def standing(self, until: datetime) -> list[Counted]:
        at = min(until, NOW)
        return [
            self._of_case(each, None)
            for each in self.exceptions.values()
            if self._created(each) < at and not (each["ended_at"] and each["ended_at"] < at)
        ]

    def _created(self, row: dict[str, Any]) -> datetime:
        at: datetime = self.items[row["item_id"]]["created_at"]
        return at

    def _of_case(self, case: dict[str, Any], at: datetime | None, **more: Any) -> Counted:
        return Counted(case["item_id"], at, own={"reason": case["reason"]}, **more)

    # -- Work --------------------------------------------------------------------------------------

    def open_work(self) -> list[Counted]:
        return [
            Counted(item["id"], None, took=NOW - item["created_at"])
            for item in self.items.values()
            if item["is_open"]
        ]

    def overdue(self) -> list[Counted]:
        due = {pk for pk, item in self.items.items() if item["next_due_at"]}
        return [
            row
            for row in self.open_work()
            if row.item in due and self.items[row.item]["next_due_at"] < NOW
        ]

    def hand_offs(self) -> list[Counted]:
        found = []
        for event in self.events:
            person = self.people[event["actor_id"]]
            if event["kind"] != "routing.workitem.hand_over" or person["kind"] != "person":
                continue
            own = [each for each in self.records if each["id"] == event["item_id"]]
            before = [each["owner_id"] for each in own if each["history_date"] < event["at"]]
            after = [each["owner_id"] for each in own if each["history_date"] == event["at"]]
            if before and after and before[-1] != after[-1]:
                names = {"from": before[-1], "to": after[-1]}
                mail = {name: self.people[pk]["email"] for name, pk in names.items()}
                found.append(Counted(event["item_id"], event["at"], own=mail))
        return found

    def overruled(self) -> list[Counted]:
        found = []
        for decision in self.decisions.values():
            item = self.runs[decision["run_id"]]["item_id"]
            good = any(
                record["id"] == item
                and timedelta() < record["history_date"] - decision["at"] <= timedelta(hours=48)
                and record["owner_id"] != decision["owner_id"]
                and self.people[record["history_user_id"]]["kind"] == "person"
                for record in self.records
            )
            own = {"rule": decision["rule_name"]}
            found.append(Counted(item, decision["at"], good=good, own=own))
        return found

    def without_layer(self) -> list[Counted]:
        return [
            Counted(item["id"], item["created_at"], good=item["run_id"] is None)
            for item in self.items.values()
            if item["kind"] != "exceptioncase"
        ]

    # -- States and steps --------------------------------------------------------------------------

    def moves(self, item: int) -> list[dict[str, Any]]:
        """The events by which a run changed its state."""
        return [
            event
            for event in self.events
            if event["item_id"] == item
            and event["kind"].startswith("routing.run.")
            and event["from_state"] != event["to_state"]
        ]

    def stays(self) -> list[Counted]:
        found = []
        for run in self.runs.values():
            moves = self.moves(run["item_id"])
            for came, left in pairwise(moves):
                own = {"state": left["from_state"]}
                took = left["at"] - came["at"]
                found.append(Counted(run["item_id"], left["at"], took=took, own=own))
        return found

    def cycles(self) -> list[Counted]:
        found = []
        for run in self.runs.values():
            item = self.items[run["item_id"]]
            ends = [
                event
                for event in self.moves(item["id"])
                if event["from_state"] in OPEN_OF_RUNS and event["to_state"] not in OPEN_OF_RUNS
            ]
            if ends and not item["is_open"]:
                at = ends[-1]["at"]
                own = {"ended_as": ends[-1]["to_state"]}
                found.append(Counted(item["id"], at, took=at - item["created_at"], own=own))
        return found

    def errors(self) -> list[Counted]:
        return [
            self._of_step(step, good=step["state"] == "stopped" or step["attempts"] > 1)
            for step in self.steps.values()
            if step["state"] in {"done", "stopped"}
        ]

    def latency(self) -> list[Counted]:
        return [
            self._of_step(step, took=step["ended_at"] - step["started_at"])
            for step in self.steps.values()
            if step["state"] == "done" and step["started_at"]
        ]

    def _of_step(self, step: dict[str, Any], **more: Any) -> Counted:
        item = self.runs[step["run_id"]]["item_id"]
        return Counted(item, step["ended_at"], own={"step": step["name"]}, **more)

    # -- Groups ------------------------------------------------------------------------------------

    def client_of(self, item: int) -> int | None:
        """The client of work, or the one that it was merged into, directly or in turn."""
        client = self.items[item]["client_id"]
        into = {merge["alias_id"]: merge["into_id"] for merge in self.merges}
        while client in into:
            client = into[client]
        found: int | None = client
        return found

    def group(self, name: str, row: Counted) -> Any:
        if row.own and name in row.own:
            return row.own[name]
        if name in PERIODS:
            assert row.at is not None
            return PERIODS[name](row.at.astimezone(self.zone))
        if name == "client":
            return self.client_of(row.item)
        if name == "flow":
            run = self.items[row.item]["run_id"]
            return self.runs[run]["flow_id"] if run else None
        return self.items[row.item][{"owner": "owner_id", "kind": "kind"}[name]]


PERIODS: dict[str, Callable[[datetime], str]] = {
    "day": lambda at: f"{at:%Y-%m-%d}",
    "week": lambda at: f"{at:%G-W%V}",
    "month": lambda at: f"{at:%Y-%m}",
    "quarter": lambda at: f"{at.year}-Q{ceil(at.month / 3)}",
    "year": lambda at: f"{at.year}",
}
