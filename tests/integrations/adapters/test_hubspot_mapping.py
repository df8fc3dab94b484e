"""HubSpot's properties as typed facts."""

from __future__ import annotations

import json
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.adapters.hubspot.client import HubSpotObject
from integrations.adapters.hubspot.mapping import mapped, wanted
from integrations.base.typed import day, number, whole
from integrations.inbox import freemail
from routing.kernel.domains import domain_in

pytestmark = pytest.mark.requirement("T1", "T12")


def deal(**properties: str) -> HubSpotObject:
    return HubSpotObject("deal", "7", properties, {})


@pytest.mark.parametrize(
    ("name", "given", "fact", "value"),
    [
        ("amount", "12000", "deal.amount", "12000"),
        ("amount", "12000.5", "deal.amount", "12000.50"),
        ("amount", "1.2e4", "deal.amount", "12000"),
        ("agency_hours", "7.25", "deal.hours", "7.25"),
        ("agency_rounds", "2.0", "deal.rounds", 2),
        ("deal_currency_code", "eur", "deal.currency", "EUR"),
        ("agency_start_date", "2026-12-01", "deal.starts", "2026-12-01"),
        ("agency_start_date", "1796083200000", "deal.starts", "2026-12-01"),
        ("agency_end_date", "2026-12-31T00:00:00Z", "deal.ends", "2026-12-31"),
        ("agency_service", "landing page", "deal.service", "landing page"),
    ],
)
def test_values_are_typed(name: str, given: str, fact: str, value: object):
    found = mapped(deal(**{name: given}), {})

    assert found.facts == {fact: value}
    assert name in found.sources[fact]


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("amount", "a lot"),
        ("amount", "NaN"),
        ("amount", "Infinity"),
        ("amount", "9" * 40),
        ("agency_rounds", "2.5"),
        ("agency_start_date", "soon"),
        ("deal_currency_code", "euro"),
    ],
)
def test_what_cannot_be_read_is_absent_and_said(name: str, given: str):
    found = mapped(deal(**{name: given}), {})

    assert found.facts == {}
    assert [name for name in found.sources if name.endswith("!")]


def test_a_connection_names_its_own_properties():
    settings = {"properties": {"deal.hours": "sold_hours"}}

    assert mapped(deal(sold_hours="8", agency_hours="9"), settings).facts == {"deal.hours": "8"}
    assert "sold_hours" in wanted(settings, "deal")


@given(st.text(max_size=60))
def test_no_text_makes_typing_fail_otherwise_than_it_says(text: str):
    for typed in (number, whole, day):
        try:
            json.dumps(typed(text))
        except (ValueError, OverflowError):
            continue


def test_f8_an_amount_that_is_no_number_keeps_what_stood_there():
    found = mapped(deal(amount="1.234,50"), {})

    assert "deal.amount" not in found.facts
    assert found.sources["deal.amount!"].endswith("not a number: 1.234,50")
    assert mapped(deal(amount="-5"), {}).sources["deal.amount!"].endswith("below zero: -5")


@given(st.decimals(min_value=-(10**11), max_value=10**11, places=2, allow_nan=False))
def test_amounts_keep_their_value(amount: Decimal):
    assert Decimal(number(str(amount))) == amount


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        ("Acme.Example", "acme.example"),
        ("https://www.acme.example/about?x", "acme.example"),
        ("robin@acme.example", "acme.example"),
        ("acme.example.", "acme.example"),
        ("acme.example:8080", "acme.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("localhost", ""),
        ("10.0.0.1", ""),
        ("", ""),
        ("-a.example", ""),
        ("a..example", ""),
        ("not a domain", ""),
    ],
)
def test_domains_are_compared_in_one_form(given: str, normal: str):
    assert domain_in(given) == normal


@pytest.mark.parametrize(
    "domain",
    [
        "gmail.com",
        "mail.gmail.com",
        "yahoo.co.uk",
        "hotmail.fr",
        "outlook.com",
        "live.com.au",
        "gmx.de",
        "web.de",
        "qq.com",
    ],
)
def test_free_mail_tells_no_client(domain: str):
    assert freemail.own_domain(domain) == ""


@pytest.mark.parametrize(
    "domain", ["acme.example", "live.nation.example", "notgmail.com", "gmail.com.acme.example"]
)
def test_other_domains_do(domain: str):
    assert freemail.own_domain(domain) == domain


@given(st.text(max_size=80))
def test_any_text_has_a_domain_or_none(text: str):
    freemail.own_domain(text)


@pytest.mark.parametrize(
    ("given", "day"),
    [
        ("2023-04-01T01:09:44Z", "2023-03-31"),
        ("1680311384000", "2023-03-31"),
        ("20260331", "2026-03-31"),
        ("20260331120000", "2026-03-31"),
        ("1774915200000", "2026-03-31"),
    ],
)
def test_d8_a_date_is_read_in_the_agencys_zone(given: str, day: str):
    found = mapped(deal(agency_start_date=given), {}, ZoneInfo("America/Phoenix"))

    assert found.facts == {"deal.starts": day}


@pytest.mark.parametrize(
    ("name", "given", "why"),
    [
        ("agency_start_date", "2026-03-31 or later", "not a date: 2026-03-31 or later"),
        ("agency_end_date", "1774915200", "not a date: 1774915200"),
        ("amount", "1.234,50", "not a number: 1.234,50"),
    ],
)
def test_d8_what_is_not_taken_is_said_with_what_stood_there(name: str, given: str, why: str):
    found = mapped(deal(**{name: given}), {})

    assert [*found.sources.values()] == [f"HubSpot deal 7, {name}: {why}"]
