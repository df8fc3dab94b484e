"""
A schedule makes and sends the report of each month once, whoever sweeps and however often, and a
wrong report is withdrawn with a reason.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from threading import Barrier
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.mail import EmailMultiAlternatives
from django.db import IntegrityError, connection, transaction
from pytest_django import Settings

from delivery.models import Report, ReportRecipient, ReportSchedule
from delivery.reports.months import ClientMonth
from delivery.reports.operations.making import (
    make_due_reports,
    make_report,
    save_schedule,
    withdraw_report,
)
from integrations.base import doorbell
from integrations.models import Outbound
from integrations.outbox import report_emails
from routing.kernel.roles import AM, OPS
from routing.models import Contact, Event, Membership
from tests.desk import signed_in, url, words
from tests.integrations.outbox.remote import Time, deliver
from tests.world import World, by, make_client, make_contact, make_user

START = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
FIRST = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)
pytestmark = [
    pytest.mark.usefixtures("without_second_factor"),
    pytest.mark.requirement("A5"),
    pytest.mark.stands_at(START),
    pytest.mark.in_zone("UTC"),
]


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    """Without a broker and a mail server."""
    monkeypatch.setattr(doorbell.outbound, "ring", lambda *_: None)
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


def scheduled(world: World, **fields: Any) -> ReportSchedule:
    """To a contact, the account manager and everybody who leads operations."""
    row = ReportSchedule(client=world.acme, **fields)
    save_schedule(row, by=by(world.olga), at=START)
    carla = make_contact()
    Membership.objects.create(contact=carla, client=world.acme, role=Membership.Role.VIEWER)
    for recipient in ({"contact": carla}, {"user": world.alice}, {"role": OPS}):
        ReportRecipient.objects.create(schedule=row, **recipient)
    return row


def sent() -> list[EmailMultiAlternatives]:
    return [each for each in mail.outbox if isinstance(each, EmailMultiAlternatives)]


def test_it_is_made_on_its_day_at_its_hour_in_the_clients_zone(world: World) -> None:
    world.acme.timezone = "Asia/Tokyo"
    world.acme.save()
    row = scheduled(world, day=2, hour=time(9, 15))

    assert row.next_month == date(2026, 11, 1)
    assert row.next_at == datetime(2026, 12, 2, 9, 15, tzinfo=ZoneInfo("Asia/Tokyo"))
    assert row.next_at is not None
    assert make_due_reports(at=row.next_at - timedelta(seconds=1)) == 0
    assert make_due_reports(at=row.next_at) == 1


def test_everybody_gets_it_once_under_one_message_id(world: World) -> None:
    scheduled(world)

    made = [make_due_reports(at=FIRST), make_due_reports(at=FIRST)]
    deliver(Time(FIRST))
    deliver(Time(FIRST))

    report = Report.objects.get()
    letters = sent()
    olga, alice = world.olga, world.alice
    assert made == [1, 0]
    assert sorted(each.to[0] for each in letters) == sorted(
        ["carla@acme.test", alice.email, olga.email]
    )
    assert len({each.extra_headers["Message-ID"] for each in letters}) == 1
    assert {name for each in letters for name, _body, _kind in each.attachments} == {
        "acm-2026-11.pdf",
        "acm-2026-11.csv",
    }
    assert all(each.attachments[0][1].startswith(b"%PDF-") for each in letters)
    assert (report.name, report.is_late, report.due_at) == ("2026-11", False, FIRST)
    assert Event.objects.get(kind="delivery.report.send").object_id == report.pk


def test_a_contact_is_written_to_in_their_language(world: World) -> None:
    scheduled(world)
    Contact.objects.update(language="de")

    make_due_reports(at=FIRST)
    deliver(Time(FIRST))

    [letter] = [each for each in sent() if each.to == ["carla@acme.test"]]
    assert "Bericht für" in letter.subject
    assert "Sie erhalten diese E-Mail, weil" in letter.body


@pytest.mark.django_db(transaction=True)
def test_two_beats_at_once_make_one_report(committed_world: World) -> None:
    scheduled(committed_world)
    together = Barrier(2)

    def beat() -> int:
        together.wait()
        try:
            return make_due_reports(at=FIRST)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        made = sum(each.result() for each in [pool.submit(beat), pool.submit(beat)])

    assert made == 1
    assert Report.objects.count() == 1
    assert Outbound.objects.filter(verb="mail.report").count() == 3


def test_a_worker_that_dies_before_its_commit_leaves_nothing_and_the_next_one_sends_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheduled(world)

    def dies(*args: object, **kwargs: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(report_emails, "enqueue", dies)
        with pytest.raises(SystemExit), transaction.atomic():
            make_due_reports(at=FIRST)
    left = (Report.objects.count(), Outbound.objects.filter(verb="mail.report").count())
    made = make_due_reports(at=FIRST)

    assert left == (0, 0)
    assert made == 1
    assert Outbound.objects.filter(verb="mail.report").count() == 3


def test_missed_months_come_once_each_late_and_say_so(world: World) -> None:
    scheduled(world)
    later = datetime(2027, 2, 10, 12, 0, tzinfo=UTC)

    made = [make_due_reports(at=later), make_due_reports(at=later)]

    reports = list(Report.objects.order_by("month"))
    assert made == [3, 0]
    assert [each.name for each in reports] == ["2026-11", "2026-12", "2027-01"]
    assert all(each.is_late for each in reports)
    assert reports[0].words["notice"] == (
        "This report is late. It was due Tue 1 Dec 2026, 08:00 UTC."
    )
    assert ReportSchedule.objects.get().next_at == datetime(2027, 3, 1, 8, 0, tzinfo=UTC)


def test_the_database_refuses_a_second_report_of_a_month(world: World) -> None:
    scheduled(world)
    make_due_reports(at=FIRST)
    row = Report.objects.get()
    row.pk = None

    with pytest.raises(IntegrityError, match="report_once_a_month"), transaction.atomic():
        row.save(force_insert=True)


def test_a_withdrawn_report_is_listed_with_its_reason_and_no_longer_sent(world: World) -> None:
    scheduled(world)
    make_due_reports(at=FIRST)
    row = Report.objects.get()

    withdraw_report(row.pk, by=by(world.alice), at=FIRST, reason="  Wrong   hours ")
    deliver(Time(FIRST))

    page = words(signed_in(world.alice).get(url(Report, "changelist")))
    shown = words(signed_in(world.alice).get(url(Report, "change", row.pk)))
    assert sent() == []
    assert set(Outbound.objects.values_list("remote_id", flat=True)) == {"nobody"}
    assert "Withdrawn" in page
    assert "Withdrawn: Wrong hours" in shown
    assert "Alice withdrew this report" in shown
    with pytest.raises(ValidationError, match="withdrawn before"):
        withdraw_report(row.pk, by=by(world.alice), at=FIRST, reason="Again")


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501])
def test_withdrawing_needs_a_reason(world: World, reason: str) -> None:
    scheduled(world)
    make_due_reports(at=FIRST)

    with pytest.raises(ValidationError, match="Enter a reason"):
        withdraw_report(Report.objects.get().pk, by=by(world.alice), at=FIRST, reason=reason)


def test_account_managers_make_reports_of_their_own_clients_alone(world: World) -> None:
    month = ClientMonth.of("2026-11", "UTC")
    sam = make_user("Sam", AM)
    other = make_client("OTH", world.team, world.alice, world.bob)

    mine = make_report(world.acme, month, by=by(world.alice), at=START)
    with pytest.raises(PermissionDenied):
        make_report(other, month, by=by(sam), at=START)
    with pytest.raises(PermissionDenied):
        make_report(world.acme, month, by=by(world.cora), at=START)
    leads = make_report(other, month, by=by(world.olga), at=START)

    assert mine.words["notice"].startswith("The month is not over.")
    assert leads.schedule is None


def test_the_operations_lead_owns_schedules(world: World) -> None:
    row = ReportSchedule(client=world.acme)

    with pytest.raises(PermissionDenied):
        save_schedule(row, by=by(world.alice), at=START)

    assert signed_in(world.alice).get(url(ReportSchedule, "add")).status_code == 403
    assert signed_in(world.olga).get(url(ReportSchedule, "add")).status_code == 200


def test_a_schedule_is_added_at_the_desk_with_its_recipients(world: World) -> None:
    rows = {
        "recipients-TOTAL_FORMS": "2",
        "recipients-INITIAL_FORMS": "0",
        "recipients-MIN_NUM_FORMS": "0",
        "recipients-MAX_NUM_FORMS": "1000",
        "recipients-0-user": str(world.alice.pk),
        "recipients-1-role": OPS.value,
    }
    sent_form = {"client": world.acme.pk, "day": "1", "hour": "08:00", "is_active": "on", **rows}

    answer = signed_in(world.olga).post(url(ReportSchedule, "add"), sent_form)

    made = ReportSchedule.objects.get()
    assert answer.status_code == 302
    assert made.next_at == FIRST
    assert [str(each) for each in made.recipients.order_by("pk")] == ["Alice", "Operations lead"]


def test_a_report_is_made_and_withdrawn_at_the_desk(world: World) -> None:
    browser = signed_in(world.alice)

    answer = browser.post(
        url(Report, "add"), {"client": world.acme.pk, "month": "2026-11", "once": "a"}
    )
    row = Report.objects.get()
    shown = words(browser.get(url(Report, "change", row.pk)))
    pdf = browser.get(url(Report, "pdf", row.pk))
    gone = browser.post(url(Report, "withdrawal", row.pk), {"reason": "A test"})

    assert answer["Location"] == url(Report, "change", row.pk)
    assert "Monthly report" in shown
    assert "November 2026" in shown
    assert pdf.content.startswith(b"%PDF-")
    assert gone.status_code == 302
    assert Report.objects.get().withdrawn_reason == "A test"


def test_reports_of_clients_that_one_may_not_see_are_not_there(world: World) -> None:
    hidden = make_client("HID", world.team, world.alice, world.bob, restricted=True)
    row = make_report(hidden, ClientMonth.of("2026-11", "UTC"), by=by(world.alice), at=START)
    sam = signed_in(make_user("Sam", AM))

    assert "HID" not in words(sam.get(url(Report, "changelist")))
    assert sam.get(url(Report, "change", row.pk)).status_code == 404
    assert sam.get(url(Report, "pdf", row.pk)).status_code == 404
    assert sam.post(url(Report, "withdrawal", row.pk), {"reason": "x"}).status_code == 404
