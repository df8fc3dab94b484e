"""The demo agency."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client as Browser
from pytest_django import Settings

from delivery.models import Approval, Brief, CheckResult, Deliverable, Request, Version
from routing.models import Client, Contact, Decision, ExceptionCase, Run, User, WorkItem
from routing.operations.verify import verify
from tests.world import World


@pytest.fixture
def sign_ins(settings: Settings, tmp_path: Path) -> Path:
    settings.EMBEDDED = True
    settings.SIGN_INS_FILE = tmp_path / "var" / "sign-ins"
    return settings.SIGN_INS_FILE


def demo(*options: str) -> str:
    out = StringIO()
    call_command("demo", *options, stdout=out)
    return out.getvalue()


def test_it_has_every_state_a_hold_a_hand_over_and_a_restricted_client(db: None, sign_ins: Path) -> None:
    demo()

    assert set(Request.objects.values_list("state", flat=True)) == set(Request.State.values)
    assert (User.objects.staff().count(), Client.objects.count(), Contact.objects.count()) == (8, 6, 12)
    assert len(set(Client.objects.values_list("timezone", flat=True))) == 4
    assert WorkItem.objects.filter(held_at__isnull=False).count() == 1
    assert Client.objects.filter(restricted=True).count() == 1
    assert verify().whole


def _stopped() -> list[int]:
    return list(ExceptionCase.objects.filter(blocking=True, item__is_open=True).values_list("run__item", flat=True))


def test_its_leads_took_the_flow_and_some_wait_for_a_person(db: None, sign_ins: Path) -> None:
    demo()

    waiting = ExceptionCase.objects.filter(item__is_open=True, blocking=True)
    assert sorted(waiting.values_list("reason", flat=True)) == ["missing_context", "missing_fields", "missing_fields"]
    assert Run.objects.count() == 58
    assert Decision.objects.count() == Brief.objects.exclude(item__run=None).count() == Run.objects.exclude(item__in=_stopped()).count()
    assert set(Request.objects.filter(item__run__isnull=False).values_list("channel", flat=True)) == {"form", "portal"}
    assert WorkItem.objects.open().filter(next_due_at__isnull=False).exists()


def test_its_pieces_are_in_every_state_with_versions_rework_and_questions(db: None, sign_ins: Path) -> None:
    demo()

    assert set(Deliverable.objects.values_list("state", flat=True)) == set(Deliverable.State.values)
    assert {"pending", "approved", "changes_requested", "expired"} <= set(Approval.objects.values_list("state", flat=True))
    assert CheckResult.objects.filter(passed=False).exclude(findings=[]).count() >= 2
    assert Version.objects.filter(number=2).exists()
    assert ExceptionCase.objects.filter(reason="no_answer", item__is_open=True).exists()


def test_everybody_in_the_file_can_sign_in_and_nobody_else_can_read_it(db: None, sign_ins: Path) -> None:
    demo()

    lines = [line.split()[:2] for line in sign_ins.read_text().splitlines()]
    staff, contacts = lines[:8], lines[8:]
    assert sign_ins.stat().st_mode & 0o777 == 0o600
    assert [email for email, _code in contacts] == ["dana@acme-outdoor.example", "tom@brightwater.example"]
    assert User.objects.filter(contact__isnull=False, is_active=True, is_staff=False).count() == 2
    for email, password in staff:
        assert Browser().login(email=email, password=password)


def test_if_empty_leaves_an_agency_alone(world: World, sign_ins: Path) -> None:
    assert "Nothing loaded" in demo("--if-empty")
    assert not sign_ins.exists()


def test_loading_twice_is_refused_and_refreshing_dates_it_anew(db: None, sign_ins: Path) -> None:
    demo()
    at_first, asked = WorkItem.objects.open().count(), Request.objects.count()
    with pytest.raises(CommandError, match="--refresh"):
        demo()

    demo("--refresh")

    assert Request.objects.count() == 2 * asked
    assert (User.objects.staff().count(), Contact.objects.count()) == (8, 12)
    assert WorkItem.objects.open().count() == at_first


def test_removing_ends_the_work_and_erases_the_people(db: None, sign_ins: Path) -> None:
    demo()

    demo("--remove")

    assert not WorkItem.objects.filter(is_open=True).exists()
    assert not User.objects.staff().exists()
    assert not Contact.objects.filter(erased_at=None).exists()
    assert not sign_ins.exists()
    assert verify().whole
