"""A reaction to an event that nothing records is refused when the product starts."""

import pytest

from routing.work import registry
from routing.work.checks import every_reaction_waits_for_an_event_that_can_happen as check


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch):
    """Register a reaction for this test alone."""

    def register(kind: str) -> None:
        monkeypatch.setitem(registry._reactions, kind, [lambda rows, by, at: None])

    return register


def test_every_reaction_of_ours_can_happen():
    assert check() == []


def test_a_reaction_names_an_operation_and_never_a_string():
    """Mypy refuses the string: without the error, its ignore would be unused, which it reports."""
    with pytest.raises(AttributeError):
        registry.react("delivery.deliverable.go_live")(print)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "kind",
    ["delivery.deliverable.go_life", "delivery.deliverables.go_live", "routing.agency.rename"],
)
def test_a_kind_with_a_typing_error_is_refused(registered, kind):
    registered(kind)

    [error] = check()

    assert error.id == "throughline.E021"
    assert f"“{kind}”" in error.msg


@pytest.mark.parametrize(
    "kind",
    [
        "delivery.deliverable.go_live",  # a step
        "delivery.approval.create",  # new work
        "routing.outcome.prove",  # a transition without an operation
        "routing.agency.save",  # declared
    ],
)
def test_a_kind_that_is_recorded_is_accepted(registered, kind):
    registered(kind)

    assert check() == []
