"""Naming rules and tags of clients, which a request is checked against."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.models import Request, RequestRule
from delivery.progress.operations.recording import NotRecorded
from delivery.requests.details import EditRequestDetails
from delivery.requests.naming import PARTS, TEXT, BadNamePattern, read_pattern
from delivery.requests.operations import requests
from tests.delivery.making import codes, done, fresh, record_request
from tests.desk import signed_in, url, words
from tests.world import NOW, World, by, make_client, make_request

pytestmark = pytest.mark.usefixtures("without_second_factor")
PATTERN = "{client}-{year} {text}"


@given(
    st.permutations([*PARTS]).map(lambda names: names[: names.index(TEXT) + 1]),
    st.text("-_ .", min_size=1, max_size=8),
)
def test_the_example_of_a_pattern_fits_it(names: list[str], between: str) -> None:
    pattern = read_pattern(between.join(f"{{{name}}}" for name in names))

    assert pattern.fits(pattern.example("ACM"), "ACM")


@pytest.mark.parametrize(
    ("title", "fits"),
    [
        ("ACM-2027 Spring", True),
        ("acm-2027 Spring", True),
        ("ACM-2027", False),
        ("ACM-1999 Spring", False),
        ("OTH-2027 Spring", False),
        ("Spring", False),
    ],
)
def test_a_title_fits_or_not(title: str, fits: bool) -> None:
    assert read_pattern(PATTERN).fits(title, "ACM") is fits


@pytest.mark.parametrize(
    "text",
    ["", "{text", "{week} {text}", "plain", "{text} {text}", "{year}{year}{text}", "x" * 101],
)
def test_what_is_no_pattern_says_what_to_enter(text: str) -> None:
    with pytest.raises(BadNamePattern, match=r"\{"):
        read_pattern(text)


def test_a_lead_makes_a_rule_and_an_account_manager_is_told_it_with_an_example(
    world: World,
) -> None:
    sent = {"client": world.acme.pk, "pattern": PATTERN, "tags": "Web\nPrint", "is_active": "on"}
    signed_in(world.olga).post(url(RequestRule, "add"), sent | {"tag_needed": "on"})
    assert RequestRule.objects.get().tags == ["Web", "Print"]
    request = make_request(world.acme, Request.State.TRIAGED)
    browser, page = signed_in(world.alice), url(Request, "step", request.pk, "edit")

    [refused] = requests.accept([request.pk], by=by(world.alice), at=NOW)
    assert codes(refused) == ["title", "tags"]
    said = "Titles are named {client}-{year} {text}. Example: “ACM-2027 Spring campaign”."
    assert str(refused.refusals[0].message) == said
    assert str(refused.refusals[1].message) == "Choose at least one tag. Tags are: Web, Print."
    form = browser.get(page).context["form"]
    assert "“ACM-2027 Spring campaign”" in form.fields["title"].help_text
    sent = {"priority": "50", "kind": "new", "channel": "email", "initial-title": "A new site"}
    sent |= {"priority": form.initial["priority"], "initial-priority": form.initial["priority"]}
    sent |= {"initial-kind": "new", "initial-channel": "email", "details": "Five pages"}
    sent |= {"initial-details": "Five pages"}
    assert said in words(browser.post(page, sent | {"title": "Shop", "tags": ["Web"]}))

    browser.post(page, sent | {"title": "ACM-2026 Shop", "tags": ["Web"]})

    row = fresh(request)
    assert (row.item.title, row.tags) == ("ACM-2026 Shop", ["Web"])
    done(requests.accept([request.pk], by=by(world.alice), at=NOW))
    assert "Tags Web" in words(browser.get(url(Request, "change", request.pk)))


@pytest.mark.parametrize("tags", [("Film",), ["Web", {}], "Web", 7])
def test_only_tags_of_the_client_are_taken(world: World, tags: Any) -> None:
    RequestRule.objects.create(client=world.acme, tags=["Web"])
    request = make_request(world.acme)

    [refused] = requests.edit(
        [request.pk], by=by(world.alice), at=NOW, details=EditRequestDetails(tags=tags)
    )

    assert codes(refused) == ["tags"]


def test_the_rule_of_a_client_comes_before_that_for_all(world: World) -> None:
    RequestRule.objects.create(pattern="Job: {text}")
    RequestRule.objects.create(client=world.acme)
    other = make_client("OTH", world.team, world.alice, world.bob)
    own, theirs = (make_request(each, Request.State.TRIAGED) for each in (world.acme, other))

    accepted, refused = requests.accept([own.pk, theirs.pk], by=by(world.alice), at=NOW)

    assert accepted.done
    assert codes(refused) == ["title"]


def test_a_request_is_recorded_by_the_name_that_the_rule_says(world: World) -> None:
    RequestRule.objects.create(client=world.acme, pattern=PATTERN)

    with pytest.raises(NotRecorded, match="ACM-2027 Spring campaign"):
        record_request(world, title="A new site")

    assert record_request(world, title="ACM-2026 A new site").item.title == "ACM-2026 A new site"


def test_a_rule_that_cannot_be_read_or_met_is_not_saved(world: World) -> None:
    lead, page = signed_in(world.olga), url(RequestRule, "add")

    for wrong in ({"pattern": "{week}"}, {"tag_needed": "on"}, {"tags": "x" * 41}):
        assert lead.post(page, {"is_active": "on", **wrong}).status_code == 200

    assert not RequestRule.objects.exists()
