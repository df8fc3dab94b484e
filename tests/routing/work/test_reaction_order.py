"""
The order of several reactions to one cause, which is the order in which their modules are imported.

What comes first is seen by what comes later: open questions are withdrawn before a request counts
as delivered, the cases and steps of a run end before its request does, and what is expected of a
deliverable is written before it is sent anywhere.
"""

import pytest

from routing.work.registry import reacted_to

ORDER = {
    "delivery.approval.approve": [
        "delivery.approvals.operations.asking.mark_questions_read",
        "delivery.approvals.operations.asking.notify_of_approval",
        "delivery.approvals.operations.reviewing.go_on",
    ],
    "delivery.approval.expire": [
        "delivery.approvals.operations.asking.mark_questions_read",
        "delivery.approvals.operations.reviewing.stop_and_ask",
    ],
    "delivery.approval.reject": [
        "delivery.approvals.operations.asking.mark_questions_read",
        "delivery.approvals.operations.reviewing.stop_and_ask",
    ],
    "delivery.approval.request_changes": [
        "delivery.approvals.operations.asking.mark_questions_read",
        "delivery.approvals.operations.reviewing.rework",
    ],
    "delivery.brief.approve": [
        "delivery.progress.operations.planning.plan",
        "delivery.progress.operations.rolling.deliver",
        "integrations.outbox.crm.update_planned",
    ],
    "delivery.deliverable.approve": [
        "delivery.approvals.operations.reviewing.tell_approved",
        "delivery.progress.operations.rolling.publish",
    ],
    "delivery.deliverable.ask_agency": [
        "delivery.approvals.operations.reviewing.ask_next",
        "delivery.approvals.operations.reviewing.end_stalls",
    ],
    "delivery.deliverable.ask_client": [
        "delivery.approvals.operations.reviewing.ask_next",
        "delivery.approvals.operations.reviewing.end_stalls",
    ],
    "delivery.deliverable.cancel": [
        "delivery.approvals.operations.reviewing.take_back",
        "delivery.approvals.operations.reviewing.end_stalls",
        "delivery.progress.operations.proving.expect_nothing",
        "delivery.progress.operations.rolling.deliver",
        "integrations.outbox.operations.cancellation.call_off_with_deliverable",
    ],
    "delivery.deliverable.go_live": [
        "delivery.progress.operations.proving.look",
        "delivery.progress.operations.rolling.deliver",
        "delivery.progress.operations.rolling.replace",
        "integrations.outbox.client_emails.tell_live",
    ],
    "delivery.deliverable.hand_out": [
        "delivery.progress.operations.proving.prove_handed_over",
        "delivery.progress.operations.rolling.deliver",
        "integrations.outbox.client_emails.tell_files",
    ],
    "delivery.deliverable.publish": [
        "delivery.progress.operations.proving.expect_live",
        "integrations.publishing.publish.publish",
    ],
    "delivery.deliverable.reopen": [
        "delivery.approvals.operations.reviewing.take_back",
        "integrations.outbox.operations.cancellation.call_off_with_deliverable",
    ],
    "delivery.deliverable.return_for_rework": [
        "delivery.approvals.operations.reviewing.take_back",
        "delivery.approvals.operations.reviewing.end_stalls",
    ],
    "delivery.deliverable.send_back": [
        "delivery.approvals.operations.reviewing.take_back",
        "delivery.approvals.operations.reviewing.end_stalls",
    ],
    "delivery.request.accept": [
        "delivery.requests.operations.responding.answered_in_portal",
        "integrations.outbox.client_emails.tell_acceptance",
    ],
    "delivery.request.accept_impact": [
        "delivery.progress.operations.impacts.tell",
        "integrations.outbox.crm.update_agreed",
    ],
    "delivery.request.answer": [
        "delivery.approvals.operations.asking.notify_of_answer",
        "delivery.requests.operations.unanswered.end_silence",
    ],
    "delivery.request.ask": [
        "delivery.requests.operations.unanswered.end_silence",
        "integrations.outbox.client_emails.put_question",
    ],
    "delivery.request.cancel": [
        "delivery.requests.operations.unanswered.end_silence",
        "delivery.progress.operations.ending.end_with_request",
        "integrations.outbox.operations.cancellation.call_off_with_request",
        "integrations.outbox.client_emails.tell_cancelled",
    ],
    "delivery.request.create": [
        "integrations.outbox.crm.update_wanted",
        "integrations.outbox.client_emails.acknowledge",
    ],
    "delivery.request.deliver": [
        "delivery.progress.operations.rolling.await_outcome",
        "integrations.outbox.client_emails.tell_delivered",
    ],
    "delivery.request.mark_duplicate": [
        "delivery.requests.operations.unanswered.end_silence",
        "delivery.progress.operations.ending.end_with_request",
    ],
    "delivery.request.reject": [
        "delivery.requests.operations.unanswered.end_silence",
        "delivery.progress.operations.ending.end_with_request",
        "integrations.outbox.client_emails.tell_refusal",
    ],
    "delivery.request.remind": [
        "delivery.requests.operations.unanswered.end_silence",
        "integrations.outbox.client_emails.put_question_again",
    ],
    "delivery.request.withdraw": [
        "delivery.approvals.operations.asking.notify_of_withdrawal",
        "delivery.requests.operations.unanswered.end_silence",
        "delivery.progress.operations.ending.end_with_request",
    ],
    "routing.run.cancel": [
        "routing.runs.operations.runs.end_with_run",
        "routing.runs.operations.outcomes.look_no_more",
        "delivery.progress.operations.rolling.close",
        "delivery.progress.operations.ending.end_with_run",
        "integrations.outbox.operations.cancellation.call_off",
        "integrations.outbox.crm.update_ended",
    ],
    "routing.run.close_unproven": [
        "routing.runs.operations.runs.end_with_run",
        "routing.runs.operations.outcomes.look_no_more",
        "delivery.progress.operations.rolling.close",
        "delivery.progress.operations.ending.end_with_run",
        "integrations.outbox.crm.update_ended",
    ],
    "routing.run.complete": [
        "delivery.progress.operations.rolling.close",
        "integrations.outbox.crm.update_ended",
    ],
}


def test_only_what_is_listed_here_has_several_reactions():
    assert {kind for kind, found in reacted_to().items() if len(found) > 1} == set(ORDER)


@pytest.mark.parametrize("kind", ORDER)
def test_reactions_run_in_this_order(kind):
    names = [f"{each.__module__}.{each.__qualname__}" for each in reacted_to()[kind]]

    assert names == ORDER[kind]
