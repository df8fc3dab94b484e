"""E-mails with notifications: combined, in the reader's time zone, and no more than needed."""

from __future__ import annotations

import smtplib
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from pytest_django import Settings

from integrations.adapters.mail.writer import message_id
from integrations.models import Attempt, Connection, Outbound
from routing.messages.operations import mark_read
from routing.models import Notification, User
from tests.integrations.outbox.remote import Time, deliver
from tests.told import tell_owners
from tests.world import NOW, World, by, make_request


@pytest.fixture(autouse=True)
def _post(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.SITE_URL = "https://ops.agency.example"


class Failing(EmailBackend):
    errors: list[Exception] = []  # noqa: RUF012  # shared by every connection on purpose

    def send_messages(self, messages: Any) -> int:
        if self.errors:
            raise self.errors.pop(0)
        return super().send_messages(messages)


@pytest.fixture
def failing(settings: Settings) -> type[Failing]:
    settings.EMAIL_BACKEND = f"{__name__}.Failing"
    Failing.errors = []
    return Failing


def tell(
    world: World, time: Time, title: str = "A new site", sender: User | None = None
) -> Notification:
    request = make_request(world.acme, title=title)
    tell_owners([request.item], Notification.Words.OWNS, by=by(sender or world.olga), at=time.now)
    return Notification.objects.filter(item=request.item_id).first()  # type: ignore[return-value]


def test_a_message_becomes_one_letter_after_five_minutes(world: World, time: Time) -> None:
    told = tell(world, time)

    assert deliver(time.on(minutes=4)) == 0
    deliver(time.on(minutes=1))

    [letter] = mail.outbox
    assert letter.to == [world.alice.email]
    assert letter.subject == f"You are now the owner: {told.item.ref}"
    assert (
        f"https://ops.agency.example/admin/routing/workitem/{told.item_id}/change/" in letter.body
    )
    assert "A new site" in letter.body
    assert "Carla" not in letter.body


def test_several_within_five_minutes_are_one_digest(world: World, time: Time) -> None:
    for title in ("One", "Two", "Three"):
        tell(world, time, title)
        time.on(minutes=1)
    deliver(time.on(minutes=2))
    tell(world, time, "Four")
    deliver(time.on(minutes=5))

    assert [letter.subject for letter in mail.outbox] == [
        "3 new notifications",
        mail.outbox[1].subject,
    ]
    assert all(title in mail.outbox[0].body for title in ("One", "Two", "Three"))
    assert "Four" in mail.outbox[1].body


def test_who_caused_it_gets_no_letter(world: World, time: Time) -> None:
    tell(world, time, sender=world.alice)

    assert not Outbound.objects.exists()


def test_the_same_cause_twice_is_one_letter(world: World, time: Time) -> None:
    request = make_request(world.acme)
    for _ in range(2):
        tell_owners([request.item], Notification.Words.OWNS, by=by(world.olga), at=NOW)

    deliver(time.on(minutes=6))
    deliver(time.on(minutes=6))

    assert len(mail.outbox) == 1
    assert Attempt.objects.count() == 1


def test_times_are_in_the_readers_zone(world: World, time: Time) -> None:
    User.objects.filter(pk=world.alice.pk).update(timezone="Asia/Tokyo")
    tell(world, time)

    deliver(time.on(minutes=5))

    assert f"{NOW.astimezone(ZoneInfo('Asia/Tokyo')):%H:%M} JST" in mail.outbox[0].body


def test_what_was_read_meanwhile_is_not_sent(world: World, time: Time) -> None:
    tell(world, time)
    mark_read(None, by=by(world.alice), at=NOW)

    deliver(time.on(minutes=5))

    assert mail.outbox == []
    assert Outbound.objects.get().state == "delivered"


def test_a_letter_that_is_sent_again_carries_the_same_message_id(
    world: World, time: Time, failing: type[Failing]
) -> None:
    failing.errors = [smtplib.SMTPServerDisconnected("gone")]
    tell(world, time)

    deliver(time.on(minutes=5))
    row = Outbound.objects.get()
    assert row.state == "unknown"
    deliver(time.on(minutes=2))

    assert mail.outbox[0].extra_headers["Message-ID"] == message_id(row.key)


def test_a_server_that_is_busy_is_asked_again(
    world: World, time: Time, failing: type[Failing]
) -> None:
    failing.errors = [smtplib.SMTPResponseException(451, b"try later"), ConnectionRefusedError()]
    tell(world, time)

    for _ in range(3):
        deliver(time.on(minutes=5))

    assert len(mail.outbox) == 1


def test_a_refused_recipient_is_dead_and_no_address_is_kept(
    world: World, time: Time, failing: type[Failing]
) -> None:
    failing.errors = [
        smtplib.SMTPRecipientsRefused(
            {world.alice.email: (550, f"<{world.alice.email}> unknown".encode())}
        )
    ]
    tell(world, time)
    tell(world, time.on(minutes=5), "Another")

    deliver(time)
    deliver(time.on(minutes=5))

    attempt = Attempt.objects.order_by("pk").first()
    assert attempt is not None
    assert (attempt.outcome, attempt.status, attempt.error) == (
        "permanent",
        550,
        "The mail server answered 550.",
    )
    assert any("Another" in letter.body for letter in mail.outbox)


def test_mail_that_is_switched_off_waits(world: World, time: Time) -> None:
    tell(world, time)
    Connection.objects.filter(kind="mail").update(is_active=False)

    assert deliver(time.on(days=1)) == 0

    Connection.objects.filter(kind="mail").update(is_active=True)
    assert deliver(time) == 1
    assert len(mail.outbox) == 1
