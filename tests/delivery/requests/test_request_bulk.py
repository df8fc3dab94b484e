"""Steps for many requests at once."""

from __future__ import annotations

import pytest

from delivery.models import Request
from integrations.outbox.notification_emails import mail_connection
from tests.delivery.requests.test_request_page import others_secret
from tests.desk import signed_in, url, words
from tests.world import NOW, World, make_request

pytestmark = pytest.mark.usefixtures("without_second_factor")


def states(*rows: Request) -> list[str]:
    return [Request.objects.get(pk=row.pk).state for row in rows]


def test_the_action_shows_what_would_happen_and_does_nothing(world: World) -> None:
    good, empty = make_request(world.acme), make_request(world.acme, details="")

    page = signed_in(world.alice).post(
        url(Request, "changelist"), {"action": "triage", "_selected_action": [good.pk, empty.pk]}
    )

    assert "1 row is ready. 1 row would be refused and stay unchanged." in words(page)
    assert states(good, empty) == ["captured", "captured"]


def test_each_row_gets_its_own_result(world: World) -> None:
    good, empty, done = (
        make_request(world.acme),
        make_request(world.acme, details=""),
        make_request(world.acme, "triaged"),
    )

    page = signed_in(world.alice).post(
        url(Request, "bulk", "triage"), {"ids": [good.pk, empty.pk, done.pk]}
    )

    lines = page.context["lines"]
    assert {(line.item.ref, line.done) for line in lines} == {
        (empty.item.ref, False),
        (done.item.ref, False),
        (good.item.ref, True),
    }
    assert [line.done for line in lines] == [False, False, True]  # what needs a person first
    assert "1 done, 2 refused" in words(page)
    assert "There is no description." in words(page)
    assert states(good, empty, done) == ["triaged", "captured", "triaged"]


def test_a_reason_goes_with_all_of_them(world: World) -> None:
    rows = [make_request(world.acme), make_request(world.acme)]

    signed_in(world.alice).post(
        url(Request, "bulk", "hold"), {"ids": [row.pk for row in rows], "reason": "Fair week"}
    )

    assert {Request.objects.get(pk=row.pk).item.hold_reason for row in rows} == {"Fair week"}


def test_without_a_reason_nothing_is_done_and_the_rows_stay_selected(world: World) -> None:
    row = make_request(world.acme)

    page = signed_in(world.alice).post(
        url(Request, "bulk", "cancel"), {"ids": [row.pk], "reason": ""}
    )

    assert page.context["ids"] == [row.pk]
    assert states(row) == ["captured"]


def test_hand_over_asks_for_people_once_for_all_rows(
    world: World, django_assert_max_num_queries
) -> None:
    rows = [make_request(world.acme) for _ in range(30)]
    browser = signed_in(world.alice)
    mail_connection(NOW)  # the agency's first e-mail creates it, once for all
    sent = {
        "ids": [row.pk for row in rows],
        "owner": world.bob.pk,
        "backup": world.olga.pk,
        "doer": world.cora.pk,
        "reason": "Leave",
    }

    with django_assert_max_num_queries(27):
        page = browser.post(url(Request, "bulk", "hand_over"), sent)

    assert all(line.done for line in page.context["lines"])


def test_what_a_person_may_not_see_is_left_alone_and_counted(world: World) -> None:
    mine, hidden = make_request(world.acme), others_secret(world)

    page = signed_in(world.alice).post(
        url(Request, "bulk", "triage"), {"ids": [mine.pk, hidden.pk, 10**17, "x", "-1"]}
    )

    assert states(mine, hidden) == ["triaged", "captured"]
    assert page.context["missing"] == 2
    assert "Hidden work" not in words(page)


def test_a_forged_bulk_step_without_permission_is_refused(world: World) -> None:
    row = make_request(world.acme)

    answer = signed_in(world.audrey).post(url(Request, "bulk", "triage"), {"ids": [row.pk]})

    assert answer.status_code == 403
    assert states(row) == ["captured"]


def test_the_list_offers_only_steps_the_person_may(world: World) -> None:
    make_request(world.acme)

    assert "Triage…" in words(signed_in(world.alice).get(url(Request, "changelist")))
    assert "Triage…" not in words(signed_in(world.audrey).get(url(Request, "changelist")))


def test_a_bulk_step_is_not_read(world: World) -> None:
    row = make_request(world.acme)

    answer = signed_in(world.alice).get(url(Request, "bulk", "triage"), {"ids": [row.pk]})

    assert answer.status_code == 302
    assert states(row) == ["captured"]
