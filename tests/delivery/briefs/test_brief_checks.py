"""The checks of a brief run when it is made and when it changes, and gate its approval."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext

from delivery.briefs.details import AcceptCheckDetails, EditBriefDetails, WriteBriefDetails
from delivery.briefs.operations import briefs
from delivery.briefs.operations.first_briefs import write_brief
from delivery.checks import brief_checks
from delivery.checks.brief_operations import accept_check, fail_checks, run_checks
from delivery.checks.kinds.catalogue import BRIEF_KINDS
from delivery.flows.defaults import ensure_checks
from delivery.models import Brief, BriefCheckResult, Check, Request
from delivery.requests.details import EditRequestDetails
from delivery.requests.operations import requests
from routing.kernel.events import Event
from routing.kernel.roles import OPS
from routing.models import Membership, Notification
from routing.people.actors import Actor
from routing.runs.questions.ask import ask
from routing.runs.questions.asked import AskedWork
from routing.sla.operations.calendars import ensure_defaults
from tests.delivery.briefs.test_brief_pages import make_brief as make_brief_of
from tests.delivery.making import codes, done, fresh, make_brief, make_engagement
from tests.desk import signed_in, url, words
from tests.world import NOW, World, by, make_client, make_contact, make_request, make_user

pytestmark = [
    pytest.mark.usefixtures("without_second_factor"),
    pytest.mark.requirement("T13", "T21"),
]
LONG_AGO = "2026-01-05"


@pytest.fixture(autouse=True)
def shipped(world: World) -> None:
    ensure_defaults(at=NOW)
    ensure_checks(at=NOW)
    Membership.objects.create(client=world.acme, contact=make_contact(), role="approver")


def newest(brief: Brief) -> dict[str, BriefCheckResult]:
    rows = BriefCheckResult.objects.filter(brief=brief).order_by("pk").select_related("check_row")
    return {row.check_row.kind: row for row in rows}


def failed(brief: Brief) -> set[str]:
    return {kind for kind, row in newest(brief).items() if row.blocks}


def plan(due: str, **more: Any) -> list[dict[str, Any]]:
    page = {"key": "one", "title": "Landing page", "format": "page", "amount": "100", "due": due}
    return [page | more]


def late_brief(world: World, **fields: Any) -> Brief:
    known: dict[str, Any] = {"engagement": make_engagement(world), "planned": plan(LONG_AGO)}
    return make_brief(world, **known | fields)


def edit(world: World, brief: Brief, **details: Any) -> None:
    done(briefs.edit([brief.pk], by=by(world.alice), at=NOW, details=EditBriefDetails(**details)))


def test_a_brief_has_results_as_soon_as_it_is_written_by_hand(world: World) -> None:
    request = make_request(world.acme, Request.State.ACCEPTED)
    details = WriteBriefDetails("Make it good.", None)

    done(write_brief([request.pk], by=by(world.alice), at=NOW, details=details))

    brief = Brief.objects.get()
    assert set(newest(brief)) == set(BRIEF_KINDS)
    assert not failed(brief)
    assert {row.by for row in newest(brief).values()} == {world.alice}


def test_a_failed_check_refuses_the_approval_and_says_which_and_why(world: World) -> None:
    brief = late_brief(world)

    [result] = briefs.submit([brief.pk], by=by(world.alice), at=NOW)

    assert codes(result) == ["checks"]
    assert "Dates of a brief: The date is in the past" in str(result.refusals[0].evidence)
    assert "Landing page" in str(result.refusals[0].evidence)
    assert fresh(brief).state == Brief.State.DRAFT


def test_the_checks_run_again_when_the_brief_changes(world: World) -> None:
    brief = late_brief(world)
    before = newest(brief)["brief_dates"]

    edit(world, brief, planned=plan("2026-12-15"))

    after = newest(brief)["brief_dates"]
    assert (before.passed, after.passed) == (False, True)
    assert before.digest != after.digest
    done(briefs.submit([brief.pk], by=by(world.alice), at=NOW))
    done(briefs.approve([brief.pk], by=by(world.bob), at=NOW))


def test_they_run_again_before_the_approval_because_time_has_passed(world: World) -> None:
    brief = late_brief(world, planned=plan("2026-11-25"))
    done(briefs.submit([brief.pk], by=by(world.alice), at=NOW))

    [late] = briefs.approve([brief.pk], by=by(world.bob), at=NOW + timedelta(days=7))

    assert codes(late) == ["checks"]
    assert failed(brief) == {"brief_dates"}


def test_they_run_again_when_the_request_changes(world: World) -> None:
    request = make_request(world.acme, Request.State.ACCEPTED)
    brief = make_brief(world, request=request, engagement=make_engagement(world))
    details = EditRequestDetails(wanted_date=(NOW - timedelta(days=9)).date())

    done(requests.edit([request.pk], by=by(world.alice), at=NOW, details=details))

    assert failed(brief) == {"brief_dates"}


def test_nothing_is_stored_twice_while_nothing_changes(world: World) -> None:
    brief = late_brief(world)
    count = BriefCheckResult.objects.count()

    done(run_checks([brief.pk], by=by(world.quin), at=NOW + timedelta(minutes=1)))

    assert BriefCheckResult.objects.count() == count


def test_two_open_briefs_of_one_title_are_told_apart_by_request_and_client(world: World) -> None:
    first, second = make_brief(world), make_brief(world)

    assert failed(first) == set()  # it was alone when it was made
    assert failed(second) == {"brief_duplicates"}
    assert newest(second)["brief_duplicates"].findings[0]["evidence"] == first.item.ref
    done(briefs.cancel([first.pk], by=by(world.alice), at=NOW, reason="Twice."))
    done(run_checks([second.pk], by=by(world.alice), at=NOW))
    assert failed(second) == set()


def test_the_owner_is_told_of_new_failures_and_not_of_their_own(world: World) -> None:
    brief = make_brief(world, engagement=make_engagement(world))
    told = Notification.objects.filter(words="checks")

    edit(world, brief, planned=plan(LONG_AGO))
    assert not told.exists()
    edit(world, brief, planned=plan("2026-12-15"))
    details = EditBriefDetails(planned=plan(LONG_AGO))
    done(briefs.edit([brief.pk], by=by(world.bob), at=NOW, details=details))
    done(run_checks([brief.pk], by=by(world.bob), at=NOW))

    message = told.get()
    assert (message.recipient, message.while_state) == (world.alice, Brief.State.DRAFT)
    events = Event.objects.filter(kind=fail_checks.kind, item=brief.item)
    assert events.count() == 2
    assert "Failed checks: Dates of a brief" in {
        row.history_change_reason for row in brief.history.all()
    }


def test_an_operations_lead_accepts_what_a_check_found_until_it_finds_something_else(
    world: World,
) -> None:
    brief = late_brief(world)
    details = AcceptCheckDetails(newest(brief)["brief_dates"].check_row_id)

    [empty] = accept_check([brief.pk], by=by(world.olga), at=NOW, details=details)
    done(
        accept_check(
            [brief.pk], by=by(world.olga), at=NOW, reason="Paid for in spring.", details=details
        )
    )

    assert codes(empty) == ["reason"]
    result = newest(brief)["brief_dates"]
    assert (result.accepted, result.passed, result.by) == (True, False, world.olga)
    assert result.reason == "Paid for in spring."
    edit(world, brief, body="Other words.")
    assert failed(brief) == set()  # it finds the same
    done(briefs.submit([brief.pk], by=by(world.alice), at=NOW))
    done(
        briefs.request_changes([brief.pk], by=by(world.bob), at=NOW, reason="Another date, please.")
    )
    edit(world, brief, planned=plan("2026-01-06"))
    assert failed(brief) == {"brief_dates"}


def test_findings_are_accepted_by_nobody_who_wrote_the_brief_and_only_if_there_are_any(
    world: World,
) -> None:
    late, good = late_brief(world), make_brief(world, request=make_request(world.acme, "accepted"))
    check = newest(late)["brief_dates"].check_row_id
    wrote = make_user("Otto", OPS)
    details = EditBriefDetails(body="Mine.")
    done(briefs.edit([late.pk], by=by(wrote), at=NOW, details=details))

    def accepted(brief: Brief, who: Actor, chosen: int | None) -> list[str]:
        [result] = accept_check(
            [brief.pk], by=who, at=NOW, reason="Fine.", details=AcceptCheckDetails(chosen)
        )
        return codes(result)

    other = newest(late)["brief_links"].check_row_id
    assert accepted(late, by(wrote), check) == ["author"]
    assert accepted(late, by(world.olga), other) == ["failed"]
    assert accepted(good, by(world.olga), check) == ["failed"]
    with pytest.raises(PermissionDenied):
        accepted(late, by(world.alice), check)


def test_the_page_shows_what_failed_and_what_to_do(world: World) -> None:
    brief, browser = late_brief(world), signed_in(world.olga)

    page = words(browser.get(url(Brief, "change", brief.pk)))
    form = words(browser.get(url(Brief, "step", brief.pk, "accept_check")))
    sent = {"check": str(newest(brief)["brief_dates"].check_row_id), "reason": "It was agreed."}
    browser.post(url(Brief, "step", brief.pk, "accept_check"), sent)
    after = words(browser.get(url(Brief, "change", brief.pk)))

    assert "Failed Dates of a brief" in page
    assert "The date is in the past. Choose a later one." in page
    assert "The brief cannot be approved until these checks pass." in page
    assert "Dates of a brief: The date is in the past." in form
    assert "Accepted by Olga: It was agreed." in after
    assert "cannot be approved until" not in after


def test_the_ten_questions_name_the_failed_check_and_the_results(world: World) -> None:
    brief = late_brief(world)

    item = AskedWork.items().get(pk=brief.item_id)
    answers = {each.key: each for each in ask(item, at=NOW, by=by(world.alice))}

    waits = " ".join(str(each.text) for each in answers["waiting"].statements)
    proven = " ".join(str(each.text) for each in answers["outcome"].statements)
    assert "keeps the brief from being approved: Dates of a brief: The date is in the past" in waits
    assert "Check “Dates of a brief”: failed, by" in proven
    assert "Check “Links of a brief”: passed, by" in proven


def test_a_check_of_one_client_is_not_asked_of_another(world: World) -> None:
    Check.objects.all().update(is_active=False)
    Check.objects.create(
        name="Named", kind="brief_contact", params={"requester_needed": True}, client=world.acme
    )

    ours = make_brief(world)
    other = make_client("OTH", world.team, world.alice, world.bob)
    theirs = make_brief_of(make_request(other))

    assert failed(ours) == {"brief_contact"}
    assert not newest(theirs)


def test_a_check_that_was_deactivated_holds_nothing_up(world: World) -> None:
    brief = late_brief(world)

    Check.objects.filter(kind="brief_dates").update(is_active=False)

    done(briefs.submit([brief.pk], by=by(world.alice), at=NOW))


def test_shipped_checks_come_once_beside_those_of_versions(world: World) -> None:
    Check.objects.filter(kind="brief_links").update(is_active=False)
    count = Check.objects.count()

    ensure_checks(at=NOW)

    assert Check.objects.count() == count
    assert Check.objects.filter(kind__in=BRIEF_KINDS).count() == 6


def test_a_kind_of_briefs_is_tried_on_open_briefs_and_keeps_nothing(world: World) -> None:
    late_brief(world)
    browser, new = signed_in(world.olga), f"{url(Check, 'add')}?kind=brief_dates"
    sent = {"name": "Dates again", "position": "1", "is_active": "on", "reason": "Try."}
    count = BriefCheckResult.objects.count()

    form = browser.get(new)
    tried = words(browser.post(new, sent | {"try": "1"}))
    saved = browser.post(new, sent)

    assert "format" not in form.context["form"].fields
    assert "1 brief checked. 1 would fail:" in tried
    assert "The date is in the past." in tried
    assert BriefCheckResult.objects.count() == count
    assert saved.status_code == 302
    assert Check.objects.get(name="Dates again").kind == "brief_dates"


def test_many_briefs_are_judged_with_as_many_queries_as_one(world: World) -> None:
    made = [late_brief(world) for _each in range(4)]
    Brief.objects.filter(pk__in=[each.pk for each in made]).update(body="Other words.")

    def asked(ids: list[int]) -> int:
        with CaptureQueriesContext(connection) as queries:
            brief_checks.judge_briefs(ids, by=by(world.alice), at=NOW)
        return len(queries)

    one, three = asked([made[0].pk]), asked([each.pk for each in made[1:]])

    assert one == three
