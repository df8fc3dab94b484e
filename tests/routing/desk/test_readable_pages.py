"""Small things of every day: orders, texts, owners and forms that decide nothing by themselves."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from delivery.models import Approval, Request
from routing.models import WorkItem
from routing.work.rich_text import rich
from tests.delivery.making import make_deliverables, question, with_the_client
from tests.desk import signed_in, url, words
from tests.world import NOW, World, make_request

pytestmark = pytest.mark.usefixtures("without_second_factor")


@pytest.mark.parametrize("model", [Request, WorkItem])
def test_work_without_a_due_time_comes_last_in_both_directions_g7(
    world: World, model: type[Request | WorkItem]
) -> None:
    rows = [make_request(world.acme, title=f"Due {number}") for number in range(3)]
    for days, row in enumerate(rows[:2], start=1):
        WorkItem.objects.filter(pk=row.item_id).update(next_due_at=NOW + timedelta(days=days))
    browser = signed_in(world.alice)
    path = url(model, "changelist")
    columns = list(browser.get(path).context["cl"].list_display)
    due = columns.index("due_at")

    orders = {}
    for order in (f"{due}", f"-{due}"):
        page = browser.get(path, {"whose": "all", "o": order})
        shown = [getattr(row, "item", row).title for row in page.context["cl"].result_list]
        orders[order] = shown

    assert orders[f"{due}"] == ["Due 0", "Due 1", "Due 2"]
    assert orders[f"-{due}"] == ["Due 1", "Due 0", "Due 2"]


def test_the_descending_order_turns_its_pages_g7(world: World) -> None:
    for number in range(120):
        row = make_request(world.acme, title=f"Due {number:03}")
        if number % 3:
            WorkItem.objects.filter(pk=row.item_id).update(
                next_due_at=NOW + timedelta(hours=number)
            )
    browser, path = signed_in(world.alice), url(Request, "changelist")
    due = list(browser.get(path).context["cl"].list_display).index("due_at")

    seen, query = [], f"?whose=all&o=-{due}"
    while query:
        changelist = browser.get(path + query).context["cl"]
        seen += [row.item.title for row in changelist.result_list]
        query = changelist.later

    timed = [f"Due {number:03}" for number in range(119, -1, -1) if number % 3]
    assert seen[: len(timed)] == timed
    assert len(seen) == len(set(seen)) == 120


def test_no_decision_of_a_client_is_preselected_g7(world: World) -> None:
    [page] = make_deliverables(world)
    asked = question(with_the_client(world, page))
    browser, path = signed_in(world.alice), url(Approval, "step", asked.pk, "record")

    form = browser.get(path)
    refused = browser.post(path, {"word": ""})

    assert form.context["form"]["word"].value() in {None, ""}
    assert '<option value="approve" selected' not in form.content.decode()
    assert refused.context["form"].errors["word"]


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("# Wanted\nOne\ntwo", "<h3>Wanted</h3>\n<p>One<br>two</p>"),
        (
            "## Goal\n\n- a\n- **b**",
            "<h4>Goal</h4>\n<ul><li>a</li><li><strong>b</strong></li></ul>",
        ),
        ("1. one\n2) two", "<ol><li>one</li><li>two</li></ol>"),
        ("a * b * c and 2*3*4", "<p>a * b * c and 2*3*4</p>"),
        ("*so* `x`", "<p><em>so</em> <code>x</code></p>"),
        (
            "<script>alert(1)</script> **<b>**",
            "<p>&lt;script&gt;alert(1)&lt;/script&gt; <strong>&lt;b&gt;</strong></p>",
        ),
        ("", ""),
        ("#hashtag", "<p>#hashtag</p>"),
        ("---", ""),
    ],
)
def test_marks_in_a_text_are_shown_and_nothing_else_is_markup_g7(text: str, html: str) -> None:
    assert rich(text) == html


def test_a_request_from_a_form_is_shown_with_its_headings_g7(world: World) -> None:
    row = make_request(world.acme, details="# Spring\n\nClient: Acme\n\n## What is wanted\nTulips")

    page = signed_in(world.alice).get(url(Request, "change", row.pk)).content.decode()

    assert "<h3>Spring</h3>" in page
    assert "## What is wanted" not in page


def test_today_names_the_owner_of_work_one_backs_up_and_the_list_leaves_it_out_g7(
    world: World,
) -> None:
    mine, backed = make_request(world.acme, title="Mine"), make_request(world.acme, title="Backed")
    WorkItem.objects.filter(pk=backed.item_id).update(owner=world.bob, backup=world.alice)
    browser = signed_in(world.alice)

    today = words(browser.get(reverse("admin:index")))
    listed = browser.get(url(WorkItem, "changelist"), {"of": "me"})

    assert "owner: Bob" in today
    assert today.count("owner: ") == 1
    assert [row.pk for row in listed.context["cl"].result_list] == [mine.item_id]


def test_a_dangerous_step_keeps_its_button_apart_from_back_g7(world: World) -> None:
    row = make_request(world.acme)

    page = signed_in(world.alice).get(url(Request, "step", row.pk, "cancel")).content.decode()

    assert 'class="tl-button tl-apart"' in page


def test_the_report_labels_each_value_for_small_screens_g7(world: World) -> None:
    page = signed_in(world.olga).get(reverse("admin:routing_clock_kept")).content.decode()

    assert "tl-stack" in page or "No clocks started in this period" in page
