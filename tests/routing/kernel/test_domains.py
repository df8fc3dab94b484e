"""F7: each domain and e-mail address has one form, however somebody writes it."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.kernel.domains import (
    address_part,
    canonical_address,
    canonical_domain,
    domain_in,
    readable_address,
    readable_domain,
    spellings,
    stored_address,
)

LETTERS = st.text("aäößéłñçșžαβωдйאبภ日本éäο̈-", min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("written", "ascii_form"),
    [
        ("faß.de", "xn--fa-hia.de"),
        ("fass.de", "fass.de"),
        ("straße.de", "xn--strae-oqa.de"),
        ("STRAßE.de", "xn--strae-oqa.de"),
        ("XN--STRAE-OQA.de", "xn--strae-oqa.de"),
        ("exämple.com", "xn--exmple-cua.com"),
        (unicodedata.normalize("NFD", "exämple.com"), "xn--exmple-cua.com"),
        ("EXÄMPLE.COM.", "xn--exmple-cua.com"),
        ("日本語。jp", "xn--wgv71a119e.jp"),
        ("ﬀ.com", "ff.com"),
        ("βόλος.com", "xn--nxasmm1c.com"),
        ("i❤️.ws", "xn--i-7iq.ws"),
        ("xn--i-7iq.ws", "xn--i-7iq.ws"),
        ("r3---sn.example.com", "r3---sn.example.com"),
    ],
)
def test_f7_spellings_of_one_domain_have_one_form(written: str, ascii_form: str):
    assert canonical_domain(written) == ascii_form


@pytest.mark.parametrize(
    "written",
    [
        *("", "localhost", "a..b", "10.0.0.1", "-a.example", "not a domain", "a_b.example"),
        *("xn--a.example", "xn---bbk.example", "xn--zz--zz.example", "a" * 64 + ".example"),
        *("a\u202eb.example", "a\0b.example", "\ud800.example", "exam\u200dple.com", "a." * 200),
    ],
)
def test_f7_what_is_no_domain_has_no_form(written: str):
    assert canonical_domain(written) == ""


@given(LETTERS)
def test_f7_the_form_for_people_leads_back_to_the_stored_one(label: str):
    stored = canonical_domain(f"{label}.example")
    if stored:
        assert canonical_domain(readable_domain(stored)) == stored
        assert canonical_domain(unicodedata.normalize("NFD", readable_domain(stored))) == stored
        assert stored_address(readable_address(f"info@{stored}")) == f"info@{stored}"


@given(st.text())
def test_f7_any_text_is_read_without_an_error_and_only_once(text: str):
    assert canonical_domain(canonical_domain(text)) == canonical_domain(text)
    assert canonical_address(canonical_address(text)) == canonical_address(text)
    assert isinstance(domain_in(text), str)
    assert spellings(text)
    address_part(text)


@pytest.mark.parametrize(
    "written",
    [
        "info@exämple.com",
        "Info@EXÄMPLE.com ",
        "info@xn--exmple-cua.com",
        unicodedata.normalize("NFD", "info@exämple.com"),
        "in\u200bfo@exämple.com",
    ],
)
def test_f7_spellings_of_one_address_have_one_form(written: str):
    assert canonical_address(written) == "info@xn--exmple-cua.com"
    assert "info@exämple.com" in spellings(written)
