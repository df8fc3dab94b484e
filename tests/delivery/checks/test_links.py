from __future__ import annotations

import pytest

from tests.delivery.checks.builders import messages

pytestmark = pytest.mark.requirement("Q3")


@pytest.mark.parametrize(
    "href",
    [
        "https://example.com/a?b=c#d",
        "https://münchen.example",
        "/prices",
        "#top",
        "prices.html",
        "mailto:a@example.com?subject=x",
        "tel:+49-30-123",
        "mailto:a@example.com,b@example.com",
        "https://example.com:8443",
    ],
)
def test_a_good_link_passes(href: str) -> None:
    assert messages("link_form", f"<a href='{href}'>Our prices</a>") == []


@pytest.mark.parametrize(
    ("link", "says"),
    [
        ("<a href='/x'></a>", "no text"),
        ("<a href='/x'> <img src='https://e.example/x.png' alt=''></a>", "no text"),
        ("<a href='/x'>Click here!</a>", "does not describe"),
        ("<a href='/x'>HIER</a>", "does not describe"),
        ("<a href='/x'>…</a>", "does not describe"),
        ("<a href='javascript:x()'>Prices</a>", "no address"),
        ("<a>Prices</a>", "no address"),
        ("<a href='#'>Prices</a>", "no address"),
        ("<a href='http://example.com'>Prices</a>", "Use https"),
        ("<a href='https://example'>Prices</a>", "is invalid"),
        ("<a href='https://exa mple.com'>Prices</a>", "no address"),
        ("<a href='https://[::1'>Prices</a>", "no address"),
        ("<a href='https://example.com:99999'>Prices</a>", "no address"),
        ("<a href='https://-.com'>Prices</a>", "is invalid"),
        ("<a href='https://me:secret@example.com'>Prices</a>", "or password"),
        ("<a href='//example.com'>Prices</a>", "no scheme"),
        ("<a href='www.example.com'>Prices</a>", "is invalid"),
        ("<a href='mailto:nobody'>Write</a>", "e-mail address"),
        ("<a href='mailto:a@example.com,'>Write</a>", "e-mail address"),
        ("<a href='tel:now'>Call</a>", "phone"),
    ],
)
def test_a_bad_link_is_told_why(link: str, says: str) -> None:
    [message] = messages("link_form", link)

    assert says in message


def test_one_link_can_have_more_than_one_fault() -> None:
    assert len(messages("link_form", "<a href='http://x'>here</a>")) == 3


def test_what_is_allowed_is_a_rule() -> None:
    assert not messages(
        "link_form", "<a href='http://example.com'>here</a>", allow_http=True, empty_texts=[]
    )
    assert messages("link_form", "<a href='/x'>Prices</a>", allow_relative=False) == [
        "The address is relative. Enter the full address."
    ]
