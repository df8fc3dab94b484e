"""F10: tables as Excel exports them are kept byte for byte, and shown as tables."""

from __future__ import annotations

import pytest

from routing.kernel.storage import private
from routing.models import File
from routing.work.file_types.sheets import MOST_ROWS
from routing.work.files_view import address_of
from tests.desk import signed_in, words
from tests.files import make_file
from tests.world import World

pytestmark = pytest.mark.usefixtures("own_folder", "without_second_factor")

ROWS = "Stadt{0}Preis\r\nKöln{0}3,50 €\r\n“München”{0}4\r\n"


def kept(world: World, content: bytes, name: str) -> File:
    made = make_file(world.alice, world.acme, content=content, name=name)
    with private().open(made.storage_key) as stored:
        assert stored.read() == content
    return made


@pytest.mark.parametrize(
    ("encoding", "separator", "name"),
    [
        ("windows-1252", ";", "a.csv"),
        ("utf-16", "\t", "a.txt.csv"),
        ("utf-16", "\t", "a.tsv"),
        ("utf-16", "\t", "Book1.txt"),
        ("utf-8", ";", "a.CSV"),
        ("utf-8-sig", ";", "a.csv"),
        ("utf-8", "|", "a.csv"),
    ],
)
def test_f10_a_table_is_kept_as_it_came_and_shown_as_a_table(
    world: World, encoding: str, separator: str, name: str
) -> None:
    made = kept(world, ROWS.format(separator).encode(encoding), name)

    page = signed_in(world.alice).get(address_of(made) + "?table")

    html = page.content.decode()
    assert made.type == "text/csv"
    assert '<th scope="col">Stadt</th><th scope="col">Preis</th>' in html
    assert "<td>Köln</td><td>3,50 €</td>" in html
    assert "<td>“München”</td><td>4</td>" in html
    assert page["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self';")


@pytest.mark.parametrize("encoding", ["utf-16", "windows-1252"])
def test_f10_text_of_windows_is_text(world: World, encoding: str) -> None:
    made = kept(world, ROWS.format(" ").encode(encoding), "Book1.txt")

    answer = signed_in(world.alice).get(address_of(made))

    assert (made.type, answer["Content-Type"]) == ("text/plain", "text/plain")
    assert b"".join(answer.streaming_content) == ROWS.format(" ").encode(encoding)  # type: ignore[attr-defined]


def test_f10_code_in_a_table_is_shown_and_not_run(world: World) -> None:
    made = kept(world, b'"a","<b>x</b>"\n"=1+1","line 1\nline 2"\n', "a.csv")

    html = signed_in(world.alice).get(address_of(made) + "?table").content.decode()

    assert "&lt;b&gt;x&lt;/b&gt;" in html
    assert "<td>=1+1</td><td>line 1\nline 2</td>" in html


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"a;b\n" * (MOST_ROWS + 5), "Only the beginning is shown"),
        (b"a;" * 80 + b"\n", "Only the beginning is shown"),
        (b"a;" + b"x" * 200_000 + b"\n", "Only the beginning is shown"),
        (b"\n\n", "The table is empty."),
        (b"one column\nonly\n", "one column"),
    ],
)
def test_f10_a_table_that_is_too_large_or_empty_says_so(
    world: World, content: bytes, told: str
) -> None:
    made = kept(world, content, "a.csv")

    assert told in words(signed_in(world.alice).get(address_of(made) + "?table"))


def test_f10_only_a_table_is_shown_as_one(world: World) -> None:
    made = make_file(world.alice, world.acme)

    answer = signed_in(world.alice).get(address_of(made) + "?table")

    assert b"".join(answer.streaming_content).startswith(b"\x89PNG")  # type: ignore[attr-defined]
    assert answer["Content-Type"] == "image/png"
