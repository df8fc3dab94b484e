"""References to files in a body, and removals from it."""

from __future__ import annotations

import pytest

from delivery.deliverables.cleaning import taken_out
from delivery.deliverables.references import by_address, by_digest, by_name
from delivery.deliverables.sanitise import sanitise

HERO, ROOM = "a" * 64, "b" * 64


@pytest.mark.parametrize(
    "written",
    ['<img src="asset:Hero.jpg">', "<img src='asset:hero.jpg'>", "<img alt=x src=asset:hero.jpg>"],
)
def test_a_file_is_named_as_a_person_would(written: str):
    assert f'src="asset:{HERO}"' in by_digest(written, [("hero.jpg", HERO)])


def test_names_with_spaces_and_signs_go_there_and_back():
    files = [("Küche & Bad.jpg", HERO), ("two words.png", ROOM)]
    written = '<p>Hi</p><img src="asset:Küche &amp; Bad.jpg" alt="A"><img src="asset:two words.png" alt="B">'  # noqa: E501

    kept = sanitise(by_digest(written, files))

    assert kept.count("asset:" + HERO) == kept.count("asset:" + ROOM) == 1
    assert by_name(kept, files) == written


def test_a_name_that_nobody_has_is_told():
    with pytest.raises(ValueError, match=r"asset:hero\.jpg"):
        by_digest('<img src="asset:hero.jpg">', [("room.jpg", ROOM)])


def test_a_name_of_two_files_is_told_and_stays_a_digest_when_read_back():
    files = [("hero.jpg", HERO), ("hero.jpg", ROOM)]

    with pytest.raises(ValueError, match="Two different files"):
        by_digest('<img src="asset:hero.jpg">', files)
    assert by_name(f'<img src="asset:{HERO}">', files) == f'<img src="asset:{HERO}">'


def test_the_same_file_twice_is_one_name():
    assert HERO in by_digest('<img src="asset:hero.jpg">', [("hero.jpg", HERO), ("hero.jpg", HERO)])


def test_a_page_shows_what_it_has_and_nothing_else():
    body = f'<img src="asset:{HERO}" alt="A"><img src="asset:{ROOM}" alt="B">'

    assert (
        by_address(body, {HERO: "/files/1/a&b"})
        == '<img src="/files/1/a&amp;b" alt="A"><img alt="B">'
    )


def test_what_was_taken_out_is_told():
    written = '<p style="color: red" onclick="x()">Hi<script>alert(1)</script></p><p style="a=b">There</p>'  # noqa: E501

    assert taken_out(written, sanitise(written)) == ("style on <p>", "onclick on <p>", "<script>")


def test_nothing_is_told_when_nothing_was_taken():
    written = '<h2>Hi</h2><p><a href="https://acme.test/">there</a></p>'

    assert taken_out(written, sanitise(written)) == ()


def test_tags_that_never_end_take_no_time():
    assert taken_out("<a " * 60_000, "") == ()
