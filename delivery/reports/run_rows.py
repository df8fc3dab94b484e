"""The rows of a run that a post-launch report tells of, as one reader may see them."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from delivery.approvals.models import Answer, Approval
from delivery.campaigns.models import Campaign
from delivery.deliverables.models import Deliverable
from delivery.deliverables.versions import Version
from routing.people.actors import Actor
from routing.runs.exceptions import ExceptionCase
from routing.runs.models import Run
from routing.runs.outcomes import Outcome
from routing.runs.questions.ask import QuestionAnswer, ask
from routing.runs.questions.asked import AskedWork
from routing.runs.registry import TraceEntry
from routing.runs.trace import Trace, trace
from routing.sla.clocks import Clock
from routing.sla.explain_due import Explanation, explain, states_of
from routing.work.items import WorkItem
from routing.work.visibility import work_seen_by

# References in an entry of the trace, wherever they are.
REFS = re.compile(r"[A-Z0-9]+-\d+")


@dataclass
class RunRows:
    """
    A run at one instant (aware) for one reader. Each property is read once.

    Work that the reader may not see is left out everywhere.
    """

    run: Run
    by: Actor
    at: datetime

    @cached_property
    def item(self) -> WorkItem:
        return AskedWork.items().get(pk=self.run.item_id)

    @cached_property
    def seen(self) -> dict[int, WorkItem]:
        """Return the visible work of the run by its id, in the order of creation."""
        rows = work_seen_by(self.by).filter(run=self.run).select_related("owner", "backup")
        return {row.pk: row for row in rows.order_by("pk")}

    @cached_property
    def questions(self) -> dict[str, QuestionAnswer]:
        return {each.key: each for each in ask(self.item, self.at, self.by)}

    @cached_property
    def trace(self) -> Trace:
        return trace(self.run)

    @cached_property
    def entries(self) -> Sequence[TraceEntry]:
        """Return the trace without entries that name work which the reader may not see."""
        every = WorkItem.objects.filter(run=self.run).values_list("pk", "ref")
        hidden = {ref for pk, ref in every if pk not in self.seen}
        if not hidden:
            return self.trace.entries
        return [entry for entry in self.trace.entries if not _refs(entry) & hidden]

    @cached_property
    def deliverables(self) -> Sequence[Deliverable]:
        rows = Deliverable.objects.filter(item__in=self.seen).select_related(
            "item", "destination", "version"
        )
        return list(rows.order_by("pk"))

    @cached_property
    def campaign(self) -> Campaign | None:
        rows = Campaign.objects.filter(item__in=self.seen).select_related("item")
        return rows.order_by("pk").first()

    @cached_property
    def versions(self) -> Sequence[Version]:
        rows = Version.objects.filter(deliverable__in=self.deliverables)
        return list(rows.select_related("author", "deliverable__item").order_by("pk"))

    @cached_property
    def approvals(self) -> Sequence[Approval]:
        rows = Approval.objects.filter(item__in=self.seen)
        return list(rows.select_related("item", "version").order_by("pk"))

    @cached_property
    def answers(self) -> Sequence[Answer]:
        rows = Answer.objects.filter(approval__in=self.approvals)
        people = ("user", "contact", "recorded_by", "approval__item", "approval__version")
        return list(rows.select_related(*people).order_by("at", "pk"))

    @cached_property
    def cases(self) -> Sequence[ExceptionCase]:
        rows = ExceptionCase.objects.filter(item__in=self.seen)
        return list(rows.select_related("item__owner", "item__parent").order_by("pk"))

    @cached_property
    def outcomes(self) -> Sequence[Outcome]:
        rows = Outcome.objects.filter(item__in=self.seen).select_related("item", "waived_by")
        return list(rows.order_by("pk"))

    @cached_property
    def clocks(self) -> Sequence[tuple[Clock, Explanation]]:
        """Return each clock with its explanation, recomputed from its marks."""
        rows = Clock.objects.filter(item__in=self.seen).prefetch_related("marks")
        found = rows.select_related("item", "policy", "terms").order_by("pk")
        return [(row, explain(row, self.at, states_of(row.item, self.at))) for row in found]

    @property
    def live_at(self) -> datetime | None:
        """Return the first instant at which a part was live or handed over."""
        found = [at for row in self.deliverables if (at := finished_at(row))]
        return min(found, default=None)


def finished_at(row: Deliverable) -> datetime | None:
    """Return when a deliverable went live, or was handed over."""
    if row.live_at is not None:
        return row.live_at
    return row.ended_at if row.state == Deliverable.State.HANDED_OVER else None


def _refs(entry: TraceEntry) -> set[str]:
    words = f"{entry.title} {json.dumps(dict(entry.data), ensure_ascii=False, default=str)}"
    return set(REFS.findall(words))
