"""A list is left for a step of many rows, and found again as it was."""

from __future__ import annotations

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from delivery.models import Request
from tests.desk import signed_in, url
from tests.world import World, make_request

pytestmark = pytest.mark.usefixtures("without_second_factor")


@pytest.fixture
def shown(world: World) -> str:
    """The query of a list: a search, filters and a page."""
    for number in range(60):
        make_request(world.acme, title=f"Poster {number}", details="")
    browser = signed_in(world.alice)
    query = f"?whose=all&client={world.acme.pk}&q=poster"
    later = browser.get(url(Request, "changelist") + query).context["cl"].later
    return str(later)


def test_the_page_of_a_bulk_step_leads_back_to_the_same_rows_g3(world: World, shown: str) -> None:
    browser, path = signed_in(world.alice), url(Request, "changelist") + shown
    before = [row.pk for row in browser.get(path).context["cl"].result_list]

    page = browser.post(path, {"action": "triage", "_selected_action": before[:2]})
    back = browser.get(page.context["back"])

    assert [row.pk for row in back.context["cl"].result_list] == before
    assert back.context["cl"].number == 2
    html = back.content.decode()
    checked = [pk for pk in before if f'value="{pk}" checked' in html]
    assert checked == before[:2]
    assert "picked" not in back.context["cl"].get_query_string()


def test_results_and_refusals_lead_back_as_well_g3(world: World, shown: str) -> None:
    browser, path = signed_in(world.alice), url(Request, "changelist") + shown
    before = [row.pk for row in browser.get(path).context["cl"].result_list]
    page = browser.post(path, {"action": "hold", "_selected_action": before[:2]})
    perform = page.context["perform"]

    refused = browser.post(perform, {"ids": before[:2], "reason": ""})
    done = browser.post(perform, {"ids": before[:2], "reason": "Fair week"})
    again = browser.post(perform, {"ids": before[:3], "reason": "Fair week"})

    assert refused.context["back"].startswith(path)
    assert refused.context["perform"] == perform
    assert done.context["back"] == path
    back = parse_qs(urlsplit(again.context["back"]).query)
    assert back["picked"] == [f"{before[0]},{before[1]}"]  # they were on hold already
    assert browser.get(perform)["Location"] == path  # the address of the results, loaded again


@pytest.mark.parametrize(
    "query", ["?next=https://evil.test/", "?back=//evil.test", "?picked=https://evil.test"]
)
def test_no_address_in_the_query_leads_elsewhere_g3(world: World, query: str) -> None:
    row = make_request(world.acme)
    page = signed_in(world.alice).post(
        url(Request, "bulk", "triage") + query, {"ids": [row.pk], "reason": ""}
    )

    assert page.context["back"].startswith(url(Request, "changelist"))


def test_the_page_of_a_row_leads_back_to_its_list_g3(world: World, shown: str) -> None:
    browser, path = signed_in(world.alice), url(Request, "changelist") + shown
    first = browser.get(path)
    row = first.context["cl"].result_list[0]
    link = first.content.decode().split(f"/{row.pk}/change/")[1].split('"')[0]

    page = browser.get(f"{url(Request, 'change', row.pk)}{link}".replace("&amp;", "&"))
    back = browser.get(page.context["back_to_list"])

    assert row.pk in [each.pk for each in back.context["cl"].result_list]
    assert back.context["cl"].number == 2


def test_a_step_and_a_note_on_a_page_lead_back_to_its_list_g3(world: World, shown: str) -> None:
    """The page of a row forgot its list as soon as something was done on it."""
    browser, path = signed_in(world.alice), url(Request, "changelist") + shown
    row = browser.get(path).context["cl"].result_list[0]
    kept = "?" + urlencode({"_changelist_filters": shown.removeprefix("?")})
    page = browser.get(url(Request, "change", row.pk) + kept)
    expected = page.context["back_to_list"]

    steps = [offer.url for offer in (page.context["panel"].first, *page.context["panel"].dangers)]
    html = page.content.decode()
    triaged = browser.post(steps[0] + kept, {}, follow=True)
    asked = browser.get(steps[-1] + kept)
    note = {"text": "Called.", "audience": "internal"}
    noted = browser.post(page.context["note_url"] + kept, note, follow=True)

    for step in (*steps, page.context["note_url"]):
        assert f'"{step}{kept}"'.replace("&", "&amp;") in html
    assert triaged.context["back_to_list"] == noted.context["back_to_list"] == expected
    assert asked.context["back"] == url(Request, "change", row.pk) + kept
