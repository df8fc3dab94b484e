"""H18: text from outside has no signs that nobody can see, and loses none that people can."""

from __future__ import annotations

from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.kernel.clean_text import lines, one_line

TURNING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
HOSTILE = st.text(f"ab é日ش\u0301\n\t\r\0\x1b\u2028\u0085\u200b\u200c\u200d\u00ad\ufeff{TURNING}")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  A site\r\nBcc: x@y.example ", "A site Bcc: x@y.example"),
        ("invoice\u202egpj.exe", "invoicegpj.exe"),
        ("\u2066Hello\u2069", "Hello"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("e\u0301te\u0301", "été"),
        ("👩‍💻 and 🏳️‍🌈 and 🏴󠁧󠁢󠁥󠁮󠁧󠁿", "👩‍💻 and 🏳️‍🌈 and 🏴󠁧󠁢󠁥󠁮󠁧󠁿"),
        ("نامه‌ای", "نامه‌ای"),
        ("שלום, עולם", "שלום, עולם"),
        ("क्‍ष", "क्‍ष"),
        *(
            (blank, "")
            for blank in ("\u200b", "\u200d\u200c", "\u3164", "\u2800", "\u0301", TURNING)
        ),
    ],
)
def test_h18_a_title_keeps_what_can_be_seen(typed: str, kept: str):
    assert one_line(typed) == kept


@given(HOSTILE | st.text())
def test_h18_nothing_hidden_is_left_and_cleaning_twice_changes_nothing(text: str):
    title, body = one_line(text), lines(text)

    assert one_line(title) == title
    assert lines(body) == body
    assert not set(title) & set(f"{TURNING}\u200b\ufeff\n\r\0")
    assert not set(body) & set(f"{TURNING}\u200b\ufeff\r\0")
    assert not any(category(sign) in {"Cc", "Cs", "Zl", "Zp"} for sign in title)


@given(
    st.text(
        st.characters(
            categories=["L", "N", "P", "S"], exclude_characters="\u3164\u115f\u1160\uffa0\u2800"
        )
    )
)
def test_h18_letters_numbers_and_signs_are_never_lost(text: str):
    assert [one_line(sign) != "" for sign in text] == [True] * len(text)
