"""
Agencies made up from one number: runs that were reopened, flows of two versions, held work and
clocks, proofs that no longer hold, merged clients, restricted ones, absences, hand-offs and those
taken back, calendars of several zones, and instants around midnight and the change of daylight
saving time.

Rows are inserted as they are, because only their values matter here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from zoneinfo import ZoneInfo

from routing.kernel.reasons import Reason
from routing.kernel.roles import AM
from routing.models import (
    Absence,
    Calendar,
    CalendarUse,
    Client,
    ClientMerge,
    Clock,
    ClockMark,
    ClockTerms,
    Decision,
    Event,
    ExceptionCase,
    Flow,
    FlowVersion,
    Notification,
    Outcome,
    Run,
    RunStep,
    SLAPolicy,
    Team,
    User,
    WorkItem,
)
from routing.sla.timing import Cause, Does
from tests.world import NOW, World, make_client, make_user

ZONE = ZoneInfo("Europe/Berlin")
# In Santiago clocks are turned at midnight, so a day in September has no first hour.
ZONES = [ZONE, ZoneInfo("America/Santiago"), ZoneInfo("Asia/Kolkata")]
HISTORY = WorkItem.history.model
# Midnights of Berlin and Santiago, the hours around the changes of daylight saving time, and month
# ends.
EDGES = [
    datetime(2026, 9, 6, 3, 59, 59, tzinfo=UTC),
    datetime(2026, 9, 6, 4, 0, tzinfo=UTC),
    datetime(2026, 9, 30, 21, 59, 59, tzinfo=UTC),
    datetime(2026, 9, 30, 22, 0, tzinfo=UTC),
    datetime(2026, 10, 24, 22, 30, tzinfo=UTC),
    datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
    datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
    datetime(2026, 10, 25, 22, 59, 59, 999999, tzinfo=UTC),
    datetime(2026, 10, 25, 23, 0, tzinfo=UTC),
    datetime(2026, 10, 31, 22, 59, 59, tzinfo=UTC),
    datetime(2026, 10, 31, 23, 0, tzinfo=UTC),
]
FIRST = datetime(2026, 9, 20, tzinfo=UTC)
_numbers = count(1)


@dataclass
class MadeAgency:
    """Makes the rows of one agency, all of them from one source of chance."""

    world: World
    chance: Random
    is_elsewhere: bool = False  # its calendar may be of another zone than Berlin's

    @classmethod
    def of(cls, world: World, seed: int, *, is_elsewhere: bool = False) -> MadeAgency:
        """Make the agency that this number stands for."""
        chance = Random(seed)  # noqa: S311 - chance that can be repeated
        made = cls(world, chance, is_elsewhere)
        made._make()
        return made

    def _make(self) -> None:
        world = self.world
        self.zone = self.chance.choice(ZONES) if self.is_elsewhere else ZONE
        self._calendar()
        self.system = User.objects.system()
        stranger = make_user("Stranger", AM)
        south = Team.objects.create(name="South", lead=stranger)
        self.people = [world.alice, world.bob, world.olga]
        self.clients = [
            world.acme,
            make_client("BRW", world.team, world.bob, world.alice),
            make_client("CTR", world.team, world.alice, world.bob),
            make_client("SEC", south, stranger, world.olga, restricted=True),
        ]
        self._merge()
        self.versions: list[FlowVersion] = []
        for slug in ("leads", "changes"):
            self.versions += self._flow(slug)
        self.policies = [
            SLAPolicy.objects.create(slug=slug, name=slug) for slug in ("usual", "quick")
        ]
        self.terms = ClockTerms.objects.create(digest="d" * 64, document={})
        for _ in range(self.chance.randint(8, 30)):
            self._run()
        for _ in range(self.chance.randint(0, 5)):
            self._item("request", run=None)
        self._absences()

    def _calendar(self) -> None:
        """The agency has moved: it had a calendar of another zone before."""
        for zone in (ZONES[1], self.zone):
            self.move(zone.key)

    def move(self, zone: str) -> None:
        slug = f"of-{zone.lower().replace('/', '-')}"
        calendar, _made = Calendar.objects.get_or_create(
            slug=slug, defaults={"name": zone, "timezone": zone}
        )
        CalendarUse.objects.update_or_create(
            team=None, client=None, defaults={"calendar": calendar}
        )

    def _absences(self) -> None:
        for who in self.people:
            for _ in range(self.chance.randint(0, 2)):
                start = NOW + timedelta(hours=self.chance.randint(-60, 30))
                Absence.objects.create(user=who, starts_at=start, ends_at=self.after(start, 40))

    def _merge(self) -> None:
        acme, brew, centre, _secret = self.clients
        for alias, into, is_over in (
            (centre, brew, False),
            (brew, acme, self.chance.random() < 0.5),
        ):
            ClientMerge.objects.create(
                alias=alias,
                into=into,
                reason="The same company",
                by=self.world.olga,
                at=NOW,
                ended_at=NOW if is_over else None,
            )

    def _flow(self, slug: str) -> list[FlowVersion]:
        flow = Flow.objects.create(
            slug=slug,
            name=slug.title(),
            purpose="-",
            outcome="-",
            owner=self.world.olga,
            backup=self.world.bob,
        )
        return [
            FlowVersion.objects.create(flow=flow, number=number, action="create_brief")
            for number in (1, 2)
        ]

    def when(self) -> datetime:
        if self.chance.random() < 0.3:
            return self.chance.choice(EDGES)
        return FIRST + timedelta(seconds=self.chance.randrange(60 * 86_400))

    def after(self, at: datetime, hours: int = 200) -> datetime:
        return at + timedelta(seconds=self.chance.randrange(1, hours * 3_600))

    def _item(self, kind: str, run: Run | None, at: datetime | None = None) -> WorkItem:
        owner = self.chance.choice(self.people)
        client: Client | None = self.chance.choice([*self.clients, None])
        item = WorkItem(
            ref=f"GEN-{next(_numbers)}",
            kind=kind,
            title="Made up",
            client=client,
            run=run,
            state="captured",
            is_open=self.chance.random() < 0.6,
            held_at=None,
            owner=owner,
            backup=self.chance.choice([each for each in self.people if each != owner]),
            team=self.chance.choice([self.world.team, None]),
            priority=self.chance.randint(1, 4),
            created_at=at or self.when(),
            changed_at=NOW,
            next_due_at=self.chance.choice(
                [None, NOW - timedelta(hours=1), NOW + timedelta(days=1)]
            ),
            waiting_on=self.chance.choice(WorkItem.WaitingOn.values),
        )
        WorkItem.objects.bulk_create([item])
        if self.chance.random() < 0.1:
            WorkItem.objects.filter(pk=item.pk).update(held_at=NOW, held_by=item)
        return item

    def _run(self) -> None:
        version = self.chance.choice(self.versions)
        item = self._item("run", None)
        state = self.chance.choice(
            ["complete", "complete", "complete", "awaiting_outcome", "in_delivery", "cancelled"]
        )
        run = Run(
            item=item,
            state=state,
            flow=version.flow,
            version=version,
            source="crm",
            subject_type="deal",
            subject_id=item.ref,
        )
        Run.objects.bulk_create([run])
        WorkItem.objects.filter(pk=item.pk).update(
            run=run, state=state, is_open=state in Run.open_states
        )
        item.refresh_from_db()
        self._events(item, run)
        for kind in self.chance.sample(
            ["live", "handed_over", "sla_met"], self.chance.randint(0, 3)
        ):
            self._outcome(item, run, kind)
        for purpose in self.chance.sample(["first_response", "resolution", "triage"], 2):
            self._clock(item, purpose)
        for _ in range(self.chance.randint(0, 3)):
            self._exception(run)
        self._decision(item, run)
        self._people(run)
        self._steps(run, item.created_at)

    def _event(self, item: WorkItem, kind: str, at: datetime, **fields: object) -> None:
        given = {"actor": self.system, "object_id": item.pk, **fields}
        Event.objects.bulk_create([Event(kind=kind, item=item, at=at, **given)])

    def _events(self, item: WorkItem, run: Run) -> None:
        """Through its states to where it is, perhaps completed and reopened on the way."""
        path = ["received", "routed", "in_delivery"]
        if run.state in {"complete", "awaiting_outcome"}:
            for _ in range(self.chance.randint(0, 2)):
                path += ["awaiting_outcome", "complete"]
            path.append("awaiting_outcome")
        if path[-1] != run.state:
            path.append(run.state)
        at, before = item.created_at, ""
        for state in path:
            verb = {"": "create"}.get(before, {"complete": "complete"}.get(state, "move"))
            self._event(
                item, f"routing.run.{verb}", at, object_id=run.pk, from_state=before, to_state=state
            )
            if self.chance.random() < 0.3:  # neither a step of another noun nor one that stays
                self._event(
                    item, "routing.outcome.prove", at, from_state="expected", to_state="proven"
                )
                self._event(
                    item,
                    "routing.run.follow",
                    at,
                    object_id=run.pk,
                    from_state=state,
                    to_state=state,
                )
            at, before = self.after(at), state

    def _people(self, run: Run) -> None:
        """Events and messages about the work of a run, by people and by the system."""
        work = [run.item, self._item("request", run)]
        for _ in range(self.chance.randint(0, 6)):
            item, who = self.chance.choice(work), self.chance.choice([*self.people, self.system])
            verb = self.chance.choice(["request.edit", "request.ask", "note.add", "file.add"])
            at = self.after(run.item.created_at)
            self._event(item, f"delivery.{verb}", at, actor=who)
        Notification.objects.bulk_create(
            Notification(
                item=self.chance.choice(work),
                recipient=self.chance.choice(self.people),
                words=Notification.Words.OWNS,
                dedupe_key=f"made-{next(_numbers)}",
                at=NOW,
            )
            for _ in range(self.chance.randint(0, 3))
        )

    def _outcome(self, item: WorkItem, run: Run, kind: str) -> None:
        state = self.chance.choices(
            ["proven", "waived", "expected", "superseded", "decayed"], [8, 1, 1, 1, 1]
        )[0]
        Outcome.objects.bulk_create(
            [
                Outcome(
                    item=item,
                    run=run,
                    kind=kind,
                    state=state,
                    expected_at=item.created_at,
                    proven_at=self.after(item.created_at) if state != "expected" else None,
                    waived_by=self.world.olga if state == "waived" else None,
                )
            ]
        )

    def _clock(self, item: WorkItem, purpose: str) -> None:
        started = item.created_at
        clock = Clock(
            item=item,
            purpose=purpose,
            policy=self.chance.choice(self.policies),
            policy_version=1,
            terms=self.terms,
            target=timedelta(hours=8),
            warn_after=timedelta(hours=6),
            started_at=started,
        )
        at, marks = started, [(started, Does.RUN, "agency", Cause.WORK)]
        for _ in range(self.chance.randint(0, 3)):
            at = self.after(at, 60)
            marks.append(
                self.chance.choice(
                    [
                        (at, Does.PAUSE, "client", Cause.WAITING),
                        (at, Does.PAUSE, "client", Cause.HOLD),
                        (at, Does.PAUSE, "agency", Cause.STATE),
                        (at, Does.PAUSE, "vendor", Cause.CHILDREN),
                        (at, Does.RUN, "agency", Cause.WORK),
                    ]
                )
            )
        if self.chance.random() < 0.4:
            clock.breached_at = self.after(started)
        if self.chance.random() < 0.7:
            at = self.after(at, 60)
            cause = self.chance.choice([Cause.MET, Cause.MET, Cause.ENDED])
            marks.append((at, Does.STOP, "agency", cause))
            clock.stopped_at, clock.cause = at, cause
            if cause == Cause.MET and clock.breached_at is None:
                clock.met_at = at
        else:
            clock.running_since, clock.due_at = at, at + timedelta(hours=1)
        Clock.objects.bulk_create([clock])
        ClockMark.objects.bulk_create(
            ClockMark(clock=clock, at=at, does=does, party=party, cause=cause, state="routed")
            for at, does, party, cause in marks
        )

    def _exception(self, run: Run) -> None:
        item = self._item("exceptioncase", self.chance.choice([run, None]))
        ended = self.after(item.created_at) if self.chance.random() < 0.6 else None
        ExceptionCase.objects.bulk_create(
            [
                ExceptionCase(
                    item=item,
                    state=self.chance.choice(["resolved", "dismissed"]) if ended else "open",
                    reason=self.chance.choice([Reason.MISSING_FIELDS, Reason.NO_RULE]),
                    run=self.chance.choice([run, run, None]),
                    blocking=False,
                    ended_at=ended,
                )
            ]
        )

    def _decision(self, item: WorkItem, run: Run) -> None:
        """A decision, and a few changes of the owner after it, by people and by the system."""
        at, owner = self.after(item.created_at, 10), self.chance.choice(self.people)
        Decision.objects.bulk_create(
            [
                Decision(
                    run=run,
                    version=run.version,
                    rule_name=self.chance.choice(["Big", "Small"]),
                    owner=owner,
                    backup=item.backup,
                    asked="{}",
                    answer="{}",
                    digest="d" * 64,
                    at=at,
                )
            ]
        )
        self._record(item, at, owner, self.system)
        for _ in range(self.chance.randint(0, 3)):
            at = self.chance.choice([self.after(at, 60), at + timedelta(hours=48)])
            owner = self.chance.choice(self.people)
            by = self.chance.choice([self.world.olga, self.world.alice, self.system])
            self._record(item, at, owner, by)
            self._event(item, "routing.workitem.hand_over", at, actor=by)
            if self.chance.random() < 0.4:  # taken up in time, or at the last or a later moment
                soon = self.chance.choice([timedelta(hours=1), timedelta(hours=48)])
                more = self.chance.choice([timedelta(), timedelta(microseconds=1)])
                self._event(item, "delivery.request.edit", at + soon + more, actor=owner)
            if self.chance.random() < 0.2:  # a mistake, taken back a minute later
                at += timedelta(minutes=1)
                owner = self.chance.choice(self.people)
                self._record(item, at, owner, by)
                self._event(item, "routing.workitem.hand_over", at, actor=by)

    def _record(self, item: WorkItem, at: datetime, owner: User, by: User) -> None:
        names = [field.attname for field in WorkItem._meta.concrete_fields]
        kept = {field.attname for field in HISTORY._meta.concrete_fields}
        values = {name: getattr(item, name) for name in names if name in kept}
        values |= {"owner_id": owner.pk}
        HISTORY.objects.bulk_create(
            [HISTORY(**values, history_date=at, history_type="~", history_user_id=by.pk)]
        )

    def _steps(self, run: Run, at: datetime) -> None:
        for name in ("enrich", "decide", "act"):
            state = self.chance.choice(["done", "done", "done", "stopped", "due"])
            started = self.chance.choice([at, None])
            RunStep.objects.bulk_create(
                [
                    RunStep(
                        run=run,
                        name=name,
                        state=state,
                        due_at=at,
                        attempts=self.chance.randint(1, 3),
                        started_at=started,
                        ended_at=self.after(at, 5) if state != "due" else None,
                    )
                ]
            )
