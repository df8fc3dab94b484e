"""
Everybody who must know of a step hears of it, and nobody else.

``TOLD`` was written by hand from what each person needs, not from the table of messages.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.delivery.turns import steps
from tests.delivery.turns.stage import Stage
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("O16")]
Told = dict[str, set[str]]


@pytest.fixture
def stage(world: World) -> Stage:
    return Stage.of(world)


TOLD: dict[Callable[[Stage], None], Told] = {
    steps.opened_by_bob: {"alice": {"owns request"}},
    steps.received_by_rita: {"alice": {"answered deliverable"}},
    steps.answered_by_rita: {"alice": {"answered request"}},
    steps.rejected_by_bob: {"alice": {"rejected request"}},
    steps.marked_duplicate_by_bob: {"alice": {"duplicate request"}},
    steps.cancelled_by_bob: {"alice": {"cancelled request"}, "cora": {"cancelled deliverable"}},
    steps.withdrawn_by_rita: {"alice": {"withdrawn request"}},
    steps.impact_stated_by_alice: {"carla": {"impact request"}, "carl": {"impact request"}},
    steps.impact_accepted_by_carla: {"alice": {"decided request"}},
    steps.brief_begun_by_bob: {"alice": {"brief brief"}},
    steps.brief_submitted_by_alice: {"bob": {"approval brief"}},
    # Alice wrote the plan and Bob asked for approval, so neither may approve it.
    steps.brief_submitted_by_bob: {"olga": {"approval brief"}},
    steps.brief_approved_first_by_bob: {"olga": {"approval brief"}},
    steps.brief_approved_by_bob: {"alice": {"approved brief"}},
    steps.brief_changes_requested_by_bob: {"alice": {"changes brief"}},
    steps.brief_cancelled_by_bob: {"alice": {"cancelled brief"}},
    steps.brief_rewritten_by_bob: {"alice": {"brief brief"}},
    steps.started_by_olga: {"alice": {"assigned deliverable"}},
    steps.submitted_with_a_sign_off_open: {
        "quin": {"sign_off deliverable"},
        "quentin": {"sign_off deliverable"},
    },
    steps.submitted_and_failed_at_once: {"cora": {"rework deliverable"}},
    steps.submitted_and_passed_at_once: {"alice": {"approval approval"}},
    steps.sign_off_failed_by_quin: {"cora": {"rework deliverable"}},
    steps.sign_off_passed_by_quin: {"alice": {"approval approval"}},
    steps.sent_back_by_alice: {"cora": {"rework deliverable"}},
    steps.reopened_by_alice: {"cora": {"changes deliverable"}},
    steps.cancelled_deliverable_by_bob: {
        "alice": {"cancelled deliverable"},
        "cora": {"cancelled deliverable"},
    },
    steps.publishing_failed: {"alice": {"failed deliverable"}},
    steps.change_asked_by_carla: {
        "alice": {"changes deliverable"},
        "cora": {"changes deliverable"},
    },
    steps.agency_approved_by_bob: {"alice": {"ask_client deliverable"}},
    steps.agency_asked_for_changes: {
        "alice": {"changes deliverable"},
        "cora": {"changes deliverable"},
    },
    steps.client_asked_by_bob: {"carla": {"decide approval"}, "carl": {"decide approval"}},
    steps.client_reminded_by_alice: {"carla": {"reminder approval"}, "carl": {"reminder approval"}},
    steps.client_approved_by_carla: {
        "alice": {"decided approval", "approved deliverable"},
        "bob": {"approved approval"},
        "cora": {"approved deliverable"},
        "rita": {"approved approval"},
    },
    steps.one_of_two_approved: {"alice": {"decided approval"}},
    # Alice asked the client and owns the page: one message, not one for each part.
    steps.changes_asked_of_the_owner_who_asked: {
        "alice": {"changes deliverable"},
        "cora": {"changes deliverable"},
        "rita": {"changes approval"},
    },
    steps.changes_after_a_yes: {
        "alice": {"changes deliverable"},
        "bob": {"changes approval"},
        "cora": {"changes deliverable"},
        "carla": {"changes approval"},
        "rita": {"changes approval"},
    },
    steps.rejected_after_a_yes: {
        "alice": {"rejected deliverable", "exception exceptioncase"},
        "bob": {"rejected approval"},
        "carla": {"rejected approval"},
        "rita": {"rejected approval"},
    },
    steps.approved_after_a_yes: {
        "alice": {"decided approval", "approved deliverable"},
        "bob": {"approved approval"},
        "cora": {"approved deliverable"},
        "carla": {"approved approval"},
        "rita": {"approved approval"},
    },
    steps.expired_after_a_yes: {
        "alice": {"exception exceptioncase"},
        "bob": {"expired approval"},
        "carla": {"expired approval"},
        "rita": {"expired approval"},
    },
    steps.withdrawn_after_a_yes: {"cora": {"rework deliverable"}, "carla": {"closed approval"}},
    steps.exception_raised: {"alice": {"exception exceptioncase"}},
    steps.exception_claimed_by_bob: {"alice": {"claimed exceptioncase"}},
    steps.exception_resolved_by_bob: {"alice": {"resolved exceptioncase"}},
    steps.exception_dismissed_by_bob: {"alice": {"dismissed exceptioncase"}},
    steps.proof_waived_by_olga: {"alice": {"waived deliverable"}, "bob": {"waived deliverable"}},
    steps.reassigned_owner: {"dave": {"owns deliverable"}, "alice": {"not_owner deliverable"}},
    steps.reassigned_everybody: {
        "dave": {"owns deliverable"},
        "dora": {"backs_up deliverable"},
        "dan": {"assigned deliverable"},
        "alice": {"not_owner deliverable"},
        "bob": {"not_backup deliverable"},
        "cora": {"not_assigned deliverable"},
    },
    steps.reassigned_nobody: {},
    steps.given_a_maker: {"cora": {"assigned deliverable"}},
    steps.bob_left_and_dave_took_over: {"dave": {"backs_up request", "backs_up deliverable"}},
    steps.held_by_olga: {
        "alice": {"held request"},
        "bob": {"held request"},
        "cora": {"held deliverable"},
    },
    steps.resumed_by_olga: {
        "alice": {"resumed request"},
        "bob": {"resumed request"},
        "cora": {"resumed deliverable"},
    },
    steps.note_shared_by_alice: {
        "bob": {"note deliverable"},
        "cora": {"note deliverable"},
        "rita": {"note deliverable"},
    },
    steps.internal_note_by_quin: {
        "alice": {"note deliverable"},
        "bob": {"note deliverable"},
        "cora": {"note deliverable"},
    },
    steps.note_by_rita: {
        "alice": {"note deliverable"},
        "bob": {"note deliverable"},
        "cora": {"note deliverable"},
    },
}


@pytest.mark.parametrize("step", TOLD, ids=lambda step: step.__name__)
def test_who_must_know_of_a_step_hears_of_it(stage: Stage, step: Callable[[Stage], None]) -> None:
    """A1, A6: one message per change of turn, never to whoever caused it."""
    step(stage)

    assert stage.told() == TOLD[step]
