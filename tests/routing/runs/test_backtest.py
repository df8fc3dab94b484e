"""A version is tried on the events of before: what it would have done beside what was done."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from routing.audit.operations.erasure import erase
from routing.flows.choose import Fallback, NobodyFits, NoRuleMatches, choose
from routing.flows.fields import find_problems
from routing.flows.files.tried import TriedVersion, tried_row
from routing.kernel.facts import EnrichedFacts, Subject
from routing.kernel.roles import Role
from routing.models import (
    Enrichment,
    ExceptionCase,
    FlowVersion,
    Membership,
    Run,
    Team,
    User,
)
from routing.people.actors import Actor
from routing.runs import judged_runs
from routing.runs.backtest import Backtest, backtest
from routing.runs.judged_runs import BacktestSide
from routing.runs.operations.capture import capture
from routing.runs.operations.runs import fill_in
from routing.runs.recompute import candidates_in
from tests.journeys.crm import FakeCRM, answering
from tests.journeys.test_lead_to_brief import signals, work
from tests.routing.runs.stories import make_flow
from tests.world import NOW, World, by, make_contact, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("O25")]

MANY = 16


@dataclass
class ManyDeals(FakeCRM):
    """A CRM with other facts, and perhaps no client, for each deal."""

    deals: dict[str, dict[str, Any]] = field(default_factory=dict)

    def read(self, subject: Subject) -> dict[str, Any]:
        return self.deals[subject.id]

    def keep(self, read: dict[str, Any], **about: Any) -> EnrichedFacts:
        found = super().keep(read, **about)
        return replace(found, client_id=None) if read["company.name"] == "Unknown" else found


def one_deal(crm: FakeCRM, chance: random.Random) -> dict[str, Any]:
    facts = {**crm.facts, "deal.amount": str(chance.choice([900, 12_000, 49_999, 50_000, 90_000]))}
    facts["company.territory"] = chance.choice(["DACH", "Nordics"])
    if chance.random() < 0.2:
        del facts[chance.choice(["deal.amount", "deal.ends", "contact.email"])]
    if chance.random() < 0.1:
        facts["company.name"] = "Unknown"
    return facts


@pytest.fixture
def live(world: World) -> FlowVersion:
    """A live flow with many decided events, some that stopped, and one that was filled in."""
    version = make_flow(world)
    for name in ("Hana", "Hugo"):
        make_user(name, Role.ACCOUNT_MANAGER, team=Team.objects.get(name="High value"))
    chance = random.Random(12)  # noqa: S311 (the same deals each time)
    crm = ManyDeals(world.acme)
    crm.deals = {str(number): one_deal(crm, chance) for number in range(1, MANY + 1)}
    with answering(crm):
        for number in crm.deals:
            capture(signals(number), by=Actor.system(), at=NOW)
            if int(number) % 6 == 0:
                work(NOW + timedelta(minutes=int(number)))
    work(NOW + timedelta(hours=1))
    stopped = ExceptionCase.objects.filter(reason="missing_fields").order_by("pk").first()
    assert stopped is not None
    assert stopped.run is not None
    values = {each["name"]: each["found"] for each in stopped.evidence["fields"]}
    fixes = {"deal.amount": "9000", "deal.ends": "2027-03-31", "contact.email": "x@acme.test"}
    fill_in(
        stopped.run.pk,
        {name: fixes[name] for name in values},
        by=by(world.olga),
        at=NOW + timedelta(hours=1),
        reason="Asked",
    )
    work(NOW + timedelta(hours=2))
    return version


def of_last(tried: TriedVersion, last: int) -> Backtest:
    done = Backtest()
    for page in backtest(tried, last):
        done.add(page)
    return done


def of_all(tried: TriedVersion) -> Backtest:
    return of_last(tried, MANY * 2)


# -- One by one ------------------------------------------------------------------------------------


def again(tried: TriedVersion, run: Run) -> tuple[BacktestSide, BacktestSide]:
    """Return what was done with one event, and what a version does with it, decided alone."""
    plan, policy = tried.plan, tried.plan.policy
    first = run.exceptions.order_by("pk").first()
    decision = run.decisions.order_by("pk").first()
    if first is not None:
        known = run.enrichments.exclude(by__kind=User.Kind.PERSON).order_by("pk").first()
        was = BacktestSide("review", policy, exception=first.reason)
    else:
        known = run.enrichments.order_by("pk").first()
        assert decision is not None
        was = BacktestSide("automatic", policy, decision.owner_id, decision.backup_id)
    assert known is not None
    if find_problems(known.facts, plan.fields):
        return was, BacktestSide("review", policy, exception="missing_fields")
    if known.client_id is None:
        return was, BacktestSide("review", policy, exception="missing_context")
    if decision is None:
        return was, BacktestSide("automatic", policy)
    asked = json.loads(decision.asked)
    names = {spec.name for spec in plan.rule_fields}
    facts = {name: value for name, value in known.facts.items() if name in names}
    return was, _chosen(tried, asked, facts)


def _chosen(
    tried: TriedVersion, asked: Mapping[str, Any], facts: Mapping[str, Any]
) -> BacktestSide:
    stand_ins = Fallback(tuple(asked["fallback"]["account"]), tuple(asked["fallback"]["policy"]))
    try:
        choice = choose(tried.plan.rules, facts, candidates_in(asked), stand_ins)
    except NoRuleMatches:
        return BacktestSide("review", tried.plan.policy, exception="no_rule")
    except NobodyFits:
        return BacktestSide("review", tried.plan.policy, exception="nobody_available")
    return BacktestSide("automatic", tried.plan.policy, choice.owner_id, choice.backup_id)


@given(data=st.data())
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_it_equals_deciding_again_one_by_one_for_any_draft(
    live: FlowVersion, monkeypatch: pytest.MonkeyPatch, data: st.DataObject
) -> None:
    monkeypatch.setattr(judged_runs, "PAGE", data.draw(st.sampled_from([1, 7, 500])))
    tried = tried_row(live)
    teams = list(Team.objects.order_by("pk").values_list("pk", flat=True))
    rules = [
        replace(
            rule,
            team_id=data.draw(st.sampled_from(teams)),
            account_first=data.draw(st.booleans()),
            clauses=tuple(
                replace(each, value=data.draw(st.sampled_from(["900", "12000", "60000"])))
                if each.spec.name == "deal.amount"
                else each
                for each in rule.clauses
            ),
        )
        for rule in tried.plan.rules
    ]
    kept = rules if data.draw(st.booleans()) else rules[:-1]
    fields = tuple(replace(each, required=data.draw(st.booleans())) for each in tried.plan.fields)
    plan = replace(tried.plan, rules=tuple(kept), fields=fields)
    draft = replace(tried, plan=plan)

    found = of_all(draft)

    expected = {}
    for run in Run.objects.all():
        was, would = again(draft, run)
        if was != would:
            expected[run.item.ref] = (was, would)
    assert {each.ref: (each.was, each.would) for each in found.differences} == expected
    assert (found.events, found.same) == (MANY, MANY - len(expected))


def test_the_live_version_against_itself_differs_in_nothing_and_a_draft_where_it_decides_otherwise(
    world: World, live: FlowVersion, tmp_path: Path
) -> None:
    reasons = set(ExceptionCase.objects.values_list("reason", flat=True))
    assert {"missing_fields", "missing_context"} <= reasons
    tried, file, text = tried_row(live), tmp_path / "flow.yaml", StringIO()
    call_command("flow", "export", live.flow.slug, stdout=text)
    file.write_text(text.getvalue().replace("'50000'", "'10000'"))
    others = [each for each in tried.triggers if each.kind != "hubspot.deal.creation"]

    with CaptureQueriesContext(connection) as asked:
        itself = of_all(tried)
    some = [of_last(tried, last).events for last in (1, 5, MANY - 1)]
    same = _json("backtest", f"{live.flow.slug}@{live.number}", "--json")
    found = _json("backtest", str(file), "--last", str(MANY), "--json")
    unstarted = of_all(replace(tried, triggers=others))

    assert (itself.events, itself.erased, itself.same, itself.different) == (MANY, 0, MANY, 0)
    assert {each["sql"].split()[0] for each in asked} == {"SELECT"}
    assert len(asked) < 15
    assert some == [1, 5, MANY - 1]
    assert (same["different"], same["events"]) == (0, MANY)
    assert found["same"] + found["different"] == found["events"] == MANY
    assert found["different"] == len(found["differences"]) > 0
    for each in found["differences"]:
        run = Run.objects.get(item__ref=each["ref"])
        assert set(each["was"]) >= {"owner", "backup", "policy", "lane", "exception"}
        assert each["ended_with"]["owner"] == str(run.item.owner)
        assert each["would"]["owner"] in {"Hana", "Hugo", None}
        assert 10_000 <= float(run.enrichments.latest("pk").facts["deal.amount"]) < 50_000
    assert {each.would.lane for each in unstarted.differences} == {"not_started"}
    assert unstarted.different == MANY


def test_an_erased_event_is_counted_apart(world: World, live: FlowVersion) -> None:
    contact = make_contact("Carla Client", "carla@acme.test")
    Membership.objects.create(contact=contact, client=world.acme, role="requester")
    many = Enrichment.objects.filter(facts__has_key="contact.email", run__decisions__isnull=False)
    erased = many.exclude(by__kind=User.Kind.PERSON).values("run").distinct().count()

    erase(contact.pk, by=by(world.olga), at=NOW + timedelta(hours=3), reason="Asked")
    found = of_all(tried_row(live))

    assert found.events == MANY
    assert 0 < erased <= found.erased
    assert (found.same, found.different) == (MANY - found.erased, 0)


def _json(*words: str) -> Any:
    out = StringIO()
    call_command("flow", *words, stdout=out)
    return json.loads(out.getvalue())
