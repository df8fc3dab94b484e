"""B2: handing over is proven by the client's receipt, and by nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.signals import request_finished
from django.db import close_old_connections
from django.urls import reverse

from delivery.approvals.operations import deliverables
from delivery.deliverables.details import ConfirmReceiptDetails, RecordReceiptDetails
from delivery.deliverables.operations.versions import Draft, DraftFile
from delivery.models import Answer, Deliverable
from delivery.progress.operations import receipts
from delivery.requests.operations import requests
from integrations.models import Outbound
from routing.models import Contact, ExceptionCase, Note, Outcome, Run, User
from routing.runs.operations import outcomes
from routing.work.operations.files import keep
from tests.delivery.making import (
    approver,
    done,
    fresh,
    make_deliverables,
    receive,
    record_request,
    say,
    with_the_client,
)
from tests.desk import signed_in, url, words
from tests.portal import browser_of
from tests.world import NOW, World, by

pytestmark = [
    pytest.mark.usefixtures("without_second_factor"),
    pytest.mark.requirement("A4", "M1", "M17", "R5"),
]
FILM = [{"key": "a", "title": "Film", "format": "file"}]
TIMEBOX = timedelta(days=5)


@pytest.fixture
def film(world: World) -> Deliverable:
    """A film that was handed over for a recorded request, and approved before."""
    request = record_request(world, details="A film")
    done(requests.triage([request.pk], by=by(world.alice), at=NOW))
    done(requests.accept([request.pk], by=by(world.alice), at=NOW))
    [row] = make_deliverables(world, planned=FILM, request=fresh(request))
    file = keep(
        ContentFile(b"A film in words.\n"),
        name="film.txt",
        client=world.acme,
        by=by(world.cora),
        at=NOW,
    )
    draft = Draft({"title": "Film"}, {}, [DraftFile(file.pk, "download", "")])
    row = with_the_client(world, row, draft)
    done([say(row, Answer.Word.APPROVE)])
    done(deliverables.hand_out([row.pk], by=by(world.alice), at=NOW))
    return fresh(row)


def outcome() -> Outcome:
    return Outcome.objects.get()


def states(row: Deliverable) -> tuple[str, str, str]:
    return outcome().state, fresh(row).request.state, Run.objects.get().state


def carla() -> Contact:
    receive_as = approver()
    assert receive_as.user is not None
    return receive_as


def test_pressing_the_button_proves_nothing(film: Deliverable) -> None:
    assert states(film) == ("expected", "delivered", "awaiting_outcome")


def test_a_confirmation_in_the_portal_proves_it_once(film: Deliverable) -> None:
    receive(film)
    details = ConfirmReceiptDetails(receipts.CONFIRMED)
    [again] = receipts.confirm_receipt([film.pk], by=by(carla_user()), at=NOW, details=details)

    assert states(film) == ("proven", "closed", "complete")
    evidence = outcome().evidence
    assert (evidence["receipt"], evidence["contact"]) == ("confirmed", carla().pk)
    assert evidence["digest"] == film.version.digest if film.version else ""
    assert [each.code for each in again.refusals] == ["receipt"]


def test_a_download_by_the_client_proves_it(film: Deliverable, world: World) -> None:
    browser = browser_of(carla())
    page = words(browser.get(f"/portal/work/{film.item.ref}/"))
    [part] = film.version.files.all() if film.version else []

    looked_at = browser.head(f"/portal/work/{film.item.ref}/parts/{part.pk}/")
    # Closing the file of the answer ends the request, which would close the test's connection.
    request_finished.disconnect(close_old_connections)
    looked_at.close()
    request_finished.connect(close_old_connections)
    before = outcome().state
    answer = browser.get(f"/portal/work/{film.item.ref}/parts/{part.pk}/")
    received = answer.getvalue()

    assert "I have the files" in page
    assert (before, received) == ("expected", b"A film in words.\n")
    assert outcome().evidence["receipt"] == "downloaded"
    assert states(film) == ("proven", "closed", "complete")


def test_the_button_of_the_portal_confirms_and_goes(film: Deliverable) -> None:
    browser = browser_of(carla())

    page = words(browser.post(f"/portal/work/{film.item.ref}/received/", follow=True))

    assert "We have recorded that you have the files." in page
    assert "I have the files" not in page
    assert outcome().state == "proven"


def test_a_recorded_call_proves_it_with_its_words(film: Deliverable, world: World) -> None:
    contact = carla()
    path = url(Deliverable, "step", film.pk, "record_receipt")
    browser = signed_in(world.alice)
    Note.objects.all().delete()

    refused = words(browser.post(path, {"contact": contact.pk, "note": " "}))
    browser.post(path, {"contact": contact.pk, "note": "Carla rang: all is there."})

    assert "Enter what the client said." in refused
    assert (outcome().state, outcome().evidence["receipt"]) == ("proven", "recorded")
    note = Note.objects.get()
    assert (note.body, note.audience) == ("Carla rang: all is there.", Note.Audience.INTERNAL)
    assert "all is there" not in str(outcome().evidence)


def test_a_contact_of_another_client_is_no_proof(film: Deliverable, world: World) -> None:
    stranger = Contact.objects.create(full_name="Sam", email="sam@else.test")

    [result] = receipts.record_receipt(
        [film.pk],
        by=by(world.alice),
        at=NOW,
        details=RecordReceiptDetails(stranger.pk, "They have it."),
    )

    assert [each.code for each in result.refusals] == ["contact"]
    assert outcome().state == "expected"


def test_after_its_timebox_the_owner_is_asked_once(film: Deliverable, world: World) -> None:
    assert outcomes.miss_receipts(at=NOW + TIMEBOX / 2) == 0

    assert outcomes.miss_receipts(at=NOW + TIMEBOX) == 1
    assert outcomes.miss_receipts(at=NOW + 2 * TIMEBOX) == 0

    case = ExceptionCase.objects.get()
    assert (case.reason, case.item.owner) == ("no_answer", world.alice)
    assert "has not confirmed the receipt" in case.evidence["differences"][0]
    receive(film)
    assert fresh(case).state == "dismissed"


def test_a_reminder_writes_again_and_gives_as_much_time_again(
    film: Deliverable, world: World
) -> None:
    outcomes.miss_receipts(at=NOW + TIMEBOX)
    mails = Outbound.objects.filter(verb="mail.files")
    before = mails.count()

    done(receipts.remind_receipt([film.pk], by=by(world.alice), at=NOW + TIMEBOX))

    assert before > 0
    assert mails.count() > before
    assert outcome().next_probe_at == NOW + 2 * TIMEBOX


def test_a_receipt_may_be_waived_with_a_reason(film: Deliverable, world: World) -> None:
    done(outcomes.waive([outcome().pk], by=by(world.olga), at=NOW, reason="Seen at the fair."))

    assert states(film) == ("waived", "closed", "complete")


def test_b2_after_its_timebox_the_owner_waives_the_receipt_and_nobody_else(
    film: Deliverable, world: World
) -> None:
    row = outcome()
    path = reverse("admin:routing_outcome_waive", args=[row.item_id, row.pk])
    owner, colleague = signed_in(world.alice), signed_in(world.bob)
    page = f"/admin/delivery/deliverable/{film.pk}/change/"

    early = owner.post(path, {"reason": "They thanked us in person."})
    shown_early = words(owner.get(page))
    outcomes.miss_receipts(at=NOW + TIMEBOX)
    foreign = colleague.post(path, {"reason": "They thanked us in person."})
    shown = words(owner.get(page))
    late = owner.post(path, {"reason": "They thanked us in person."})

    assert (early.status_code, foreign.status_code, late.status_code) == (403, 403, 302)
    assert "the client is to confirm by" in shown_early
    assert ("Waive proof" in shown_early, "Waive proof" in shown) == (False, True)
    assert states(film) == ("waived", "closed", "complete")
    assert outcome().waived_by == world.alice


def test_a_receipt_is_never_probed(film: Deliverable, world: World) -> None:
    [result] = outcomes.probe_now([outcome().pk], by=by(world.alice), at=NOW)

    assert not result.done
    assert outcome().next_probe_at == NOW + TIMEBOX


def carla_user() -> User:
    user = carla().user
    assert user is not None
    return user
