"""Decisions of a contact: on exactly the version they see, once, and never by a GET."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from delivery.approvals.details import DecideDetails
from delivery.approvals.operations import approvals, deliverables
from delivery.deliverables.operations.versions import Draft
from delivery.models import Answer, Approval, Deliverable
from routing.audit.operations.erasure import erase
from routing.models import Contact, Event, Note, Notification
from routing.work.operations import items
from tests.delivery.making import DRAFT, codes, done, fresh, hand_in, make_deliverables, question
from tests.desk import words
from tests.portal import APPROVER, REQUESTER, VIEWER, browser_of, invited, user_of
from tests.threads import at_once
from tests.world import World, by

pytestmark = pytest.mark.requirement("A6")

State = Approval.State


def with_carla(world: World, draft: Draft = DRAFT) -> Deliverable:
    """Asked of whoever may approve for the client, just now."""
    at = timezone.now()
    [row] = make_deliverables(world)
    hand_in(world, row, draft)
    done(approvals.approve([question(row).pk], by=by(world.alice), at=at, details=DecideDetails()))
    done(deliverables.ask_client([row.pk], by=by(world.alice), at=at))
    return fresh(row)


def path(asked: Approval, rest: str = "") -> str:
    return f"/portal/questions/{asked.item.ref}/{rest}"


def answer(browser: Browser, asked: Approval, word: str = "approve", **more: Any) -> Any:
    return browser.post(
        path(asked, "decide/"), {"word": word, "digest": asked.digest, "comment": "", **more}
    )


@pytest.fixture
def asked(world: World, carla: Contact) -> Approval:
    return question(with_carla(world))


def test_a_question_stands_on_the_home_page_until_it_is_answered(
    browser: Browser, asked: Approval
) -> None:
    before = words(browser.get("/portal/"))
    done_page = words(
        browser.post(
            path(asked, "decide/"), {"word": "approve", "digest": asked.digest}, follow=True
        )
    )
    after = words(browser.get("/portal/"))

    assert (
        "Review and decide" in before,
        "Landing page" in before,
        "Please decide by" in before,
    ) == (True, True, True)
    assert "We have recorded your approval" in done_page
    assert "Nothing is waiting for you" in after
    assert fresh(asked).state == State.APPROVED
    assert Deliverable.objects.get().state == Deliverable.State.APPROVED


@pytest.mark.parametrize(
    ("word", "state"), [("request_changes", State.CHANGES_REQUESTED), ("reject", State.REJECTED)]
)
def test_changes_and_rejections_need_words_which_the_agency_reads(
    browser: Browser, asked: Approval, word: str, state: str
) -> None:
    silent = answer(browser, asked, word)
    between = fresh(asked).state
    answer(browser, asked, word, comment="A bigger logo.")

    assert "Tell us what should be different" in words(silent)
    assert (between, fresh(asked).state) == (State.PENDING, state)
    assert Note.objects.get(item=asked.item.parent).body == "A bigger logo."
    assert "A bigger logo." in words(browser.get(path(asked)))


def test_a_get_decides_nothing(browser: Browser, asked: Approval) -> None:
    answered = browser.get(path(asked, "decide/"), {"word": "approve", "digest": asked.digest})
    browser.get(path(asked), {"word": "approve"})

    assert answered.status_code == 405
    assert fresh(asked).state == State.PENDING


def test_without_a_csrf_token_nothing_is_decided(carla: Contact, asked: Approval) -> None:
    strict = Browser(enforce_csrf_checks=True)
    strict.force_login(user_of(carla))

    assert answer(strict, asked).status_code == 403
    assert fresh(asked).state == State.PENDING


@pytest.mark.parametrize("digest", ["", "0" * 63, "x" * 64, "<script>"])
def test_a_form_that_does_not_say_what_was_seen_decides_nothing(
    browser: Browser, asked: Approval, digest: str
) -> None:
    assert "out of date" in words(answer(browser, asked, digest=digest))
    assert fresh(asked).state == State.PENDING


def test_an_answer_to_another_version_says_there_is_a_newer_one(
    browser: Browser, asked: Approval
) -> None:
    refused = answer(browser, asked, digest="0" * 64)

    assert refused.status_code == 409
    assert "This page is out of date. Review the version below" in words(refused)


def test_the_same_answer_sent_twice_is_thanked_for_once_and_kept_once(
    browser: Browser, asked: Approval
) -> None:
    statuses = [answer(browser, asked).status_code for _ in range(2)]
    other = answer(browser, asked, "reject", comment="After all not.")

    assert statuses == [302, 302]
    assert Answer.objects.filter(approval=asked).count() == 1
    assert other.status_code == 409
    assert "Your answer was not saved. You approved it." in words(other)
    assert "After all not." in words(other)


def test_a_colleague_who_comes_second_is_told_what_happened(
    world: World, browser: Browser, asked: Approval
) -> None:
    dora = browser_of(invited(world, "Dora", (world.acme, APPROVER)))

    answer(browser, asked)
    late = answer(dora, asked, "request_changes", comment="Wait.")

    assert late.status_code == 409
    assert "Carla approved it." in words(late)


def test_approve_and_reject_at_once_one_wins(committed_world: World) -> None:
    world = committed_world
    people = [invited(world, name, (world.acme, APPROVER)) for name in ("Carla", "Dora")]
    asked = question(with_carla(world))
    at = timezone.now()
    yes, no = (by(user_of(person)) for person in people)

    found = at_once(
        [
            lambda: approvals.approve(
                [asked.pk], by=yes, at=at, details=DecideDetails(digest=asked.digest)
            )[0],
            lambda: approvals.reject(
                [asked.pk], by=no, at=at, details=DecideDetails(digest=asked.digest, comment="No.")
            )[0],
        ]
    )

    assert sorted(result.done for result in found) == [False, True]
    [lost] = [result for result in found if not result.done]
    assert codes(lost)[0] in {"state", "overtaken"}
    assert Answer.objects.filter(approval=asked).count() == 1
    assert fresh(asked).state in {State.APPROVED, State.REJECTED}


def test_whoever_may_only_look_sees_it_and_for_whom_it_waits(world: World, asked: Approval) -> None:
    for name, role in (("Vera", VIEWER), ("Rita", REQUESTER)):
        browser = browser_of(invited(world, name, (world.acme, role)))

        home, page, forged = (
            words(browser.get("/portal/")),
            words(browser.get(path(asked))),
            answer(browser, asked),
        )

        assert "Waiting for an approver at your company" in home
        assert "You can view it but not decide" in page
        assert "Request changes" not in page
        assert forged.status_code == 403
    assert (fresh(asked).state, fresh(asked).seen_at) == (State.PENDING, None)


def test_another_clients_question_is_not_there(world: World, asked: Approval, zoe: Contact) -> None:
    other = browser_of(zoe)
    part = "files/1/"

    for rest in ("", "preview/", f"images/{'0' * 64}/", part):
        assert (
            other.get(path(asked, rest)).status_code
            == other.get(f"/portal/questions/ACM-9999/{rest}").status_code
            == 404
        )
    assert answer(other, asked).status_code == 404


def test_the_agencys_own_question_is_nobodys_outside(world: World, browser: Browser) -> None:
    [row] = make_deliverables(world)
    internal = question(hand_in(world, row))
    assert internal.audience == "internal"

    assert browser.get(path(internal)).status_code == answer(browser, internal).status_code == 404
    assert "Landing page" not in words(browser.get("/portal/"))
    [result] = approvals.approve(
        [internal.pk],
        by=by(user_of(Contact.objects.get(full_name="Carla"))),
        at=timezone.now(),
        details=DecideDetails(),
    )
    assert codes(result) == ["gone"]


def test_a_question_whose_time_is_over_is_not_answered_even_before_it_is_swept(
    browser: Browser, asked: Approval
) -> None:
    actor = by(user_of(Contact.objects.get(full_name="Carla")))

    [result] = approvals.approve([asked.pk], by=actor, at=asked.expires_at, details=DecideDetails())

    assert codes(result) == ["expired"]


def test_a_question_that_was_taken_back_says_so_and_leads_to_the_next(
    world: World, browser: Browser, asked: Approval
) -> None:
    row = Deliverable.objects.get()
    done(
        deliverables.send_back(
            [row.pk], by=by(world.alice), at=timezone.now(), reason="A typing error."
        )
    )
    hand_in(
        world,
        fresh(row),
        Draft({**DRAFT.texts, "body_html": "<h2>Welcome</h2><p>To our newest page.</p>"}),
    )
    at = timezone.now()
    done(approvals.approve([question(row).pk], by=by(world.alice), at=at, details=DecideDetails()))
    done(deliverables.ask_client([row.pk], by=by(world.alice), at=at))

    late = answer(browser, asked)
    page = words(browser.get(path(asked)))

    assert late.status_code == 409
    assert "We withdrew this question" in words(late)
    assert "View the newer version" in page
    assert path(question(row)) in browser.get(path(asked)).content.decode()


def test_held_work_is_not_decided(world: World, browser: Browser, asked: Approval) -> None:
    done(
        items.hold(
            [Deliverable.objects.get().item_id],
            by=by(world.olga),
            at=timezone.now(),
            reason="They do not pay.",
        )
    )

    page, refused = words(browser.get(path(asked))), answer(browser, asked)

    assert "This work is paused" in page
    assert "They do not pay" not in page + words(refused)
    assert fresh(asked).state == State.PENDING


def test_what_is_new_is_told_since_the_version_they_saw(
    world: World, browser: Browser, asked: Approval
) -> None:
    browser.get(path(asked))
    answer(browser, asked, "request_changes", comment="Newer, please.")
    row = Deliverable.objects.get()
    hand_in(
        world,
        row,
        Draft(
            {
                **DRAFT.texts,
                "title": "Hello again",
                "body_html": "<h2>Welcome</h2><p>To our newest page.</p>",
            }
        ),
    )
    at = timezone.now()
    done(approvals.approve([question(row).pk], by=by(world.alice), at=at, details=DecideDetails()))
    done(deliverables.ask_client([row.pk], by=by(world.alice), at=at))

    page = words(browser.get(path(question(row))))

    assert "Changes since version 1" in page
    assert "before: Hello now: Hello again" in page
    assert "removed: new new: newest page." in page


def test_opening_it_marks_it_as_seen_but_a_prefetch_a_head_and_a_program_do_not(
    browser: Browser, asked: Approval
) -> None:
    browser.head(path(asked))
    for name, value in (
        ("Purpose", "prefetch"),
        ("Sec-Purpose", "prefetch;prerender"),
        ("X-Purpose", "preview"),
    ):
        browser.get(path(asked), headers={name: value})
    Browser().get(path(asked))
    unseen = fresh(asked).seen_at
    Notification.objects.filter(item=asked.item).update(sent_at=timezone.now())
    browser.get(path(asked))
    scanned = fresh(asked).seen_at
    Notification.objects.filter(item=asked.item).update(
        sent_at=timezone.now() - timedelta(seconds=11)
    )
    browser.get(path(asked))

    assert (unseen, scanned) == (None, None)
    assert fresh(asked).seen_at is not None
    assert Event.objects.filter(kind="delivery.approval.see", item=asked.item).count() == 1
    assert not Notification.objects.filter(
        item=asked.item, recipient__is_staff=False, read_at=None
    ).exists()


def test_the_preview_is_a_page_where_nothing_runs(browser: Browser, asked: Approval) -> None:
    shown = browser.get(path(asked, "preview/"))
    page = browser.get(path(asked)).content.decode()

    policy = shown.headers["Content-Security-Policy"]
    assert "Welcome" in shown.content.decode()
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "allow-scripts" not in policy + page
    assert "sandbox" in policy
    assert shown.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    assert 'sandbox="allow-same-origin' in page


def test_hostile_html_in_a_version_and_a_comment_is_text_or_nothing(
    world: World, browser: Browser, carla: Contact
) -> None:
    evil = "<h2>Hi</h2><p onclick=alert(1)>x</p><script>alert(1)</script><img src=x onerror=alert(1)><a href='javascript:alert(1)'>y</a>"  # noqa: E501
    asked = question(
        with_carla(world, Draft({**DRAFT.texts, "title": "<script>t</script>", "body_html": evil}))
    )

    shown = browser.get(path(asked, "preview/")).content.decode()
    answer(browser, asked, "request_changes", comment="<script>alert('c')</script>")
    page = browser.get(path(asked)).content.decode()

    assert not any(word in shown for word in ("<script", "onclick", "onerror", "javascript:"))
    assert "&lt;script&gt;t" in shown
    assert "<script>alert" not in page


def test_the_owner_is_told_of_a_yes_and_the_approvers_of_the_question(
    world: World, browser: Browser, carla: Contact
) -> None:
    asked = question(with_carla(world))
    asking = Notification.objects.get(item=asked.item, recipient=user_of(carla))

    answer(browser, asked)

    assert asking.words == "decide"
    assert (
        Notification.objects.filter(item=asked.item, recipient=world.alice, words="decided").count()
        == 1
    )


def test_erasing_who_answered_leaves_the_answer_without_the_name(
    world: World, browser: Browser, carla: Contact, asked: Approval
) -> None:
    answer(browser, asked, "request_changes", comment="Call me, Carla.")

    erase(carla.pk, by=by(world.olga), at=timezone.now(), reason="Asked for it.")

    kept = Answer.objects.select_related("contact", "note").get(approval=asked, contact=carla)
    dora = browser_of(invited(world, "Dora", (world.acme, APPROVER)))
    page = words(dora.get(path(asked)))
    assert kept.word == Answer.Word.CHANGES
    assert kept.note is not None
    assert kept.note.body == ""
    assert "Carla" not in page
    assert "asked for changes" in page
