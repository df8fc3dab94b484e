"""Deals that keep coming in while drills run, and what became of each of them on both sides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event as Flag
from threading import Thread
from time import monotonic
from typing import Any

from django.db import Error, connections

from delivery.models import Request
from demo.drills.deals import OK, TOLD, again_until_kept, make, sender, waiting
from demo.drills.registry import DrillField
from demo.walkthrough.close import leave, quiet
from demo.walkthrough.play import Named, stage
from demo.walkthrough.transcript import StepFailed, Transcript
from demo.walkthrough.walk import WORKER, WalkthroughJob
from integrations.base.adapter import CallFailed
from integrations.models import Outbound
from routing.kernel.events import Event
from routing.models import Run

EVERY_S = 10.0
TELLS_WITHIN_S = 300.0


@dataclass
class Traffic:
    """
    A deal every ten seconds, from a CRM of its own.

    ``answers`` counts the statuses of all posts. ``kept`` has the keys of the events in posts that
    were answered with 200, by deal.
    """

    place: DrillField
    answers: Counter[int] = field(default_factory=Counter)
    longest_s: float = 0.0
    kept: dict[str, int] = field(default_factory=dict)
    jobs: list[WalkthroughJob] = field(default_factory=list)
    counted: dict[str, Any] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)

    def send(self) -> None:
        """Make a deal, and post its events until they are stored."""
        job = make(self.place, f"Traffic {len(self.jobs)}")
        events, posted = waiting(self.place), sender(self.place)

        def post() -> int:
            began = monotonic()
            answer = posted.post(events)
            self.longest_s = max(self.longest_s, monotonic() - began)
            return answer

        answers = again_until_kept(post, 180)
        posted.close()
        self.answers.update(answers)
        if answers[-1] == OK:
            self.jobs.append(job)
            self.kept[job.deal] = sum(str(each.get("objectId")) == job.deal for each in events)

    def check(self) -> dict[str, Any]:
        """Compare what was sent with both sides, once all of it has come through."""
        self._come_through()
        slug = self.place.walk.deals.connection.slug
        for job in self.jobs:
            about = {"source": slug, "subject_id": job.deal}
            events = Event.objects.filter(**about).exclude(dedupe_key=None)
            self._holds("I1", job, events.count() >= self.kept[job.deal])
            runs = Run.objects.filter(**about)
            self._holds("I2", job, runs.count() == 1)
            self._holds("I2", job, Request.objects.filter(item__run__in=runs).count() == 1)
            there = self.place.walk.deals.written(job.deal)["state"]
            self._holds("I3", job, there in TOLD)
        return {
            "deals": len(self.jobs),
            "answers": {str(status): number for status, number in sorted(self.answers.items())},
            "longest_answer_s": round(self.longest_s, 2),
        }

    def _come_through(self) -> None:
        slug = self.place.walk.deals.connection.slug
        deals = [job.deal for job in self.jobs]
        runs = Run.objects.filter(source=slug, subject_id__in=deals)
        told = Outbound.objects.filter(
            connection=self.place.walk.deals.connection, state__in=Outbound.workable
        )
        self.place.walk.transcript.wait(
            "all deals are runs in delivery, and the CRM was told",
            lambda: (
                runs.filter(state=Run.State.IN_DELIVERY).count() >= len(deals) and not told.exists()
            ),
            TELLS_WITHIN_S,
            WORKER,
        )
        for job in self.jobs:
            job.run = runs.filter(subject_id=job.deal).order_by("pk")[0]

    def _holds(self, invariant: str, job: WalkthroughJob, holds: bool) -> None:
        if not holds:
            self.failed.append(f"{invariant}: deal {job.deal} is not as it was sent.")


@contextmanager
def traffic(say: Callable[[str], object], limit_s: float) -> Iterator[Traffic]:
    """Send deals in another thread until the block ends. They are cancelled after the check."""
    with stage(Transcript(say, limit_s + 2 * TELLS_WITHIN_S), Named()) as walk:
        found, stop = Traffic(DrillField(walk)), Flag()

        def keep_sending() -> None:
            try:
                while not stop.wait(EVERY_S):
                    # While the database is away, nobody here can look anything up either.
                    with suppress(Error, CallFailed):
                        found.send()
                    connections.close_all()
            finally:
                connections.close_all()

        thread = Thread(target=keep_sending, name="traffic")
        thread.start()
        try:
            yield found
        finally:
            stop.set()
            thread.join()
        try:
            found.counted = found.check()
        except StepFailed as error:
            found.failed.append(f"I1: {error}")
        leave(walk)
        with suppress(StepFailed):
            quiet(walk)
