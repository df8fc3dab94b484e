"""Faults that are planted in the file of a flow are found, and no others are invented."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from routing.flows.files.linting import lint_file
from routing.flows.files.stored import content_of
from routing.flows.files.text import written
from routing.models import SLAPolicy, Team
from tests.routing.flows.test_lint import staffed
from tests.routing.runs.stories import make_flow
from tests.world import NOW, World

Content = dict[str, Any]
EMPTY, LONELY = "empty", "Lonely"


def _rule(content: Content, name: str, **values: Any) -> None:
    """Add a rule before the last one, which takes every event."""
    team = content["rules"][-1]["team"]
    condition = {"field": "deal.amount", "is": "below", "value": len(content["rules"])}
    row = {"name": name, "team": team, "when": [[condition]], **values}
    content["rules"].insert(len(content["rules"]) - 1, row)


def _shorter(content: Content) -> None:
    hours = {"field": "deal.hours", "is": "below"}
    _rule(content, "Short", when=[[{**hours, "value": 8}]])
    _rule(content, "Shorter", when=[[{**hours, "value": 4}]])


def _impossible(content: Content) -> None:
    rounds = [{"field": "deal.rounds", "is": name, "value": 3} for name in ("at_least", "below")]
    _rule(content, "Impossible", when=[rounds])


def _unsourced(content: Content) -> None:
    # A form may bring any field, a deal of the CRM may not.
    content["triggers"] = [row for row in content["triggers"] if row["kind"] != "form.submitted"]
    content["fields"].append({"name": "weather.today", "label": "Weather", "type": "text"})


PLANTS: Mapping[str, Callable[[Content], None]] = {
    "unknown_trigger": lambda content: content["triggers"].append({"kind": "hubspot.deal.creaton"}),
    "unknown_skill": lambda content: _rule(content, "Skilled", skills=["juggling"]),
    "empty_policy": lambda content: content.update(sla_policy=EMPTY),
    "lone_team": lambda content: _rule(content, "Alone", team=LONELY),
    "unreachable_rule": _shorter,
    "unsourced_field": _unsourced,
    "impossible_rule": _impossible,
}
# A trigger whose facts nobody knows may bring any field.
HIDES = {"unsourced_field": "unknown_trigger"}


@pytest.fixture
def sound(world: World) -> str:
    version = make_flow(world)
    staffed(version, world.alice, world.bob)
    SLAPolicy.objects.create(slug=EMPTY, name="Empty")
    Team.objects.create(name=LONELY, lead=world.bob)
    return written(content_of(version))


def planted(text: str, faults: Collection[str]) -> bytes:
    content = yaml.safe_load(text)
    for code in sorted(faults):
        PLANTS[code](content)
    return yaml.safe_dump(content, sort_keys=False).encode()


@given(faults=st.sets(st.sampled_from(sorted(PLANTS))))
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_planted_is_found_and_nothing_else(sound: str, faults: set[str]) -> None:
    found = [each.code for each in lint_file(planted(sound, faults), at=NOW)]

    assert sorted(found) == sorted(code for code in faults if HIDES.get(code) not in faults)
