"""Database of an earlier slice after migration by this code."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.contrib import admin
from django.db import connection
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from config.storage import schema
from delivery.flows import defaults
from delivery.models import Request
from delivery.progress.operations.adopting import adopt_all
from integrations.models import Connection
from routing.audit.operations.seals import seal
from routing.audit.verify import verify
from routing.kernel.roles import OPS
from routing.models import Agency, Event, ExceptionCase, Run, RunStep, User
from routing.people.actors import Actor
from routing.runs.operations.advance import advance
from routing.runs.operations.runs import fill_in
from tests.desk import signed_in
from tests.plugin import APP
from tests.upgrade.conftest import Upgraded
from tests.upgrade.make import TOKEN

# Drills, because a database of then is migrated first.
pytestmark = [pytest.mark.drill, pytest.mark.requirement("I8", "P7")]


@pytest.fixture(autouse=True)
def _time_goes_on(upgraded: Upgraded) -> Iterator[None]:
    """
    The clock stands after the last event of then, whatever the day of the suite is: history that is
    dated before a seal without it, or long after its own, is a break.
    """
    with time_machine.travel(Event.objects.latest("at").at + timedelta(minutes=1), tick=False):
        yield


def test_every_migration_of_then_is_still_known(upgraded: Upgraded) -> None:
    assert upgraded.unknown == ()


def test_every_migration_since_then_can_be_taken_back_and_none_is_left_to_apply(
    upgraded: Upgraded,
) -> None:
    assert upgraded.one_way == ()
    assert schema.migration_status(connection).pending == ()


def test_evidence_is_what_it_was_to_the_letter(upgraded: Upgraded, ledger_tables: set[str]) -> None:
    kept = ledger_tables & upgraded.before.keys()

    changed = [
        table for table in sorted(kept) if set(upgraded.before[table]) - set(upgraded.after[table])
    ]

    assert "routing_event" in kept
    assert "routing_historicalworkitem" in kept
    assert changed == []


def test_no_row_is_lost(upgraded: Upgraded) -> None:
    fewer = [
        table for table, rows in upgraded.before.items() if len(upgraded.after[table]) < len(rows)
    ]

    assert fewer == []


@pytest.mark.parametrize(
    "table",
    [
        "routing_workitem",
        "routing_clock",
        "routing_decision",
        "routing_flowversion",
        "delivery_request",
    ],
)
def test_work_its_clocks_and_decisions_keep_every_value(upgraded: Upgraded, table: str) -> None:
    columns = upgraded.columns[table]

    then, now = (
        {row[0]: dict(zip(columns, row, strict=True)) for row in found[table]}
        for found in (upgraded.before, upgraded.after)
    )

    assert then
    assert {key: now.get(key) for key in then} == then


def test_the_evidence_verifies_as_whole(upgraded: Upgraded) -> None:
    found = verify()

    assert found.first_break == ""
    assert found.sealed >= len(upgraded.before["routing_sealedrow"]) > 0


def test_the_app_role_still_may_not_rewrite_evidence(
    upgraded: Upgraded, ledger_tables: set[str]
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relname = ANY(%s) AND (has_table_privilege(%s, "
            "oid, 'UPDATE')"
            " OR has_table_privilege(%s, oid, 'DELETE') OR has_table_privilege(%s, oid, "
            "'TRUNCATE'))",
            [sorted(ledger_tables), APP, APP, APP],
        )
        assert cursor.fetchall() == []


def test_a_person_of_then_signs_in_with_the_password_of_then(upgraded: Upgraded) -> None:
    email, password = upgraded.sign_in
    browser = Browser()

    browser.post(reverse("account_login"), {"login": email, "password": password})

    page = browser.get(reverse("admin:index"))
    assert page.status_code == 200
    assert User.objects.get(email=email).full_name in page.content.decode()


def test_a_secret_of_then_is_readable(upgraded: Upgraded) -> None:
    assert Connection.objects.get(slug="crm").token.first() == TOKEN


def test_every_list_and_a_page_of_each_opens(upgraded: Upgraded) -> None:
    browser, answers = signed_in(User.objects.filter(groups__name=OPS).earliest("pk")), {}
    for model, shown in admin.site._registry.items():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        answers[name] = browser.get(reverse(f"{name}_changelist"), follow=True).status_code
        row = (
            shown.get_queryset(browser.get("/admin/").wsgi_request).first()
            if answers[name] == 200
            else None
        )
        if row is not None:
            answers[f"{name} {row.pk}"] = browser.get(
                reverse(f"{name}_change", args=[row.pk]), follow=True
            ).status_code

    assert {name: status for name, status in answers.items() if status not in {200, 403}} == {}
    assert len([status for status in answers.values() if status == 200]) > 30


@pytest.mark.parametrize("title", ["Roastery tour booking"])
def test_a_run_that_waited_for_a_person_goes_on(upgraded: Upgraded, title: str) -> None:
    """Pinned to the flow version of then."""
    run = (
        Run.objects.filter(
            state=Run.State.WAITING, enrichments__facts__contains={"deal.name": title}
        )
        .distinct()
        .get()
    )
    lead = Actor.of(User.objects.filter(groups__name=OPS).earliest("pk"))
    at = timezone.now()

    [settled] = fill_in(run.pk, {"deal.ends": "2027-06-30"}, by=lead, at=at, reason="Known now.")
    advance(clock=lambda: at + timedelta(minutes=1))

    assert settled.done
    assert Run.objects.get(pk=run.pk).state == Run.State.IN_DELIVERY
    assert not run.exceptions.filter(state__in=ExceptionCase.open_states).exists()
    assert not RunStep.objects.filter(run=run).exclude(state=RunStep.State.DONE).exists()
    assert seal(at=at) is not None
    assert verify().whole


def test_b1_every_request_of_then_gets_its_event_and_its_run(upgraded: Upgraded, db: None) -> None:
    at = timezone.now()
    defaults.ensure(at=at)
    without = Request.objects.filter(item__run=None)
    before, is_ready = without.count(), Agency.objects.exists()

    adopted = adopt_all(clock=lambda: at)
    seal(at=at)

    assert adopted == (before if is_ready else 0)
    assert not is_ready or not without.exists()
    assert Event.objects.filter(kind="desk.earlier_request", at=at).count() == adopted
    assert verify().whole
