"""Cover gaps, their proposals and their exceptions, against a loop over items and absences."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.kernel.reasons import Reason
from routing.kernel.roles import AM, CREATIVE, QA
from routing.models import Absence, ExceptionCase, Team, User, WorkItem
from routing.runs.cover_gaps import DAYS, CoverGap, gaps_ahead
from routing.runs.operations.cover_cases import open_cases, review_cases
from routing.runs.stand_ins import StandIns
from tests.world import NOW, World, make_request, make_user, make_world

HOUR = timedelta(hours=1)
AHEAD = 24 * (DAYS + 3)  # hours


@dataclass
class MadeCover:
    """People, absences and work that a seed makes."""

    random: Random
    people: list[User]
    works: list[WorkItem]

    @classmethod
    def of(cls, world: World, seed: int) -> MadeCover:
        random = Random(seed)  # noqa: S311 - of a test
        other = Team.objects.create(name="South", lead=world.olga)
        roles = [AM, AM, AM, QA, CREATIVE]
        people = [
            make_user(f"P{n}", random.choice(roles), team=random.choice([world.team, other]))
            for n in range(5)
        ]
        people += [world.alice, world.bob]
        able = [each for each in people if not each.groups.filter(name=CREATIVE).exists()]
        works = []
        for _ in range(random.randrange(2, 9)):
            owner, backup = random.sample(able, 2)
            item = make_request(world.acme).item
            due = random.choice([None, *(NOW + random.randrange(-30, AHEAD) * HOUR,) * 6])
            team = random.choice([world.team, other, None])
            values = {"owner": owner, "backup": backup, "next_due_at": due, "team": team}
            WorkItem.objects.filter(pk=item.pk).update(**values)
            works.append(WorkItem.objects.get(pk=item.pk))
        made = cls(random, people, works)
        for _ in range(random.randrange(2, 14)):
            made.be_away(random.choice(people))
        return made

    def be_away(self, person: User) -> None:
        starts = NOW + self.random.randrange(-48, AHEAD) * HOUR
        ends = starts + self.random.randrange(1, 120) * HOUR
        substitute = self.random.choice([None, *self.people])
        Absence.objects.create(user=person, starts_at=starts, ends_at=ends, substitute=substitute)

    def change(self) -> None:
        """Let something happen: an absence or a piece of work ends, or work is reassigned."""
        for absence in Absence.objects.order_by("pk"):
            if self.random.random() < 0.2:
                absence.delete()
        for work in self.works:
            if (dice := self.random.random()) < 0.2:
                WorkItem.objects.filter(pk=work.pk).update(is_open=False)
            elif dice < 0.4:
                others = [each for each in self.people if each.pk != work.backup_id]
                WorkItem.objects.filter(pk=work.pk).update(owner=self.random.choice(others))
        self.be_away(self.random.choice(self.people))


def first_gap(owner: int, backup: int, due: Any) -> Any:
    """Return start, end and absences of the first time at which both are away before it is due."""
    found = []
    for mine in Absence.objects.filter(user=owner):
        for theirs in Absence.objects.filter(user=backup):
            starts = max(mine.starts_at, theirs.starts_at, NOW)
            ends = min(mine.ends_at, theirs.ends_at)
            if starts < ends and starts < due:
                found.append((starts, mine.pk, theirs.pk, ends))
    return min(found, default=None)


def who_fits(work: WorkItem) -> list[User]:
    able = User.objects.staff().filter(
        groups__name__in=["account_manager", "qa_reviewer", "operations_lead", "integrations_owner"]
    )
    return [
        each
        for each in able.order_by("pk")
        if each.pk not in {work.owner_id, work.backup_id}
        and first_gap(each.pk, work.backup_id or 0, work.next_due_at) is None
    ]


def by_loop() -> list[tuple[int, Any, int | None]]:
    """Return work, gap and proposed person, the earliest due first."""
    loads = {
        each.pk: WorkItem.objects.filter(owner=each, is_open=True).count()
        for each in User.objects.staff()
    }
    found: list[tuple[int, Any, int | None]] = []
    dated = WorkItem.objects.filter(is_open=True, next_due_at__isnull=False)
    for work in dated.exclude(kind="exceptioncase").order_by("next_due_at", "pk"):
        assert work.next_due_at
        gap = first_gap(work.owner_id or 0, work.backup_id or 0, work.next_due_at)
        if gap is None or not NOW < work.next_due_at <= NOW + timedelta(days=DAYS):
            continue
        fit = who_fits(work)
        ids = {each.pk for each in fit}
        stand_in = [Absence.objects.get(pk=absence).substitute_id for absence in gap[1:3]]
        proposed = next((each for each in stand_in if each in ids), None)
        if proposed is None:
            assert work.owner
            roles = set(work.owner.groups.values_list("name", flat=True))
            places = []
            for each in fit:
                if roles & set(each.groups.values_list("name", flat=True)):
                    outside = work.team not in each.teams.all()
                    places.append((outside, loads[each.pk], each.pk))
            proposed = min(places)[2] if places else None
        if proposed is not None:
            loads[proposed] += 1
        found.append((work.pk, gap, proposed))
    return found


def as_found(gap: CoverGap) -> tuple[int, Any, int | None]:
    when = (gap.starts_at, *gap.absences, gap.ends_at)
    return gap.item_id, when, gap.proposal.user_id


def told() -> set[int | None]:
    cases = ExceptionCase.objects.filter(
        reason=Reason.COVER_GAP, state__in=ExceptionCase.open_states
    )
    return set(cases.values_list("item__parent", flat=True))


def compare(seed: int) -> None:
    with transaction.atomic():
        made = MadeCover.of(make_world(), seed)
        expected = by_loop()

        gaps = gaps_ahead(NOW, DAYS)
        assert [as_found(gap) for gap in StandIns.at(NOW).propose(gaps)] == expected
        open_cases(gaps, at=NOW)
        assert told() == {work for work, _gap, _proposed in expected}

        made.change()
        review_cases(at=NOW)
        open_cases(gaps_ahead(NOW, DAYS), at=NOW)
        assert told() == {work for work, _gap, _proposed in by_loop()}
        for case in ExceptionCase.objects.filter(item__parent__in=told()).select_related("item"):
            proposed, work = case.evidence["proposed"], case.item.parent
            if case.is_open and proposed is not None and work is not None:
                assert proposed in {each.pk for each in who_fits(work)}
        transaction.set_rollback(True)


@pytest.mark.django_db
@pytest.mark.requirement("O9")
@given(seed=st.integers(0, 2**32))
@settings(max_examples=8)
def test_what_one_statement_finds_is_what_a_loop_finds(seed: int) -> None:
    compare(seed)


@pytest.mark.drill
@pytest.mark.django_db
@pytest.mark.timeout(1800)
@given(seed=st.integers(0, 2**32))
@settings(max_examples=200)
def test_what_one_statement_finds_is_what_a_loop_finds_many_times(seed: int) -> None:
    compare(seed)
