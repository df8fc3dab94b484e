"""
The forms of making: a plan, a version, a signature, an answer, and what a client decided elsewhere.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from delivery.approvals.operations import deliverables
from delivery.models import Answer, Approval, Brief, Check, Deliverable, Version
from routing.models import File
from tests.delivery.making import (
    approver,
    done,
    fresh,
    hand_in,
    make_brief,
    make_deliverables,
    make_destination,
    question,
    with_the_client,
)
from tests.desk import signed_in, url, words
from tests.files import png
from tests.world import NOW, World, by

pytestmark = [
    pytest.mark.usefixtures("without_second_factor"),
    pytest.mark.requirement("Q23"),
]

BODY = '<p onclick="x()">Hi<img src="asset:hero.png" alt="A ridge"></p>'


def plan(*rows: dict[str, Any], **more: Any) -> dict[str, Any]:
    sent = {"body": "Make it.", "plan-TOTAL_FORMS": str(len(rows)), "plan-INITIAL_FORMS": "0"}
    for place, row in enumerate(rows):
        sent |= {f"plan-{place}-{name}": value for name, value in row.items()}
    return sent | more


def sent(basis: int = 0, *parts: tuple[int, str, str], **more: Any) -> dict[str, Any]:
    found = {
        "basis": str(basis),
        "title": "Hi there",
        "body_html": BODY,
        "files-TOTAL_FORMS": str(len(parts)),
        "files-INITIAL_FORMS": "0",
    }
    for place, (pk, role, alt) in enumerate(parts):
        found |= {
            f"files-{place}-file": str(pk),
            f"files-{place}-role": role,
            f"files-{place}-alt": alt,
        }
    return found | more


def picture() -> SimpleUploadedFile:
    return SimpleUploadedFile("hero.png", png())


def begun(world: World) -> Deliverable:
    [page] = make_deliverables(world)
    done(deliverables.start([page.pk], by=by(world.cora), at=NOW))
    return fresh(page)


def test_a_plan_keeps_its_keys_and_makes_new_ones(world: World) -> None:
    brief, place = make_brief(world), make_destination(world)
    rows: tuple[dict[str, Any], ...] = (
        {"key": "one", "title": "Landing page", "amount": "10"},
        {"title": "Film", "format": "file", "hours": "2.5", "destination": place.pk},
        {},
    )

    signed_in(world.alice).post(url(Brief, "step", brief.pk, "edit"), plan(*rows))

    first, second = Brief.objects.get().plan
    assert (first.key, first.title, len(second.key)) == ("one", "Landing page", 12)
    assert (second.format, str(second.hours), second.destination_id) == ("file", "2.50", place.pk)


def test_a_row_without_a_title_or_with_a_bad_number_is_told_and_nothing_is_lost(
    world: World,
) -> None:
    brief = make_brief(world)

    page = signed_in(world.alice).post(
        url(Brief, "step", brief.pk, "edit"),
        plan({"amount": "10"}, {"title": "Kept", "hours": "many"}),
    )

    told = words(page)
    assert "Enter a title or remove the row." in told
    assert "Enter a number." in told
    assert 'value="Kept"' in page.content.decode()
    assert Brief.objects.get().plan[0].title == "Landing page"


def test_a_row_is_removed_and_another_clients_place_is_refused(world: World) -> None:
    brief, browser = make_brief(world), signed_in(world.alice)

    forged = browser.post(
        url(Brief, "step", brief.pk, "edit"), plan({"title": "Film", "destination": "99999"})
    )
    browser.post(
        url(Brief, "step", brief.pk, "edit"),
        plan({"key": "one", "title": "Landing page", "leave_out": "on"}, {"title": "Film"}),
    )

    assert "99999 is not one of the available choices" in words(forged)
    assert [each.title for each in Brief.objects.get().plan] == ["Film"]


@pytest.mark.parametrize("count", ["x", "-1", "99999999999", ""])
def test_a_forged_number_of_rows_is_no_error_of_ours(world: World, count: str) -> None:
    brief = make_brief(world)

    answer = signed_in(world.alice).post(
        url(Brief, "step", brief.pk, "edit"), plan(**{"plan-TOTAL_FORMS": count, "add_row": "1"})
    )

    assert answer.status_code == 200


def test_files_are_kept_when_a_form_fails_and_offered_again(world: World) -> None:
    page, browser = begun(world), signed_in(world.cora)

    first = browser.post(
        url(Deliverable, "step", page.pk, "upload"), sent(title="x" * 300, uploads=[picture()])
    )
    again = browser.post(
        url(Deliverable, "step", page.pk, "upload"),
        sent(0, (File.objects.get().pk, "content", "A ridge")),
        follow=True,
    )

    assert "Files received." in words(first)
    assert f'value="{File.objects.get().pk}"' in first.content.decode()
    assert "Uploaded as version 1. Removed from the text: onclick on <p>." in words(again)
    version = Version.objects.get()
    assert (version.slug, version.files.get().alt) == ("hi-there", "A ridge")
    assert (
        version.body_html == f'<p>Hi<img src="asset:{File.objects.get().sha256}" alt="A ridge"></p>'
    )


def test_the_newest_version_is_where_the_next_one_begins(world: World) -> None:
    page, browser = begun(world), signed_in(world.cora)
    browser.post(url(Deliverable, "step", page.pk, "upload"), sent(uploads=[picture()]))
    browser.post(
        url(Deliverable, "step", page.pk, "upload"),
        sent(0, (File.objects.get().pk, "content", "A ridge")),
    )

    form = browser.get(url(Deliverable, "step", page.pk, "upload")).context["form"]

    assert form["body_html"].value() == '<p>Hi<img src="asset:hero.png" alt="A ridge"></p>'
    assert [(part["role"].value(), part["alt"].value()) for part in form.parts] == [
        ("content", "A ridge")
    ]


def test_two_uploads_from_the_same_version_do_not_overwrite_each_other(world: World) -> None:
    page, browser = begun(world), signed_in(world.cora)
    browser.post(url(Deliverable, "step", page.pk, "upload"), sent(body_html="<p>Hi</p>"))

    late = browser.post(url(Deliverable, "step", page.pk, "upload"), sent(body_html="<p>Hi</p>"))

    assert late.status_code == 409
    assert "Someone uploaded another version in the meantime" in words(late)
    assert Version.objects.count() == 1


def test_a_name_that_is_no_file_is_told(world: World) -> None:
    page = begun(world)

    answer = signed_in(world.cora).post(url(Deliverable, "step", page.pk, "upload"), sent())

    assert "The text refers to “asset:hero.png”, but no such file was uploaded." in words(answer)
    assert not Version.objects.exists()


@pytest.mark.parametrize("pk", ["999999", "x", "9" * 30])
def test_a_forged_file_is_refused(world: World, pk: Any) -> None:
    page = begun(world)

    answer = signed_in(world.cora).post(
        url(Deliverable, "step", page.pk, "upload"),
        sent(0, (pk, "content", ""), body_html="<p>Hi</p>"),
    )

    assert answer.status_code in {200, 409}
    assert not Version.objects.exists()


def test_a_judgment_is_signed_and_only_those_that_wait_can_be(world: World) -> None:
    brand = Check.objects.create(name="Brand", kind="judgment")
    machine = Check.objects.create(name="Slug", kind="slug_form")
    [page] = make_deliverables(world)
    hand_in(world, page)
    browser, step = signed_in(world.quin), url(Deliverable, "step", page.pk, "sign_off")

    forged = browser.post(step, {"check": machine.pk, "passed": "yes"})
    silent = browser.post(step, {"check": brand.pk, "passed": "no"})
    browser.post(step, {"check": brand.pk, "passed": "no", "note": "Too loud."})

    assert "is not one of the available choices" in words(forged)
    assert "Describe what must be fixed." in words(silent)
    assert fresh(page).state == Deliverable.State.REWORK


@pytest.mark.requirement("A6")
def test_an_answer_to_an_older_version_is_refused(world: World) -> None:
    [page] = make_deliverables(world)
    hand_in(world, page)
    about, browser = question(page), signed_in(world.alice)

    old = browser.post(url(Approval, "step", about.pk, "approve"), {"digest": "0" * 64})
    none = browser.post(url(Approval, "step", about.pk, "approve"), {})
    answer = browser.post(
        url(Approval, "step", about.pk, "approve"), {"digest": about.digest, "comment": "Good."}
    )

    assert (old.status_code, none.status_code) == (409, 200)
    assert answer["Location"] == url(Deliverable, "change", page.pk)
    assert fresh(about).state == Approval.State.APPROVED


def test_what_a_client_decided_elsewhere_is_recorded_with_evidence_that_is_asked_for_once(
    world: World,
) -> None:
    [page] = make_deliverables(world)
    with_the_client(world, page)
    about, browser = question(page), signed_in(world.alice)
    step, said = (
        url(Approval, "step", about.pk, "record"),
        {"contact": approver().pk, "word": "changes"},
    )

    bare = browser.post(step, said | {"comment": "Shorter."})
    silent = browser.post(
        step, said | {"evidence": SimpleUploadedFile("mail.txt", b"Shorter, please.")}
    )
    browser.post(step, said | {"comment": "Shorter.", "evidence_kept": File.objects.get().pk})

    answer = Answer.objects.get(approval=about)
    assert "Add evidence" in words(bare)
    assert "Describe what should be different." in words(silent)
    assert "Already uploaded: mail.txt." in words(silent)
    assert (answer.recorded_by, answer.evidence, answer.word) == (
        world.alice,
        File.objects.get(),
        "changes",
    )


@pytest.mark.parametrize("verb", ["approve", "request_changes", "reject", "record"])
def test_a_forged_answer_without_the_permission_is_refused(world: World, verb: str) -> None:
    [page] = make_deliverables(world)
    hand_in(world, page)
    about = question(page)

    for who in (world.quin, world.cora, world.audrey):
        answer = signed_in(who).post(
            url(Approval, "step", about.pk, verb), {"digest": about.digest, "comment": "x"}
        )
        assert answer.status_code == 403
    assert not Answer.objects.exists()
