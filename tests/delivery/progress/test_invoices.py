"""The invoice of a run is proven by the document that a person records."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from delivery.progress.details import InvoiceDetails
from delivery.progress.operations.invoices import latest_day, record_invoice
from routing.models import Event, File, Note, Outcome, Run, VersionProof
from routing.runs.operations.proofs import INVOICE_TIMEBOX, miss_invoices
from tests.desk import signed_in, url, words
from tests.files import EXE, make_file
from tests.routing.runs.stories import crm_of, make_flow, run_about
from tests.routing.runs.test_version_proofs import delivered, invoice, with_proofs
from tests.world import World, by, make_client

pytestmark = [
    pytest.mark.usefixtures("without_second_factor"),
    pytest.mark.requirement("M1", "M17", "R5"),
]


@pytest.fixture(params=["document", "field"])
def run(world: World, request: pytest.FixtureRequest) -> Iterator[Run]:
    """A run whose work is done, and whose invoice is expected."""
    proof = invoice() if request.param == "document" else invoice("invoice_state", "sent")
    with crm_of(world):
        with_proofs(world, make_flow(world), proof)
        yield delivered(run_about("921"))


def path(run: Run) -> str:
    return url(Run, "step", run.pk, "record_invoice")


def upload(content: bytes = b"Invoice 2026-17\n") -> SimpleUploadedFile:
    return SimpleUploadedFile("invoice.txt", content)


def entered(**fields: object) -> dict[str, object]:
    today = timezone.now().date().isoformat()
    return {"number": "2026-17", "day": today, "evidence": upload(), **fields}


def test_a_recorded_document_proves_it_with_number_and_date(world: World, run: Run) -> None:
    browser = signed_in(world.alice)

    page = words(browser.post(path(run), entered(), follow=True))

    row, note = Outcome.objects.get(), Note.objects.get(item=run.item)
    [document] = File.objects.all()
    assert (row.state, row.next_probe_at) == (Outcome.State.PROVEN, None)
    assert Run.objects.get(pk=run.pk).state == Run.State.COMPLETE
    assert row.evidence["number"] == "2026-17"
    assert row.evidence["sha256"] == document.sha256
    assert [file.pk for file in note.files.all()] == [document.pk]
    assert note.audience == Note.Audience.INTERNAL
    assert "Invoice 2026-17 of" in page
    assert Event.objects.get(kind="routing.run.record_invoice").actor == world.alice
    assert miss_invoices(at=timezone.now() + INVOICE_TIMEBOX) == 0


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("number", " ", "Enter the number of the invoice."),
        ("day", "", "Enter the date of the invoice."),
        ("day", "2098-01-01", "Enter the date of the invoice, today or earlier."),
        ("day", "1026-01-01", "Enter a date from 1990"),
        ("evidence", "", "Add the invoice as a file."),
    ],
)
def test_an_incomplete_invoice_is_refused_beside_its_field(
    world: World, run: Run, field: str, value: str, said: str
) -> None:
    page = signed_in(world.alice).post(path(run), entered(**{field: value}))

    assert said in words(page)
    assert Outcome.objects.get().state == Outcome.State.EXPECTED


def test_a_program_is_no_invoice(world: World, run: Run) -> None:
    page = words(signed_in(world.alice).post(path(run), entered(evidence=upload(EXE))))

    assert "invoice.txt:" in page
    assert not File.objects.exists()
    assert Outcome.objects.get().state == Outcome.State.EXPECTED


def test_a_file_of_another_client_and_a_day_to_come_are_refused(world: World, run: Run) -> None:
    other = make_client("OTH", world.team, world.alice, world.bob)
    foreign, own = (make_file(world.alice, client=each) for each in (other, world.acme))
    now = timezone.now()

    def refused(number: str, day: date, document: int) -> list[str]:
        details = InvoiceDetails(number, day, document)
        [result] = record_invoice([run.pk], by=by(world.alice), at=now, details=details)
        return [each.code for each in result.refusals]

    assert refused("1", latest_day(now), foreign.pk) == ["document"]
    assert refused("1", latest_day(now), 0) == ["document"]
    assert refused("1", latest_day(now) + timedelta(days=1), own.pk) == ["day"]
    assert refused("\u200b", latest_day(now), own.pk) == ["number"]
    assert not Outcome.objects.exclude(state="expected").exists()


def test_only_an_expected_invoice_is_recorded_and_once(world: World, run: Run) -> None:
    browser = signed_in(world.alice)
    browser.post(path(run), entered())

    again = words(browser.post(path(run), entered(number="2026-18")))

    assert "Nothing has changed" in again
    assert Outcome.objects.get().evidence["number"] == "2026-17"
    assert signed_in(world.cora).post(path(run), entered()).status_code == 403


def test_a_run_without_one_does_not_offer_it(world: World) -> None:
    with crm_of(world):
        make_flow(world)
        run = delivered(run_about("922"))
    assert not VersionProof.objects.exists()

    page = words(signed_in(world.alice).get(url(Run, "change", run.pk)))

    assert "Record invoice" not in page
