"""The commands ``today`` and ``do``: a person's day as references, and one step as that person."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from delivery.models import Approval, Deliverable, Request
from delivery.requests.operations import requests
from routing.models import Membership, User, WorkItem
from tests.delivery.making import done, hand_in, make_deliverables, question, with_the_client
from tests.portal import APPROVER, invited, user_of
from tests.world import World, by, make_client, make_request

pytestmark = pytest.mark.django_db
LISTS = ("decisions", "late", "today", "week", "later", "waiting_on_others")


def day_of(email: str) -> dict[str, Any]:
    out = StringIO()
    call_command("today", "--as", email, "--json", stdout=out)
    found: dict[str, Any] = json.loads(out.getvalue())
    assert found["schema"] == {"name": "throughline.today", "version": 1}
    return {name: found[name] for name in LISTS}


def do(*words: str, code: int = 0) -> dict[str, Any]:
    """Run the command as a shell does, and return what it printed."""
    out = StringIO()
    if code == 0:
        call_command("do", *words, "--yes", "--json", stdout=out)
    else:
        with pytest.raises(CommandError) as refusal:
            call_command("do", *words, "--yes", "--json", stdout=out)
        assert refusal.value.returncode == code, refusal.value
        if code == 2:
            return {"said": str(refusal.value)}
    found: dict[str, Any] = json.loads(out.getvalue())
    assert found["schema"] == {"name": "throughline.do", "version": 1}
    return found


def fresh(row: Request) -> Request:
    return Request.objects.select_related("item").get(pk=row.pk)


def test_today_lists_references_for_each_role(world: World) -> None:
    page, new = hand_in(world, make_deliverables(world)[0]), make_request(world.acme)
    asked = question(page).item.ref

    alice, cora = day_of(world.alice.email), day_of(world.cora.email.upper())

    assert alice["decisions"] == [asked]
    assert set(alice["later"]) >= {page.item.ref, new.item.ref, asked}
    assert cora["decisions"] == []
    assert cora["later"] == [page.item.ref]
    assert day_of(world.audrey.email) == {name: [] for name in LISTS}


def test_today_tells_what_waits_on_others(world: World) -> None:
    # Before the question, because only approvers of that moment are asked.
    dora = invited(world, "Dora", (world.acme, APPROVER))
    page = with_the_client(world, make_deliverables(world)[0])
    asked = question(page).item.ref

    assert day_of(world.alice.email)["waiting_on_others"] == [asked]
    assert day_of(user_of(dora).email)["decisions"] == [asked]


def test_today_names_near_matches_of_an_unknown_address(world: World) -> None:
    with pytest.raises(CommandError, match=world.alice.email) as refusal:
        call_command("today", "--as", f"x{world.alice.email}")
    assert refusal.value.returncode == 2


def test_do_takes_a_step_as_that_person_and_history_says_how(world: World) -> None:
    row = make_request(world.acme)

    result = do(row.item.ref, "triage", "--as", world.bob.email)

    assert (result["done"], result["state"], result["refusals"]) == (True, "triaged", [])
    assert (result["ref"], result["verb"]) == (row.item.ref, "triage")
    saved = fresh(row).history.order_by("-history_id")[0]
    assert (saved.history_user, saved.history_change_reason) == (world.bob, "By command")


def test_do_is_refused_with_codes_and_changes_nothing(world: World) -> None:
    row = make_request(world.acme)

    wrong_state = do(row.item.ref, "accept", "--as", world.alice.email, code=1)

    assert [each["code"] for each in wrong_state["refusals"]] == ["state"]
    assert do(row.item.ref, "triage", "--as", world.quin.email, code=1)["refusals"][0] == {
        "code": "permission",
        "message": "Quin may not triage requests.",
        "evidence": "",
        "clears_by": "Account manager, Operations lead",
    }
    no_reason = do(row.item.ref, "reject", "--as", world.alice.email, code=1)
    assert [each["code"] for each in no_reason["refusals"]] == ["reason"]
    assert fresh(row).state == Request.State.CAPTURED


def test_e5_a_refusal_says_what_somebody_did_before(world: World) -> None:
    row = make_request(world.acme)
    do(row.item.ref, "triage", "--as", world.bob.email)

    refused = do(row.item.ref, "triage", "--as", world.alice.email, code=1)

    [happened] = refused["happened"]
    assert happened.startswith("Bob triaged the request (New → Triaged)")


def test_d9_a_date_in_the_past_is_asked_about(world: World) -> None:
    row, sent = make_request(world.acme), ("--set", "wanted_date=2020-01-01")

    asked = do(row.item.ref, "edit", "--as", world.alice.email, *sent, code=2)
    assert "2020-01-01 is in the past" in asked["said"]
    assert fresh(row).wanted_date is None

    do(row.item.ref, "edit", "--as", world.alice.email, *sent, "--set", "past_is_meant=yes")
    assert str(fresh(row).wanted_date) == "2020-01-01"


def test_do_hands_over_to_people_by_e_mail_and_keeps_what_is_not_named(world: World) -> None:
    row = make_request(world.acme)

    result = do(
        row.item.ref, "hand-over", "--as", world.alice.email, "--set",
        f"owner={world.olga.email}", "--reason", "Holiday",
    )  # fmt: skip

    item = WorkItem.objects.get(pk=row.item_id)
    assert (item.owner, item.backup) == (world.olga, world.bob)
    assert result["told"] == [world.olga.email]
    assert item.history.order_by("-history_id")[0].history_change_reason == "Holiday (By command)"


def test_do_reads_dates_numbers_references_and_choices(world: World) -> None:
    row, first = make_request(world.acme), make_request(world.acme)
    alice = world.alice.email

    do(
        row.item.ref, "edit", "--as", alice, "--set", "wanted_date=2027-02-03",
        "--set", "priority=Urgent", "--set", "title=A=B",
    )  # fmt: skip
    edited = fresh(row)
    assert (str(edited.wanted_date), edited.item.priority) == ("2027-02-03", 1)
    assert edited.item.title == "A=B"

    do(row.item.ref, "edit", "--as", alice, "--set", "wanted_date=none")
    assert fresh(row).wanted_date is None

    values = ("--set", f"duplicate_of={first.item.ref.lower()}")
    do(row.item.ref, "mark_duplicate", "--as", alice, *values, "--reason", "Twice")
    assert fresh(row).duplicate_of == first


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["acept"], "Did you mean accept"),
        (["edit", "--set", "titel=x"], "Did you mean title"),
        (["edit", "--set", "wanted_date=soon"], "is a date such as 2026-12-24"),
        (["edit", "--set", "priority=12"], "is no choice"),
        (["triage", "--set", "title=x"], "takes no values"),
        (["mark_duplicate"], "needs --set duplicate_of="),
        (["mark_duplicate", "--set", "duplicate_of=ACM-999"], "There is no work ACM-999"),
        (["hand_over", "--set", "owner=nobody@x.test"], "nobody has the e-mail address"),
    ],
)
def test_do_says_what_to_type_instead(world: World, words: list[str], said: str) -> None:
    row = make_request(world.acme)

    assert said in do(row.item.ref, *words, "--as", world.alice.email, code=2)["said"]


def test_do_refuses_files_steps_of_the_product_and_unknown_work(world: World) -> None:
    page = hand_in(world, make_deliverables(world)[0])
    asked, alice = question(page).item.ref, world.alice.email

    files = do(asked, "approve", "--as", alice, "--set", "uploads=x", code=2)
    system = do(page.item.ref, "go_live", "--as", alice, code=2)

    assert "takes files" in files["said"]
    assert "Nobody calls it" in system["said"]
    assert "There is no work ACM-999" in do("ACM-999", "accept", "--as", alice, code=2)["said"]
    assert do(asked, "approve", "--as", alice)["state"] == Approval.State.APPROVED


def test_do_shows_nobody_what_they_may_not_see(world: World) -> None:
    secret = make_client("SEC", world.team, world.olga, world.quin, restricted=True)
    secret.team = type(world.team).objects.create(name="South", lead=world.olga)
    secret.save()
    row = make_request(secret)

    said = do(row.item.ref, "triage", "--as", world.alice.email, code=2)["said"]

    assert said == f"There is no work {row.item.ref}, or Alice cannot see it."


def test_a_contact_answers_by_command(world: World) -> None:
    dora = invited(world, "Dora", (world.acme, Membership.Role.APPROVER))
    page = with_the_client(world, make_deliverables(world)[0])

    result = do(question(page).item.ref, "approve", "--as", user_of(dora).email)

    assert result["done"]
    assert world.alice.email in result["told"]
    assert Deliverable.objects.get(pk=page.pk).state == Deliverable.State.APPROVED


def test_do_changes_no_product_but_the_demo_without_being_told_to(world: World) -> None:
    row, out = make_request(world.acme), StringIO()

    with pytest.raises(CommandError) as refusal:
        call_command("do", row.item.ref, "triage", "--as", world.alice.email, "--json", stdout=out)

    assert refusal.value.returncode == 1
    assert json.loads(out.getvalue())["refusals"][0]["code"] == "demo"
    assert fresh(row).state == Request.State.CAPTURED

    User.objects.create_user("mara@northlight.example", full_name="Mara", is_staff=True)
    call_command("do", row.item.ref, "triage", "--as", world.alice.email, stdout=out)
    assert fresh(row).state == Request.State.TRIAGED


def test_a_step_at_the_desk_came_by_no_command(world: World) -> None:
    row = make_request(world.acme)
    done(requests.triage([row.pk], by=by(world.alice), at=timezone.now()))
    saved = fresh(row).history.order_by("-history_id")[0]
    assert saved.history_change_reason == ""
