"""
The permissions matrix of the design, written out again by hand, against what the groups in the
database really hold.
"""

from __future__ import annotations

import pytest

from routing.kernel.roles import (
    AM,
    AUDITOR,
    CREATIVE,
    EVERYONE,
    INTEGRATIONS,
    OPS,
    QA,
    Role,
    matrix,
)
from routing.work.door import all_operations
from tests.world import by, make_user

pytestmark = pytest.mark.requirement("G11", "O7")

FLOW_PARTS = (
    "flow",
    "flowversion",
    "trigger",
    "recurrence",
    "flowfield",
    "versionaction",
    "versionproof",
    "versionroute",
    "rule",
    "condition",
)
# H18: creatives read neither amounts nor the addresses of contacts, and QA reads calendars.
PROMISES = ("promisechange", "clockrevision")
NOT_CREATIVES = (AM, QA, OPS, INTEGRATIONS, AUDITOR)
SLA_PARTS = ("calendar", "calendaruse", "slapolicy", "target")

MATRIX: dict[str, tuple[Role, ...]] = {
    # see work
    "routing.see_all_work": (QA, OPS, INTEGRATIONS, AUDITOR),
    "routing.see_unrestricted_work": (AM,),
    "routing.see_team_work": (CREATIVE,),
    "routing.see_operations_workitem": (OPS, AUDITOR),
    "routing.see_leadership_workitem": (OPS, AUDITOR),
    "routing.view_workitem": EVERYONE,
    "routing.view_client": EVERYONE,
    "routing.view_contact": NOT_CREATIVES,
    "delivery.view_request": EVERYONE,
    # create, edit, submit, accept, hold, cancel request and brief
    "delivery.add_request": (AM, OPS),
    "delivery.triage_request": (AM, OPS),
    "delivery.accept_request": (AM, OPS),
    "delivery.ask_request": (AM, OPS),
    "delivery.answer_request": (AM, OPS),
    "delivery.remind_request": (AM, OPS),
    "delivery.stall_request": (),
    "delivery.wait_again_request": (),
    "delivery.edit_request": (AM, OPS),
    "delivery.reject_request": (AM, OPS),
    "delivery.mark_duplicate_request": (AM, OPS),
    "delivery.cancel_request": (AM, OPS),
    "delivery.write_brief_request": (AM, OPS),
    "delivery.make_campaign_request": (AM, OPS),
    "routing.hold_workitem": (AM, OPS),
    "routing.resume_workitem": (AM, OPS),
    "routing.resume_later_workitem": (AM, OPS),
    **{
        f"delivery.{verb}_request": () for verb in ("withdraw", "accept_impact", "decline_impact")
    },  # contacts alone, by their membership
    "delivery.state_impact_request": (AM, OPS),
    # roll-ups belong to the system alone
    "delivery.begin_request": (),
    "delivery.deliver_request": (),
    "delivery.close_request": (),
    # reassign: own and team, own, all, own
    "routing.hand_over_workitem": (AM, QA, OPS, INTEGRATIONS),
    "routing.own_workitem": (AM, QA, OPS, INTEGRATIONS),
    "routing.do_workitem": (AM, CREATIVE, QA, OPS, INTEGRATIONS),
    "routing.reassign_team_workitem": (AM,),
    "routing.reassign_any_workitem": (OPS,),
    "routing.replace_person_workitem": (OPS,),
    # clients and their people
    "routing.view_clientmerge": (AM, OPS, AUDITOR),
    "routing.merge_client": (OPS,),
    **{
        f"routing.{verb}_{noun}": (AM, OPS)
        for verb in ("add", "change")
        for noun in ("client", "contact")
    },
    **{f"routing.{verb}_membership": (AM, OPS) for verb in ("view", "add", "change", "delete")},
    "routing.erase_contact": (OPS,),
    **{f"routing.{verb}_contact": (AM, OPS) for verb in ("invite", "withdraw")},
    # users and roles
    **{f"routing.{verb}_user": (OPS,) for verb in ("view", "add", "change")},
    **{
        f"routing.{verb}_{noun}": (OPS,)
        for verb in ("view", "add", "change", "delete")
        for noun in ("team", "teammembership")
    },
    # flows, rules, SLA, calendars
    **{f"routing.view_{noun}": (AM, QA, OPS, INTEGRATIONS, AUDITOR) for noun in FLOW_PARTS},
    **{f"routing.{verb}_{noun}": (OPS,) for verb in ("add", "change") for noun in FLOW_PARTS},
    **{
        f"routing.delete_{noun}": (OPS,)
        for noun in ("trigger", "recurrence", *FLOW_PARTS[4:], "calendaruse", "target")
    },
    "routing.publish_flow": (OPS,),
    # policy owners and backups, and team leads where a flow lets them: rules of their own flows
    "routing.edit_own_flow": (AM, QA, OPS, INTEGRATIONS),
    **{f"routing.view_{noun}": NOT_CREATIVES for noun in SLA_PARTS},
    **{f"routing.{verb}_{noun}": (OPS,) for verb in ("add", "change") for noun in SLA_PARTS},
    **{
        f"routing.view_{noun}": EVERYONE
        for noun in ("clock", "clockmark", "clockterms", "escalation", *PROMISES)
    },
    # runs and what is known of them
    **{f"routing.view_{noun}": EVERYONE for noun in ("run", "decision", "enrichment")},
    "routing.fill_in_run": (AM, QA, OPS),
    "routing.cancel_run": (AM, OPS),
    "routing.close_unproven_run": (OPS,),
    "routing.record_invoice_run": (AM, OPS),
    "routing.remove_drafts_run": (AM, OPS),
    "routing.migrate_run": (OPS,),
    "routing.reopen_run": (),
    "routing.view_outcome": EVERYONE,
    "routing.waive_any_outcome": (OPS,),
    "routing.waive_outcome": (AM, OPS),
    "routing.probe_outcome": (AM, OPS, INTEGRATIONS),
    **{
        f"routing.{verb}_run": ()
        for verb in (
            "enrich",
            "follow",
            "identify",
            "route",
            "begin",
            "wait",
            "proceed",
            "await_outcome",
            "complete",
        )
    },
    # resolve exceptions
    "routing.view_exceptioncase": EVERYONE,
    **{
        f"routing.{verb}_exceptioncase": (AM, QA, OPS, INTEGRATIONS)
        for verb in ("claim", "resolve", "skip", "cover", "dismiss", "settle")
    },
    **{f"routing.{verb}_exceptioncase": () for verb in ("escalate", "withdraw")},
    "routing.view_exceptionroute": EVERYONE,
    **{f"routing.{verb}_exceptionroute": (OPS,) for verb in ("add", "change")},
    # briefs and what was sold
    "delivery.view_brief": EVERYONE,
    **{
        f"delivery.{verb}_brief": (AM, OPS)
        for verb in ("edit", "submit", "request_changes", "supersede", "cancel")
    },
    **{f"delivery.{verb}_brief": (AM, OPS) for verb in ("approve", "approve_first")},
    **{f"delivery.{verb}_brief": (AM, OPS) for verb in ("use_template", "move_launch")},
    "delivery.run_checks_brief": (AM, QA, OPS),
    "delivery.accept_check_brief": (OPS,),
    "delivery.fail_checks_brief": (),
    **{f"delivery.{verb}_plantemplate": (OPS,) for verb in ("add", "change")},
    **{f"delivery.{verb}_requestrule": (OPS,) for verb in ("add", "change")},
    "delivery.approve_above_budget_brief": (OPS,),
    # reports of clients: account managers make those of their own
    **{
        f"delivery.view_{noun}": (AM, OPS, AUDITOR)
        for noun in ("report", "reportschedule", "reportrecipient")
    },
    **{f"delivery.{verb}_report": (AM, OPS) for verb in ("add", "withdraw")},
    "delivery.make_any_report": (OPS,),
    **{
        f"delivery.{verb}_{noun}": (OPS,)
        for verb in ("add", "change")
        for noun in ("reportschedule", "reportrecipient")
    },
    "delivery.delete_reportrecipient": (OPS,),
    # campaigns follow their parts, and a person moves their date
    "delivery.move_launch_campaign": (AM, OPS),
    **{
        f"delivery.{verb}_campaign": ()
        for verb in ("adopt_launch", "launch", "go_live", "prove", "close", "cancel")
    },
    # what is made, its versions, checks and approvals
    **{
        f"delivery.view_{noun}": EVERYONE
        for noun in (
            "campaign",
            "deliverable",
            "version",
            "versionfile",
            "check",
            "checkresult",
            "handlaunch",
            "briefcheckresult",
            "plantemplate",
            "plantemplateversion",
            "requestrule",
            "approval",
            "answer",
            "approvalstage",
            "askedperson",
        )
    },
    "routing.view_destination": EVERYONE,
    **{f"routing.{verb}_destination": (AM, OPS) for verb in ("add", "change")},
    **{f"delivery.{verb}_deliverable": (AM, CREATIVE, OPS) for verb in ("start", "submit")},
    "delivery.upload_deliverable": (AM, CREATIVE),
    "delivery.run_checks_deliverable": (AM, CREATIVE, QA, OPS),
    "delivery.sign_off_deliverable": (QA,),
    "delivery.send_back_deliverable": (AM, QA, OPS),
    **{
        f"delivery.{verb}_deliverable": (AM, OPS)
        for verb in (
            "ask_agency",
            "ask_client",
            "publish",
            "launch_by_hand",
            "set_end",
            "take_down",
            "hand_out",
            "edit",
            "assign",
            "record_receipt",
            "remind_receipt",
            "reopen",
            "archive",
            "cancel",
        )
    },
    **{
        f"delivery.{verb}_deliverable": ()
        for verb in (
            "pass_qa",
            "return_for_rework",
            "stall",
            "wait_again",
            "approve",
            "go_live",
            "renew",
            "fail_publishing",
            "replan",
            "confirm_receipt",
        )
    },
    **{
        f"delivery.{verb}_approval": (AM, OPS)
        for verb in ("approve", "request_changes", "reject", "record", "nudge", "name_stand_in")
    },
    **{
        f"delivery.{verb}_approval": ()
        for verb in (
            "answer",
            "withdraw",
            "expire",
            "supersede",
            "see",
            "drop_out",
            "stall",
            "wait_again",
        )
    },
    **{f"delivery.{verb}_check": (OPS,) for verb in ("add", "change")},
    **{f"delivery.{verb}_approvalstage": (OPS,) for verb in ("add", "change", "delete")},
    "delivery.view_versioncheck": EVERYONE,
    **{f"delivery.{verb}_versioncheck": (OPS,) for verb in ("add", "change", "delete")},
    "delivery.view_engagement": NOT_CREATIVES,
    **{f"delivery.{verb}_engagement": (AM, OPS) for verb in ("add", "change")},
    # connections, secrets; what they sent and what they call our things
    **{
        f"integrations.view_{noun}": (OPS, INTEGRATIONS, AUDITOR)
        for noun in ("connection", "inbound", "externallink")
    },
    **{f"integrations.{verb}_connection": (INTEGRATIONS,) for verb in ("add", "change")},
    "integrations.delete_externallink": (INTEGRATIONS,),
    # incidents: everybody reads them, and the owner of one leads it, as a gate says
    "integrations.view_incident": EVERYONE,
    "integrations.add_incident": (AM, CREATIVE, QA, OPS, INTEGRATIONS),
    **{
        f"integrations.{verb}_incident": (AM, QA, OPS, INTEGRATIONS)
        for verb in ("acknowledge", "assess", "tick", "test", "close")
    },
    **{f"integrations.{verb}_incident": () for verb in ("join", "recover")},
    "integrations.read_inbound": (INTEGRATIONS,),
    **{
        f"integrations.view_{noun}": (OPS, INTEGRATIONS, AUDITOR)
        for noun in ("outbound", "attempt")
    },
    "integrations.replay_outbound": (OPS, INTEGRATIONS),
    "integrations.discard_outbound": (INTEGRATIONS,),
    "routing.view_dispatch": (OPS, INTEGRATIONS, AUDITOR),
    "routing.unpark_dispatch": (OPS, INTEGRATIONS),
    "routing.view_heldevent": (AM, QA, OPS, INTEGRATIONS, AUDITOR),
    "routing.view_switchoff": (AM, QA, OPS, INTEGRATIONS, AUDITOR),
    "routing.switch_flow": (OPS,),
    "routing.view_eventclaim": (AM, QA, OPS, INTEGRATIONS, AUDITOR),
    "routing.claim_event": (OPS,),
    # a second person agrees, among whom are policy owners and backups
    **{f"routing.{verb}_publishapproval": (AM, OPS) for verb in ("approve", "refuse")},
    "routing.withdraw_publishapproval": (AM, QA, OPS, INTEGRATIONS),
    "routing.outdate_publishapproval": (),
    **{f"routing.{verb}_flowproposal": (AM, OPS) for verb in ("approve", "refuse", "withdraw")},
    "routing.view_flowproposal": NOT_CREATIVES,
    # reviews of flows: whoever may be a policy owner
    **{
        f"routing.{verb}": (AM, QA, OPS, INTEGRATIONS)
        for verb in ("close_flowreview", "add_flowreview", "add_reviewanswer")
    },
    **{f"routing.{verb}_flowreview": () for verb in ("draw_again", "remind", "take_answer")},
    **{
        f"routing.view_{noun}": NOT_CREATIVES
        for noun in ("flowreview", "reviewsample", "reviewanswer")
    },
    "routing.view_valuestream": NOT_CREATIVES,
    "routing.add_valuestream": (OPS,),
    "routing.change_valuestream": (OPS,),
    "routing.view_publishapproval": NOT_CREATIVES,
    "routing.view_checklistanswer": NOT_CREATIVES,
    "routing.add_checklistanswer": (OPS, INTEGRATIONS),
    # absences, the default pair, messages
    "routing.view_absence": EVERYONE,
    "routing.plan_own_absence": EVERYONE,
    **{f"routing.{verb}_absence": (OPS,) for verb in ("add", "change", "delete")},
    "routing.view_agency": (AM, QA, OPS, INTEGRATIONS, AUDITOR),
    **{f"routing.{verb}_agency": (OPS,) for verb in ("add", "change")},
    "routing.view_notification": EVERYONE,
    # files and notes
    "routing.view_file": EVERYONE,
    "routing.view_note": EVERYONE,
    "routing.add_note": (AM, CREATIVE, QA, OPS, INTEGRATIONS),
    # views of lists: everybody their own, and an operations lead those that lists open with
    "routing.view_view": EVERYONE,
    "routing.add_view": EVERYONE,
    "routing.change_view": EVERYONE,
    "routing.set_default_view": (OPS,),
    # audit and its export
    "routing.view_event": (OPS, AUDITOR),
    "routing.view_seal": (OPS, AUDITOR),
    "routing.view_erasure": (OPS, AUDITOR),
    "routing.view_securityevent": (OPS, AUDITOR),
    "routing.view_exportrecord": (OPS, AUDITOR),
    "routing.view_auditentry": (OPS, AUDITOR),
    "routing.view_export": EVERYONE,
}


@pytest.mark.parametrize("role", Role)
def test_a_role_holds_exactly_what_the_matrix_says(role: Role, db: None) -> None:
    actor = by(make_user("Someone", role))

    assert actor.permissions == {
        permission for permission, roles in MATRIX.items() if role in roles
    }


def test_every_operation_and_grant_is_in_the_matrix() -> None:
    declared = {step.permission for step in all_operations()} | set(matrix())

    assert declared == set(MATRIX)
