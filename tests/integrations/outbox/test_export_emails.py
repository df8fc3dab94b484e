"""A long export that is ready or has failed is told to the person who asked for it, by e-mail."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.core import mail
from django.http import QueryDict
from django.utils import timezone
from pytest_django import Settings

from integrations.models import Outbound
from routing.desk.exporting import list_to_export
from routing.desk.operations.exports import (
    ask_for_export,
    cancel_export,
    note_download,
    write_exports,
)
from routing.models import Export, User
from tests.integrations.outbox.remote import Time, deliver
from tests.storages import use
from tests.world import NOW, World, make_request

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=2)


@pytest.fixture(autouse=True)
def _files(settings: Settings, tmp_path: Path) -> None:
    use(settings, "routing.kernel.storage.PrivateStorage", tmp_path / "files")


def asked(world: World) -> Export:
    make_request(world.acme, title="Poster for Mr Smith")
    found = list_to_export("requests", world.alice, QueryDict("open=all&q=smith"))
    return ask_for_export(found, "csv", at=NOW)


def letters(at: datetime) -> list[tuple[list[str], str, str]]:
    """Deliver what is due, and return address, subject and text of each e-mail."""
    deliver(Time(at))
    return [(each.to, str(each.subject), str(each.body)) for each in mail.outbox]


def test_its_person_learns_that_the_file_is_ready_and_nothing_of_what_is_in_it(
    world: World,
) -> None:
    asked(world)
    write_exports(clock=timezone.now)

    early = letters(NOW + timedelta(seconds=30))
    [(to, subject, text)] = letters(LATER)
    again = letters(LATER)

    assert early == []
    assert (to, subject) == ([world.alice.email], "Your export is ready")
    assert "1 row is ready, as CSV." in text
    assert "/export/" in text
    assert "mith" not in text
    assert len(again) == 1


def test_why_there_is_no_file_is_told_too(world: World) -> None:
    asked(world)
    User.objects.get(pk=world.alice.pk).groups.clear()
    write_exports(clock=timezone.now)

    [(to, subject, text)] = letters(LATER)

    assert (to, subject) == ([world.alice.email], "Your export failed")
    assert "You may not see this list any more." in text


def test_who_has_the_file_by_then_gets_no_email(world: World) -> None:
    row = asked(world)
    write_exports(clock=timezone.now)
    note_download(row.pk, at=NOW)

    assert letters(LATER) == []
    assert Outbound.objects.get(verb="mail.export").state == Outbound.State.DELIVERED


def test_who_cancelled_it_gets_no_email(world: World) -> None:
    cancel_export(asked(world).pk, at=NOW)
    write_exports(clock=timezone.now)

    assert letters(LATER) == []
