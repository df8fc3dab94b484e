"""Events at the desk: what happened in words, and when in the one format of all pages."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone, translation
from django.utils.formats import localize

from delivery.requests.operations import requests
from routing.kernel.events import Event
from routing.runs.event_names import kind_name, known_kinds
from tests.delivery.making import done, record_request
from tests.desk import signed_in, url, words
from tests.world import NOW, World, by

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("without_second_factor"),
    pytest.mark.in_zone("Europe/Berlin"),
    pytest.mark.requirement("A1"),
]


def test_an_event_says_what_happened_and_when_with_the_zone(world: World) -> None:
    """C8: the page said “Nov. 23, 2026, 10:30 a.m.” and “captured”."""
    made = record_request(world, who=world.alice, title="Größe", channel="phone", at=NOW)
    done(requests.reject([made.pk], by=by(world.alice), at=NOW, reason="Out of scope"))
    event = Event.objects.get(kind="delivery.request.reject")
    browser = signed_in(world.audrey)

    page = words(browser.get(url(Event, "change", event.pk)))
    outside = Event.objects.get(kind="desk.request")

    local = NOW.astimezone(ZoneInfo("Europe/Berlin"))
    at = f"{local:%a} {local.day} "
    assert "Alice rejected the request" in page
    assert "New → Rejected" in page
    assert f"At {at}" in page
    assert "CET" in page or "CEST" in page
    assert "Request recorded at the desk" in words(browser.get(url(Event, "change", outside.pk)))
    rows = words(browser.get(url(Event, "changelist")))
    assert "New → Rejected" in rows
    assert "captured" not in rows


def test_c8_the_list_names_kinds_and_finds_them_by_name_or_code(world: World) -> None:
    made = record_request(world, who=world.alice, channel="phone", at=NOW)
    done(requests.reject([made.pk], by=by(world.alice), at=NOW, reason="Out of scope"))
    browser, path = signed_in(world.audrey), url(Event, "changelist")

    rows = words(browser.get(path))
    assert "Request: Reject delivery.request.reject" in rows
    assert "Request: Created" in rows

    for text in ("request: reject", "REJECT", "delivery.request.reject"):
        found = words(browser.get(path, {"q": text}))
        assert "delivery.request.reject" in found
        assert "1 result" in found or "1 event" in found
    chosen = words(browser.get(path, {"kind": "delivery.request.reject"}))
    assert "Request: Reject" in chosen

    assert "Request: Reject" in words(
        browser.get(url(Event, "change", Event.objects.get(kind="delivery.request.reject").pk))
    )


def test_c8_every_kind_that_is_declared_has_a_name() -> None:
    assert [kind for kind in known_kinds() if kind_name(kind) == kind] == []


@pytest.mark.parametrize("language", ["en", "de"])
def test_values_without_a_format_of_their_own_have_the_format_of_all_pages(language: str) -> None:
    with translation.override(language), timezone.override("Europe/Berlin"):
        assert localize(timezone.localtime(NOW)).endswith((" CET", " CEST"))
        assert "," in localize(timezone.localtime(NOW))
        assert ":" in localize(timezone.localtime(NOW))
        assert str(NOW.year) in localize(NOW.date())
        assert "." not in localize(NOW.date())
