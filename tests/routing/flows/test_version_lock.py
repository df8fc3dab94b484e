"""A version and its parts, changed by two sessions at once."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread

import pytest
from django.db import DatabaseError, connection, transaction

from delivery.flows.lead_to_brief import publish_lead_to_brief
from routing.flows.operations import NotPublishable, copy, publish
from routing.models import Condition, FlowVersion, Rule
from routing.sla.operations.calendars import ensure_defaults
from tests.world import NOW, World, by

pytestmark = pytest.mark.django_db(transaction=True)

CHANGES: dict[str, Callable[[FlowVersion], object]] = {
    "a condition": lambda draft: Condition.objects.create(
        rule=last_rule(draft), field="deal.amount", operator="at_least", value="9"
    ),
    "a rule": lambda draft: Rule.objects.filter(pk=last_rule(draft).pk).delete(),
    "a trigger": lambda draft: draft.triggers.all().delete(),
}


@pytest.fixture
def draft(committed_world: World) -> FlowVersion:
    world = committed_world
    ensure_defaults(at=NOW)
    live = publish_lead_to_brief(
        owner=world.olga,
        backup=world.bob,
        high_value=world.team,
        usual=world.team,
        by=by(world.olga),
        at=NOW,
    )
    return copy(live, by=by(world.olga), at=NOW, reason="Try")


def last_rule(version: FlowVersion) -> Rule:
    return Rule.objects.filter(version=version).latest("position")


@pytest.mark.parametrize("part", CHANGES)
def test_publishing_waits_for_a_part_that_is_being_changed_and_judges_it(
    committed_world: World, draft: FlowVersion, part: str
) -> None:
    changed, go_on = Event(), Event()

    def change() -> None:
        with transaction.atomic():
            CHANGES[part](draft)
            changed.set()
            go_on.wait(1)  # publishing begins, and waits for us
        connection.close()

    writer = Thread(target=change)
    writer.start()
    assert changed.wait(20)
    with pytest.raises(NotPublishable):
        publish(draft, by=by(committed_world.olga), at=NOW, reason="Go")
    writer.join(20)

    assert FlowVersion.objects.get(pk=draft.pk).published_at is None


@pytest.mark.parametrize("part", CHANGES)
def test_a_part_waits_for_publishing_and_is_refused(
    committed_world: World, draft: FlowVersion, part: str
) -> None:
    begun, refused = Event(), []

    def change() -> None:
        assert begun.wait(20)
        try:
            CHANGES[part](draft)
        except DatabaseError as refusal:
            refused.append(str(refusal))
        finally:
            connection.close()

    writer = Thread(target=change)
    writer.start()
    with transaction.atomic():
        publish(draft, by=by(committed_world.olga), at=NOW, reason="Go")
        begun.set()
        writer.join(1)  # it waits for our commit
    writer.join(20)

    assert [words for words in refused if "never changes" in words] == refused != []
    assert last_rule(draft).conditions.count() == 0
