"""Who gets an exception: one rule, written down by hand, the same for every way to raise one."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import timedelta

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from delivery.flows.lead_to_brief import publish_lead_to_brief
from integrations.outbox.cases import health_places
from routing.kernel.reasons import Reason
from routing.kernel.roles import INTEGRATIONS, OPS
from routing.models import (
    Absence,
    Clock,
    Event,
    ExceptionCase,
    ExceptionRoute,
    Notification,
    Run,
    RunStep,
    User,
    WorkItem,
)
from routing.people.actors import Actor
from routing.runs.operations.capture import Signal, capture
from routing.runs.operations.raising import ExceptionFinding, raise_exception, raise_exceptions
from routing.runs.owners import NobodyLeft, Place, Staff, owners_for, reasons_of
from routing.runs.trace import trace
from routing.sla.operations.calendars import ensure_defaults
from tests.integrations.inbox.senders import make_connection
from tests.journeys.crm import FakeCRM, answering
from tests.journeys.test_lead_to_brief import signals, work
from tests.world import NOW, World, by, make_request, make_user

pytestmark = pytest.mark.requirement("E3", "O9", "O10")

# Flow 1 and 2, work 3 and 4, agency 5 and 6, operations lead 7, account manager 8.
FLOW, WORK = Place("Flow", (1, 2)), Place("Work", (3, 4))
EVERYBODY = frozenset(range(1, 9))


def staff(left: Collection[int], absent: Collection[int] = ()) -> Staff:
    active = EVERYBODY.difference(left)
    last = (Place("Leads", (7,)), Place("Managers", (8,)), Place("Staff", tuple(sorted(active))))
    return Staff(active, frozenset(absent), Place("Agency", (5, 6)), None, last)


@pytest.mark.parametrize(
    ("places", "left", "absent", "owner", "backup", "why"),
    [
        ([FLOW, WORK], set(), set(), 1, 2, "First available: Flow."),
        ([WORK], set(), set(), 3, 4, "First available: Work."),
        ([], set(), set(), 5, 6, "First available: Agency."),
        # An absence ends: the pair stays together, and whoever is there acts.
        ([FLOW, WORK], set(), {1}, 2, 1, "First available: Flow, the next in line"),
        ([FLOW, WORK], set(), {2}, 1, 2, "First available: Flow."),
        ([FLOW, WORK], set(), {1, 2}, 3, 4, "Flow: nobody is available. First available: Work."),
        ([FLOW, WORK], set(), {1, 2, 3}, 4, 3, "Flow: nobody is available. First"),
        # Who left stays away: the other one of the pair takes it, backed up by the next in line.
        ([FLOW, WORK], {1}, set(), 2, 3, "First available: Flow, the next in line"),
        ([FLOW, WORK], {2}, set(), 1, 3, "First available: Flow. Backup: Work."),
        ([FLOW, WORK], {2}, {3}, 1, 4, "First available: Flow. Backup: Work."),
        ([FLOW, WORK], {1, 2}, set(), 3, 4, "Flow: nobody is available. First available: Work."),
        ([FLOW, WORK], {1}, {2}, 3, 4, "Flow: nobody is available. First available: Work."),
        ([FLOW], {1, 2}, {5}, 6, 5, "Flow: nobody is available. First"),
        # Nobody is ever asked in vain: after the agency come its leads, and everybody else.
        ([WORK], {3, 4, 5, 6}, set(), 7, 8, "Work: nobody is available. Agency: nobody is"),
        ([WORK], {3, 4, 5, 6, 7, 8}, set(), 1, 2, "Work: nobody is available. Agency: nobody is"),
        ([WORK], set(), {3, 4, 5, 6}, 7, 8, "Work: nobody is available. Agency: nobody is"),
        # Everybody is away: it waits for the first in line.
        ([WORK], set(), EVERYBODY, 3, 4, "Everybody is absent. First available: Work."),
        ([WORK], {3}, EVERYBODY, 4, 5, "Everybody is absent. First"),
        # One person alone in two places is one person.
        ([Place("One", (1,)), Place("Same", (1, 2))], set(), set(), 1, 2, "First available: One."),
        ([Place("None", ()), WORK], set(), set(), 3, 4, "None: not set. First available: Work."),
    ],
)
def test_the_first_who_is_there_gets_it(
    places: list[Place],
    left: Collection[int],
    absent: Collection[int],
    owner: int,
    backup: int,
    why: str,
) -> None:
    found = owners_for(places, staff(left, absent))

    assert (found.owner_id, found.backup_id) == (owner, backup)
    assert found.why.startswith(why)


def test_with_one_person_left_nothing_can_be_owned() -> None:
    with pytest.raises(NobodyLeft):
        owners_for([FLOW], staff(EVERYBODY - {1}))


# -- Every way to raise one ------------------------------------------------------------------------


@pytest.fixture
def run(world: World) -> Run:
    """A run whose flow Olga and Bob own, and whose work Alice and Bob do."""
    ensure_defaults(at=NOW)
    publish_lead_to_brief(
        owner=world.olga,
        backup=world.bob,
        high_value=world.team,
        usual=world.team,
        by=by(world.olga),
        at=NOW,
    )
    with answering(FakeCRM(world.acme)):
        capture(signals()[:1], by=Actor.system(), at=NOW)
        work()
    return Run.objects.select_related("item", "flow").get()


def about_work(run: Run) -> ExceptionFinding:
    return ExceptionFinding(Reason.FAILED_DELIVERY, {"message": "No."}, run.item, run)


def about_a_step(run: Run) -> ExceptionFinding:
    return ExceptionFinding(
        Reason.FAILED_DELIVERY, {"error": "No."}, run=run, step=RunStep.Name.ACT
    )


def about_an_event(run: Run) -> ExceptionFinding:
    event = run.run_events.first()
    assert event is not None
    return ExceptionFinding(Reason.FAILED_DELIVERY, {"error": "No."}, event_id=event.event_id)


WAYS = [about_work, about_a_step, about_an_event]


def away(*people: User) -> None:
    for person in people:
        Absence.objects.create(user=person, starts_at=NOW, ends_at=NOW + timedelta(days=1))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("taker", "absent", "expected"),
    [
        ("work", "", "Alice Bob"),
        ("work", "alice", "Bob Alice"),
        ("work", "alice bob", "Olga Bob"),
        ("policy", "", "Olga Bob"),
        ("policy", "olga", "Bob Olga"),
        ("policy", "olga bob", "Alice Bob"),
        ("agency", "", "Quin Ivan"),
        ("agency", "quin", "Ivan Quin"),
        ("agency", "quin ivan", "Alice Bob"),
    ],
)
def test_the_rule_is_the_same_however_it_is_raised(
    world: World,
    run: Run,
    way: Callable[[Run], ExceptionFinding],
    taker: str,
    absent: str,
    expected: str,
) -> None:
    world.agency.owner, world.agency.backup = world.quin, world.ivan
    if taker == "work" and absent == "alice bob":  # so that the agency's pair is next
        world.agency.owner, world.agency.backup = world.olga, world.bob
    world.agency.save()
    ExceptionRoute.objects.filter(reason=Reason.FAILED_DELIVERY).update(taker=taker)
    WorkItem.objects.filter(pk=run.item_id).update(owner=world.alice, backup=world.bob)
    away(*(getattr(world, name) for name in absent.split()))

    case = raise_exception(way(run), at=NOW)

    assert case is not None
    item = ExceptionCase.objects.get(pk=case.pk).item
    assert f"{item.owner} {item.backup}" == expected
    assert item.parent_id == run.item_id
    assert Notification.objects.filter(item=item).get().recipient == item.owner
    assert Clock.objects.filter(item=item).count() == 1


def test_the_history_the_page_and_the_trace_say_why(world: World, run: Run) -> None:
    away(world.olga)
    ExceptionRoute.objects.filter(reason=Reason.FAILED_DELIVERY).update(taker="policy")

    case = raise_exception(about_work(run), at=NOW)

    assert case is not None
    why = "First available: Policy owner of the flow, the next in line."
    assert reasons_of([case]) == {case.pk: why}
    [told] = [entry for entry in trace(run).entries if entry.section == "exception"]
    assert told.data["owner_because"] == why


@pytest.mark.requirement("O6")
def test_what_a_connection_fails_at_goes_to_its_own_people_first(world: World) -> None:
    keeper, crm = make_user("Keeper", OPS), make_connection("form", world)
    crm.health_owner = keeper
    crm.save()
    spare = make_user("Spare", INTEGRATIONS)
    finding = ExceptionFinding(
        Reason.FAILED_DELIVERY, {"connection": crm.slug}, about="CRM", first=health_places(crm)
    )

    case = raise_exception(finding, at=NOW)

    assert case is not None
    assert (case.item.owner_id, case.item.backup_id) == (keeper.pk, world.ivan.pk)
    assert case.item.title.endswith("CRM")
    assert case.item.team_id == world.agency.team_id
    assert spare.pk not in {case.item.owner_id, case.item.backup_id}


def test_without_agency_or_a_route_a_manager_gets_it(world: World) -> None:
    ExceptionRoute.objects.all().delete()
    world.agency.delete()
    second = make_user("Second", OPS)

    case = raise_exception(ExceptionFinding(Reason.FAILED_DELIVERY, about="Nothing"), at=NOW)

    assert case is not None
    assert (case.item.owner_id, case.item.backup_id) == (world.olga.pk, second.pk)


def test_the_same_is_raised_once_and_keeps_its_first_evidence(world: World, run: Run) -> None:
    other = make_request(world.acme)
    findings = [
        about_work(run),
        about_work(run),
        ExceptionFinding(Reason.FAILED_DELIVERY, {"message": "Other."}, other.item),
        ExceptionFinding(Reason.REMOTE_CONFLICT, {"message": "Changed."}, run.item),
        about_a_step(run),
        ExceptionFinding(Reason.FAILED_DELIVERY, {"connection": "one"}, about="One"),
        ExceptionFinding(Reason.FAILED_DELIVERY, {"connection": "two"}, about="Two"),
    ]

    made = raise_exceptions(findings, at=NOW)

    assert len(made) == 6
    assert raise_exceptions(findings, at=NOW) == []


def test_many_findings_take_as_many_statements_as_two(world: World) -> None:
    def captured(name: str, many: int) -> list[ExceptionFinding]:
        capture(
            [
                Signal("crm", "crm.deal", f"{name}:{number}", "deal", f"{name}{number}", NOW, {})
                for number in range(many)
            ],
            by=Actor.system(),
            at=NOW,
        )
        events = Event.objects.filter(dedupe_key__startswith=f"{name}:")
        return [ExceptionFinding(Reason.FAILED_STEP, event_id=event.pk) for event in events]

    counts = []
    for name, many in (("first", 2), ("few", 2), ("many", 20)):
        findings = captured(name, many)
        with CaptureQueriesContext(database) as seen:
            assert len(raise_exceptions(findings, at=NOW)) == many
        counts.append(len(seen))

    # The first one also reads what is kept for good, such as the system's own user.
    assert counts[1] == counts[2]


def test_nobody_to_own_it_is_logged_and_never_fails_intake(world: World) -> None:
    User.objects.exclude(pk=world.alice.pk).update(is_active=False)
    signal = Signal("crm", "crm.deal", "one", "deal", "1", NOW, {"a": 1})
    other = Signal("crm", "crm.deal", "one", "deal", "1", NOW, {"a": 2})

    capture([signal, other], by=Actor.system(), at=NOW)

    assert not ExceptionCase.objects.exists()
    assert Event.objects.filter(dedupe_key="one").count() == 1
