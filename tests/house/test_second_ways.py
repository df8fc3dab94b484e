"""A second way to read a machine, to list its states or to claim rows is found; the one is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.house.rules import Source, sources
from tests.house.second_ways import CLAIMS, QUEUES, TRANSITIONS, findings, unused

MODEL = """class Thing:
    class State(models.TextChoices):
        OPEN = "open", _("Open")
        DONE = "done", _("Done")
"""
SECOND = (
    'machine = getattr(step, "_django_fsm", None)',
    "machine = Thing.close._django_fsm",
    "from django_fsm import TransitionNotAllowed",
    "from django_fsm import can_proceed",
    "from django_fsm.signals import post_transition",
    "import django_fsm",
    "rows.filter(state__in=[State.OPEN, State.DONE])",
    "rows.exclude(item__state__in=frozenset({State.DONE}))",
    """run("SELECT id FROM thing WHERE state IN ('open', 'done')")""",
    """run(f"UPDATE thing SET due_at = {at} WHERE state = 'open'")""",
    """run("INSERT INTO thing (id, state) SELECT id, 'open' FROM other")""",
    "rows.select_for_update(skip_locked=True)",
    """CLAIM = "SELECT id FROM thing FOR UPDATE SKIP LOCKED\"""",
)
FIRST = (
    "from django_fsm import transition",
    'rows.filter(verb_of(Thing, "close").guard)',
    "rows.filter(state__in=Thing.open_states)",
    "rows.filter(state=State.OPEN)",
    "rows.select_for_update()",
    """run("SELECT id FROM thing WHERE state = ANY(%s)")""",
    """run(f"SELECT id FROM thing WHERE state IN ({OPEN})")""",
    """run("SELECT array_agg('open') FROM other")""",
    "class Thing:\n    class Meta:\n        constraints = Q(state__in=['open', 'done'])",
)


def judge(text: str, path: str = "routing/work/sample.py") -> list[str]:
    model = Source(Path("routing/work/models.py"), MODEL)
    return findings([model, Source(Path(path), text + "\n")])


@pytest.mark.parametrize("text", SECOND)
def test_a_second_way_is_found(text: str) -> None:
    assert judge(text) != []


@pytest.mark.parametrize("text", FIRST)
def test_the_one_way_is_not_found(text: str) -> None:
    assert judge(text) == []


def test_the_places_that_hold_the_one_way_are_free_to_do_it() -> None:
    assert judge("from django_fsm import TransitionNotAllowed", TRANSITIONS) == []
    assert judge("rows.select_for_update(skip_locked=True)", QUEUES) == []


def test_a_private_attribute_is_found_even_there() -> None:
    assert judge("machine = verb._django_fsm", TRANSITIONS) != []


def test_the_product_has_no_second_way() -> None:
    assert findings(sources()) == []


def test_each_claim_that_is_allowed_is_still_one_and_says_why() -> None:
    assert unused(sources()) == set()
    assert all(CLAIMS.values())
