"""
The order of several reactions to one cause, which is the order in which their modules are imported.

What comes first is seen by what comes later: open questions are withdrawn before a request counts
as delivered, the cases and steps of a run end before its request does, and what is expected of a
deliverable is written before it is sent anywhere.
"""

import pytest

from routing.work.registry import reacted_to

# Messages come last: they are about what everything before has made of the work.
TOLD = "routing.messages.telling.notify_parties"
ORDER = {
    "delivery.approval.answer": [
        "delivery.approvals.operations.asking.mark_own_question_read",
        TOLD,
    ],
    "delivery.approval.approve": [
        "delivery.approvals.operations.asking.mark_questions_read",
        "delivery.approvals.operations.reviewing.go_on",
        "delivery.progress.operations.work_events.internal_review_done",
        "delivery.progress.operations.work_events.client_decided",
        TOLD,
    ],
    "delivery.approval.create": [
        "delivery.approvals.operations.dropping_out.remember",
        TOLD,
    ],
    "delivery.approval.expire": [
        "delivery.approvals.operations.asking.mark_questions_read",
        "delivery.approvals.operations.reviewing.stop_and_ask",
        TOLD,
    ],
    "delivery.approval.reject": [
        "delivery.approvals.operations.asking.mark_questions_read",
        "delivery.approvals.operations.reviewing.stop_and_ask",
        "delivery.progress.operations.work_events.client_decided",
        TOLD,
    ],
    "delivery.approval.request_changes": [
        "delivery.approvals.operations.asking.mark_questions_read",
        "delivery.approvals.operations.reviewing.rework",
        "delivery.progress.operations.work_events.client_decided",
        TOLD,
    ],
    "delivery.approval.withdraw": [
        "delivery.approvals.operations.asking.mark_questions_read",
        TOLD,
    ],
    "delivery.brief.approve": [
        "delivery.progress.operations.planning.plan",
        "delivery.progress.operations.rolling.deliver",
        "delivery.progress.operations.work_events.brief_approved",
        "integrations.outbox.crm.update_planned",
        TOLD,
    ],
    "delivery.brief.cancel": [
        "delivery.progress.operations.rolling.deliver",
        TOLD,
    ],
    "delivery.brief.create": [
        "delivery.checks.brief_operations.check_changed",
        "delivery.campaigns.operations.following.follow_brief",
        TOLD,
    ],
    "delivery.brief.move_launch": [
        "delivery.checks.brief_operations.check_changed",
        "delivery.progress.operations.planning.follow",
        "delivery.campaigns.operations.following.follow_brief",
        TOLD,
    ],
    "delivery.brief.use_template": [
        "delivery.checks.brief_operations.check_changed",
        "delivery.campaigns.operations.following.follow_brief",
    ],
    "delivery.deliverable.approve": [
        "delivery.progress.operations.rolling.publish",
        "delivery.progress.operations.work_events.asset_ready",
        TOLD,
    ],
    "delivery.deliverable.archive": [
        "delivery.progress.operations.taking_down.settle",
        "delivery.progress.operations.proving.look_no_more",
        "integrations.publishing.failures.end_cases",
        "integrations.reconcile.carry_out.not_watched",
        TOLD,
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
        "integrations.outbox.crm.update_planned",
        "integrations.publishing.failures.end_cases",
        "integrations.reconcile.carry_out.not_watched",
        TOLD,
    ],
    "delivery.deliverable.fail_publishing": [
        "delivery.progress.operations.ending.end_unpublished",
        TOLD,
    ],
    "delivery.deliverable.go_live": [
        "delivery.progress.operations.proving.look",
        "delivery.progress.operations.rolling.deliver",
        "delivery.progress.operations.rolling.replace",
        "delivery.campaigns.operations.following.launch",
        "integrations.outbox.client_emails.tell_live",
        "integrations.publishing.failures.end_cases",
    ],
    "delivery.deliverable.hand_out": [
        "delivery.progress.operations.proving.expect_receipt",
        "delivery.progress.operations.rolling.deliver",
        "delivery.campaigns.operations.following.launch",
        "integrations.outbox.client_emails.tell_files",
    ],
    "delivery.deliverable.launch_by_hand": [
        "delivery.progress.operations.proving.expect_launch",
        "delivery.progress.operations.rolling.deliver",
        "delivery.progress.operations.rolling.replace",
        "delivery.campaigns.operations.following.launch",
        "integrations.outbox.client_emails.tell_launched",
    ],
    "delivery.deliverable.take_down": [
        "delivery.progress.operations.taking_down.settle",
        "delivery.progress.operations.proving.look_no_more",
    ],
    "delivery.deliverable.pass_qa": [
        "delivery.approvals.operations.reviewing.ask_the_agency",
        "delivery.progress.operations.work_events.qa_passed",
        TOLD,
    ],
    "delivery.deliverable.publish": [
        "delivery.progress.operations.proving.expect_live",
        "integrations.publishing.publish.publish",
    ],
    "delivery.deliverable.remind_receipt": [
        "delivery.progress.operations.proving.expect_receipt_longer",
        "integrations.outbox.client_emails.tell_files",
    ],
    "delivery.deliverable.reopen": [
        "delivery.approvals.operations.reviewing.take_back",
        "integrations.outbox.operations.cancellation.call_off_with_deliverable",
        "integrations.publishing.failures.end_cases",
        "integrations.reconcile.carry_out.not_watched",
        TOLD,
    ],
    "delivery.deliverable.replan": [
        "integrations.outbox.crm.update_planned",
        TOLD,
    ],
    "delivery.deliverable.return_for_rework": [
        "delivery.approvals.operations.reviewing.take_back",
        "delivery.approvals.operations.reviewing.end_stalls",
        "delivery.progress.operations.work_events.qa_failed",
        TOLD,
    ],
    "delivery.deliverable.send_back": [
        "delivery.approvals.operations.reviewing.take_back",
        "delivery.approvals.operations.reviewing.end_stalls",
        "delivery.progress.operations.work_events.qa_failed",
        TOLD,
    ],
    "delivery.deliverable.start": [
        "delivery.progress.operations.rolling.begin",
        TOLD,
    ],
    "delivery.deliverable.submit": [
        "delivery.approvals.operations.reviewing.check",
        TOLD,
    ],
    "delivery.request.accept": [
        "delivery.requests.operations.first_response.respond_with_acceptance",
        "delivery.campaigns.operations.making.make",
        "integrations.outbox.client_emails.tell_acceptance",
    ],
    "delivery.request.accept_impact": [
        "delivery.progress.operations.impacts.mark_question_read",
        "integrations.outbox.crm.update_agreed",
        TOLD,
    ],
    "delivery.request.answer": [
        "delivery.requests.operations.unanswered.end_silence",
        TOLD,
    ],
    "delivery.request.ask": [
        "delivery.requests.operations.unanswered.end_silence",
        "integrations.outbox.client_emails.put_question",
    ],
    "delivery.request.cancel": [
        "delivery.requests.operations.unanswered.end_silence",
        "delivery.progress.operations.ending.end_with_request",
        "delivery.campaigns.operations.following.cancel",
        "integrations.outbox.operations.cancellation.call_off_with_request",
        "integrations.outbox.client_emails.tell_cancelled",
        TOLD,
    ],
    "delivery.request.create": [
        "integrations.outbox.crm.update_wanted",
        "integrations.outbox.client_emails.acknowledge",
    ],
    "delivery.request.decline_impact": [
        "delivery.progress.operations.impacts.mark_question_read",
        TOLD,
    ],
    "delivery.request.deliver": [
        "delivery.progress.operations.rolling.await_outcome",
        "delivery.campaigns.operations.following.go_live",
        "integrations.outbox.client_emails.tell_delivered",
    ],
    "delivery.request.edit": [
        "delivery.checks.brief_operations.check_requested",
        "integrations.outbox.crm.update_needed_by",
    ],
    "delivery.request.mark_duplicate": [
        "delivery.requests.operations.unanswered.end_silence",
        "delivery.progress.operations.ending.end_with_request",
        "delivery.campaigns.operations.following.cancel",
        TOLD,
    ],
    "delivery.request.reject": [
        "delivery.requests.operations.unanswered.end_silence",
        "delivery.progress.operations.ending.end_with_request",
        "delivery.campaigns.operations.following.cancel",
        "integrations.outbox.client_emails.tell_refusal",
        TOLD,
    ],
    "delivery.request.remind": [
        "delivery.requests.operations.unanswered.end_silence",
        "integrations.outbox.client_emails.put_question_again",
    ],
    "delivery.request.withdraw": [
        "delivery.requests.operations.unanswered.end_silence",
        "delivery.progress.operations.ending.end_with_request",
        "delivery.campaigns.operations.following.cancel",
        TOLD,
    ],
    "integrations.incident.close": [
        "integrations.incidents.operations.leading.release_events",
        TOLD,
    ],
    "delivery.request.wait_again": [
        "delivery.requests.operations.unreachable.end_exceptions",
        TOLD,
    ],
    "routing.contact.erase": [
        "delivery.requests.operations.unreachable.escalate_at_once",
        "delivery.approvals.operations.dropping_out.drop_out_at_once",
    ],
    "routing.contact.invite": [
        "delivery.requests.operations.unreachable.return_at_once",
        "delivery.approvals.operations.dropping_out.ask_again_at_once",
        "integrations.outbox.notification_emails.write_invitations",
    ],
    "routing.contact.withdraw": [
        "delivery.requests.operations.unreachable.escalate_at_once",
        "delivery.approvals.operations.dropping_out.drop_out_at_once",
    ],
    "routing.exceptioncase.resolve": [
        "routing.runs.operations.exceptions.resume_runs",
        "routing.runs.operations.own_failures.retry_events",
        "routing.runs.operations.run_events.exception_resolved",
        "integrations.inbox.unreadable.read_all_again",
        "integrations.outbox.failing.try_again",
        "integrations.publishing.site_cases.look_now",
        "integrations.publishing.failures.retry",
        "integrations.reconcile.failures.look_again",
        TOLD,
    ],
    "routing.membership.change": [
        "delivery.requests.operations.unreachable.escalate_at_once",
        "delivery.approvals.operations.dropping_out.drop_out_at_once",
        "delivery.approvals.operations.dropping_out.ask_again_at_once",
    ],
    "routing.note.add": [
        "delivery.requests.operations.first_response.respond_with_note",
        TOLD,
    ],
    "routing.outcome.decay": [
        "routing.runs.operations.run_events.outcome_lapsed",
        "delivery.campaigns.operations.following.lapse",
    ],
    "routing.outcome.prove": [
        "routing.runs.operations.run_events.outcome_proven",
        "delivery.progress.operations.rolling.close_without_run",
        "delivery.campaigns.operations.following.prove",
    ],
    "routing.outcome.supersede": [
        "delivery.progress.operations.rolling.close_without_run",
        "delivery.campaigns.operations.following.prove",
    ],
    "routing.outcome.waive": [
        "delivery.progress.operations.rolling.close_without_run",
        "delivery.campaigns.operations.following.prove",
        TOLD,
    ],
    "routing.exceptioncase.cover": [
        "routing.runs.operations.run_events.exception_resolved",
        TOLD,
    ],
    "routing.exceptioncase.skip": [
        "routing.runs.operations.act.go_on_without",
        "routing.runs.operations.run_events.exception_resolved",
        TOLD,
    ],
    "routing.run.await_outcome": [
        "routing.runs.operations.proofs.await_proofs",
        TOLD,
    ],
    "routing.run.cancel": [
        "routing.runs.operations.runs.end_with_run",
        "routing.runs.operations.outcomes.look_no_more",
        "delivery.progress.operations.rolling.close",
        "delivery.progress.operations.ending.end_with_run",
        "integrations.outbox.operations.cancellation.call_off",
        "integrations.outbox.crm.update_ended",
        "integrations.publishing.drafts.remove_with_run",
        TOLD,
    ],
    "routing.run.close_unproven": [
        "routing.runs.operations.runs.end_with_run",
        "routing.runs.operations.outcomes.look_no_more",
        "delivery.progress.operations.rolling.close",
        "delivery.progress.operations.ending.end_with_run",
        "integrations.outbox.crm.update_ended",
        TOLD,
    ],
    "routing.run.complete": [
        "delivery.progress.operations.rolling.close",
        "integrations.outbox.crm.update_ended",
    ],
    "routing.run.migrate": [
        "routing.runs.operations.migrating.go_on",
        "routing.runs.operations.proofs.await_other_proofs",
        TOLD,
    ],
    "routing.workitem.hand_over": [
        "routing.runs.operations.cover_cases.review_reassigned",
        "delivery.approvals.operations.dropping_out.ask_new_owners",
        "integrations.outbox.crm.update_owner",
        TOLD,
    ],
    "routing.workitem.hold": [
        "integrations.outbox.crm.update_hold",
        TOLD,
    ],
    "routing.workitem.replace_person": [
        "delivery.approvals.operations.dropping_out.ask_new_owners",
        "integrations.outbox.crm.update_owner",
        TOLD,
    ],
    "routing.workitem.resume": [
        "integrations.outbox.crm.update_hold",
        TOLD,
    ],
}


def test_only_what_is_listed_here_has_several_reactions():
    assert {kind for kind, found in reacted_to().items() if len(found) > 1} == set(ORDER)


@pytest.mark.parametrize("kind", ORDER)
def test_reactions_run_in_this_order(kind):
    names = [f"{each.__module__}.{each.__qualname__}" for each in reacted_to()[kind]]

    assert names == ORDER[kind]
