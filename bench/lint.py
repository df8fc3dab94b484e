"""Lint: a draft of fifty rules over the last thousand decisions of its flow."""

from __future__ import annotations

import time
from typing import Any

from django.core.management import call_command
from django.utils.timezone import now

from bench import leads, report
from bench.measure import Spread
from bench.world import World
from config.embedded import postgres
from routing.flows.lint import lint_findings
from routing.flows.models import FlowVersion
from routing.flows.operations import copy
from routing.flows.rules import Condition, Rule
from routing.runs.decisions import Decision
from routing.runs.operations.advance import advance

RULES, DECISIONS = 50, 1_000
IDLE = 10  # of the rules match nothing


def lint(_server: postgres.Postgres, *, repetitions: int, scale: float) -> dict[str, Any]:
    """Measure how long the findings about a draft take, with all checks together."""
    call_command("migrate", database="owner", verbosity=0)
    leads.make_agency()
    many = round(DECISIONS * scale)
    world = World.made("LINT")
    leads.submit(world, many, now())
    advance(clock=now)
    draft = _draft(world)
    took = []
    for _ in range(repetitions):
        began = time.perf_counter()
        found = lint_findings(draft)
        took.append(time.perf_counter() - began)
    figures = {
        "rules": draft.rules.count(),
        "decisions": Decision.objects.count(),
        "ours_s": Spread.of(took),
    }
    idle = sum(each.code == "never_matching" for each in found)
    return report.one("lint", figures, {}, {"finds rules that match nothing": idle == IDLE})


def _draft(world: World) -> FlowVersion:
    version = FlowVersion.objects.live().get()
    draft = copy(version, by=world.by_system, at=now(), reason="Bench")
    last = draft.rules.latest("position")
    Rule.objects.filter(pk=last.pk).update(position=900)
    for place in range(RULES - draft.rules.count()):
        made = Rule.objects.create(
            version=draft, position=100 + place, name=f"Rule {place}", team_id=last.team_id
        )
        # Half of the amounts that leads have, and for some an amount that none has.
        least = 100_000 if place < IDLE else 9_900 - place * 100
        for field, operator, value in (
            ("deal.amount", "at_least", str(least)),
            ("company.territory", "equals", "DACH"),
        ):
            Condition.objects.create(rule=made, field=field, operator=operator, value=value)
    return draft
