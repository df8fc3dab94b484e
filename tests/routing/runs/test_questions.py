"""The ten questions: each is answered for any work, from the rows alone, and never with silence."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections, models, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from psycopg import sql

from delivery.models import Request
from delivery.requests.details import AskDetails
from delivery.requests.operations import requests
from routing.kernel.reasons import Reason
from routing.models import (
    Clock,
    Decision,
    Enrichment,
    Escalation,
    Event,
    ExceptionCase,
    Notification,
    Outcome,
    Run,
    WorkItem,
)
from routing.people.actors import Actor
from routing.runs.models import RunEvent, RunStep
from routing.runs.operations.capture import capture
from routing.runs.operations.outcomes import expect, prove
from routing.runs.operations.raising import ExceptionFinding, raise_exception
from routing.runs.operations.runs import fill_in
from routing.runs.questions.ask import QuestionAnswer, ask
from routing.runs.questions.asked import AskedWork
from routing.runs.questions.registry import QUESTIONS
from routing.sla.operations.calendars import ensure_defaults
from routing.sla.operations.clocks import start
from routing.work.details import HandOverDetails
from routing.work.display import exact
from routing.work.operations import items
from tests.delivery.making import done, make_deliverables, record_request, with_the_client
from tests.desk import signed_in, words
from tests.journeys.crm import FakeCRM
from tests.journeys.test_lead_to_brief import signals
from tests.portal import reachable
from tests.routing.runs.stories import crm_of, make_flow, work
from tests.world import NOW, World, by, make_request

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("without_second_factor"),
    pytest.mark.requirement("O22", "R6", "R7", "R11", "R12", "R16", "R17"),
]
# What only a program would say: no value, a dict or a list, an id in place of a name.
RAW = re.compile(r"None|\{'|\['|\[\]|#\d")
# Rows of evidence and of work, which answers are read from. Others give names only.
EVIDENCE = (
    Clock,
    Decision,
    Enrichment,
    Escalation,
    Event,
    Notification,
    Outcome,
    RunEvent,
    RunStep,
)


def answers_of(item: WorkItem, by: Actor | None = None) -> list[QuestionAnswer]:
    return ask(AskedWork.items().get(pk=item.pk), timezone.now(), by)


def said(item: WorkItem, key: str) -> str:
    return next(each.answer for each in answers_of(item) if each.key == key)


def asked(*args: str) -> str:
    out = StringIO()
    call_command("trace", *args, stdout=out)
    return out.getvalue()


def make_run(world: World, crm: FakeCRM, deal: str = "901") -> Run:
    """A run that lacked its amount until Olga filled it in, with a proven outcome."""
    del crm.facts["deal.amount"]
    capture(signals(deal), by=Actor.system(), at=NOW)
    work()
    run = Run.objects.get(subject_id=deal)
    fill_in(run.pk, {"deal.amount": "9000"}, by=by(world.olga), at=NOW, reason="Asked by phone")
    work()
    request = Request.objects.get(item__run=run)
    expect([request.item], Outcome.Kind.LIVE, by=Actor.system(), at=NOW)
    prove(Outcome.objects.get().pk, {"url": "https://acme.test/"}, by=Actor.system(), at=NOW)
    return run


@pytest.fixture
def run(world: World) -> Iterator[Run]:
    make_flow(world)
    with crm_of(world) as crm:
        yield make_run(world, crm)


def check(item: WorkItem) -> None:
    """Every question has words, a source and an instant, and names in place of ids."""
    answers = answers_of(item)
    assert [each.key for each in answers] == list(QUESTIONS)
    for each in answers:
        assert each.answer.strip(), (item, each.key)
        assert each.source.strip(), (item, each.key)
        assert each.at.tzinfo is not None
        assert not RAW.search(each.answer), each


@pytest.mark.drill
def test_two_hundred_generated_works_answer_all_ten(world: World) -> None:
    """C: issue 7, piece 3."""
    make_flow(world)
    ensure_defaults(at=NOW)
    for state in [*Request.State.values] * 6:
        made = make_request(world.acme, state, duplicate_of=None) if state != "duplicate" else None
        if made is not None and made.is_open:
            start([made.item], ensure_defaults(at=NOW), NOW)
    with crm_of(world) as crm:
        for deal in range(36):
            capture(signals(str(deal)), by=Actor.system(), at=NOW)
        work()
        del crm.facts["deal.ends"]
        for deal in range(36, 60):
            capture(signals(str(deal)), by=Actor.system(), at=NOW)
        work()
    [page] = make_deliverables(world)
    with_the_client(world, page)
    raise_exception(ExceptionFinding(Reason.OUTCOME_MISSING, {"status": 404}, page.item), at=NOW)

    found = list(WorkItem.objects.order_by("pk"))
    assert len(found) >= 200
    assert {each.kind for each in found} == {
        "run",
        "request",
        "brief",
        "deliverable",
        "approval",
        "exceptioncase",
    }
    for item in found:
        check(item)


def test_the_command_prints_one_object_with_ten_keys(run: Run) -> None:
    found = json.loads(asked(run.item.ref.lower(), "--questions", "--json"))

    assert set(found) >= {"schema", "ref", "questions"}
    assert set(found["schema"]) == {"name", "version"}
    assert found["ref"] == run.item.ref
    assert [each["key"] for each in found["questions"]] == [
        "started",
        "known",
        "rule",
        "candidates",
        "owner",
        "waiting",
        "due",
        "outside",
        "outcome",
        "by_hand",
    ]
    for each in found["questions"]:
        assert {"question", "answer", "source", "at"} <= set(each)
        assert each["at"].endswith("Z")
    assert "What started it" in asked(run.item.ref, "--questions")
    with pytest.raises(CommandError, match="Nothing is known as NO-1"):
        asked("NO-1", "--questions", "--json")


def test_a_run_tells_its_story_with_names(run: Run) -> None:
    """C3, C7, C8 and C12: who filled in and why, sources, names, and what rules cannot read."""
    item = run.item

    assert "Deal created (HubSpot) about deal 901" in said(item, "started")
    assert "Amount: “9,000 EUR”. Source: filled in by Olga because: Asked by phone" in said(
        item, "known"
    )
    assert "because they identify a person: Contact" in said(item, "known")
    assert "Lead to brief v1 decided" in said(item, "rule")
    assert "Alice was chosen as owner" in said(item, "candidates")
    assert "Bob was chosen as backup" in said(item, "candidates")
    assert "Alice owns it, Bob backs up." in said(item, "owner")
    assert "takes the next step" in said(item, "waiting")
    assert "Nothing was sent outside yet" in said(item, "outside")
    assert "“Live as approved” happened: proven at" in said(item, "outcome")
    assert "https://acme.test/" in said(item, "outcome")
    assert "Olga filled in" in said(item, "by_hand")
    assert "Reason: Asked by phone" in said(item, "by_hand")


def test_a_request_by_telephone_says_who_recorded_it_and_what_it_waits_for(
    world: World,
) -> None:
    """B1 and C8: work that no other system sent answers all ten as well."""
    made = record_request(world, who=world.olga, title="Size guide", channel="phone", at=NOW)
    reachable(world.acme)
    done(
        requests.ask(
            [made.pk], by=by(world.alice), at=NOW, details=AskDetails(question="Which sizes?")
        )
    )
    pair = HandOverDetails(world.bob.pk, world.alice.pk, None)
    done(
        items.hand_over(
            [made.item_id], by=by(world.olga), at=NOW, reason="Alice is on leave.", details=pair
        )
    )

    assert "recorded by Olga" in said(made.item, "started")
    assert "this channel: Phone" in said(made.item, "started")
    assert "Open question: Which sizes?. Set by Alice" in said(made.item, "known")
    assert "Rule “Every recorded request”" in said(made.item, "rule")
    assert "Alice was chosen as owner: owner of the account" in said(made.item, "candidates")
    assert "Olga made Bob the owner and Alice the backup. Reason: Alice is on leave." in said(
        made.item, "owner"
    )
    assert "The client was asked: “Which sizes?”" in said(made.item, "waiting")
    assert f"Bob was notified at {exact(NOW)}: “You are now the owner”." in said(
        made.item, "waiting"
    )
    assert "Owner: from Alice to Bob." in said(made.item, "by_hand")


def test_a_request_without_a_run_says_so(world: World) -> None:
    """B1: requests of before have no run until they get one."""
    made = make_request(world.acme)

    assert "No run belongs to it" in said(made.item, "started")
    assert "No rule decided: no flow took it." in said(made.item, "rule")
    assert "owner and backup of the client ACM Ltd" in said(made.item, "candidates")
    assert "Alice, or Bob as backup takes the next step" in said(made.item, "waiting")


def test_an_exception_says_whom_its_evidence_is_about(world: World) -> None:
    """C8: “Outcome 2” and “Stopped at , AGY-116” were said of an exception."""
    request = make_request(world.acme, Request.State.IN_DELIVERY)
    expect([request.item], Outcome.Kind.LIVE, by=Actor.system(), at=NOW)
    row = Outcome.objects.get()
    case = raise_exception(
        ExceptionFinding(Reason.OUTCOME_MISSING, {"outcome": row.pk, "status": 404}, request.item),
        at=NOW,
    )
    assert case is not None

    assert f"Expected outcome: Live as approved, {request.item}" in said(case.item, "known")
    assert "Exception routing for “Published page not visible”" in said(case.item, "rule")
    page = words(signed_in(world.olga).get(f"/admin/routing/exceptioncase/{case.pk}/change/"))
    assert f"Expected outcome Live as approved, {request.item}" in page
    assert "Stopped at –" in page


def test_the_page_of_the_questions_is_linked_and_reads_as_the_command(
    world: World, run: Run
) -> None:
    browser = signed_in(world.olga)
    path = f"/admin/routing/workitem/{run.item_id}/questions/"
    browser.get(path)
    with CaptureQueriesContext(connection) as queries:
        page = browser.get(path)

    assert path in browser.get(f"/admin/routing/run/{run.pk}/change/").content.decode()
    for question in QUESTIONS.values():
        assert str(question) in words(page)
    assert "filled in by Olga because: Asked by phone" in words(page)
    assert browser.get(path, {"format": "json"}).json()["ref"] == run.item.ref
    assert len(queries) <= 45


@contextmanager
def as_owner() -> Iterator[None]:
    """Let all queries run as the owner of the tables, in a transaction that is rolled back."""
    usual = connections["default"]
    connections["default"] = connections["owner"]
    try:
        with transaction.atomic():
            yield
            transaction.set_rollback(True)
    finally:
        connections["default"] = usual


def delete(row: models.Model) -> None:
    table = sql.Identifier(row._meta.db_table)
    key = sql.Identifier(str(row._meta.pk.column))
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(table))
        cursor.execute(sql.SQL("DELETE FROM {} WHERE {} = %s").format(table, key), [row.pk])


def is_evidence(row: Any) -> bool:
    return isinstance(row, EVIDENCE) or hasattr(row, "history_id")


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_deleting_a_row_changes_the_answer_that_was_read_from_it(committed_world: World) -> None:
    """Issue 7, piece 3: no answer is said without its rows."""
    world = committed_world
    make_flow(world)
    with crm_of(world) as crm:
        run = make_run(world, crm)
    request = Request.objects.get()
    done(requests.triage([request.pk], by=by(world.alice), at=NOW))
    works = [run.item, request.item, ExceptionCase.objects.get().item]
    seen = 0
    for item in works:
        for before in answers_of(item):
            for row in [row for each in before.statements for row in each.rows]:
                if not is_evidence(row):
                    continue
                with as_owner():
                    delete(row)
                    assert said(item, before.key) != before.answer, (before.key, row)
                seen += 1
    assert seen > 40
