"""Accepted uploads and their detection."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from pytest_django import Settings

from routing.kernel.storage import private
from routing.models import File
from routing.work.file_types.names import MOST_BYTES, clean
from routing.work.operations import files as operations
from routing.work.operations.files import NotKept
from tests import files
from tests.files import make_file
from tests.storages import lying
from tests.world import NOW, World, by

pytestmark = pytest.mark.usefixtures("own_folder")

UTF16 = b"\xff\xfe"
OFFICE = "application/vnd.openxmlformats-officedocument."


@pytest.mark.parametrize(
    ("content", "name", "kind", "pixels"),
    [
        (files.png(8, 6), "a.png", "image/png", (8, 6)),
        (files.jpeg(9, 7), "a.jpg", "image/jpeg", (9, 7)),
        (files.image("GIF"), "a.gif", "image/gif", (8, 6)),
        (files.image("WEBP"), "a.webp", "image/webp", (8, 6)),
        (files.image("AVIF", 32, 16), "a.avif", "image/avif", (32, 16)),
        (files.pdf(), "a.pdf", "application/pdf", (None, None)),
        (files.office(), "a.docx", OFFICE + "wordprocessingml.document", (None, None)),
        (files.office("xl/workbook.xml"), "a.xlsx", OFFICE + "spreadsheetml.sheet", (None, None)),
        (
            files.office("ppt/presentation.xml"),
            "a.pptx",
            OFFICE + "presentationml.presentation",
            (None, None),
        ),
        (files.mp4(), "a.mp4", "video/mp4", (None, None)),
        (files.mp4(b"qt  "), "a.mov", "video/quicktime", (None, None)),
        (files.webm(), "a.webm", "video/webm", (None, None)),
        (files.mp3(), "a.mp3", "audio/mpeg", (None, None)),
        (files.wav(), "a.wav", "audio/wav", (None, None)),
        ("Grüße\n".encode(), "a.txt", "text/plain", (None, None)),
        ("\ufeffStadt,Preis\nKöln,3\n".encode(), "a.CSV", "text/csv", (None, None)),
        (files.png(), "holiday.php.png", "image/png", (8, 6)),  # endings before the last do nothing
        (files.jpeg(), "a.JPEG", "image/jpeg", (8, 6)),
        (files.jpeg(), "a.jfif", "image/jpeg", (8, 6)),
        ("Grüße".encode("utf-16"), "a.txt", "text/plain", (None, None)),
        ("Grüße".encode("latin-1"), "a.txt", "text/plain", (None, None)),
        (b"# Notes\n", "a.md", "text/plain", (None, None)),
    ],
)
def test_a_file_is_what_its_bytes_are(
    world: World, content: bytes, name: str, kind: str, pixels: tuple[int | None, int | None]
) -> None:
    made = make_file(world.alice, world.acme, content=content, name=name)

    kept = File.objects.get(pk=made.pk)
    assert (kept.type, kept.width, kept.height, kept.size, kept.scan) == (
        kind,
        *pixels,
        len(content),
        "not_scanned",
    )
    with private().open(kept.storage_key) as stored:
        assert stored.read() == content


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (b"", "a.png", "empty"),
        (files.SVG, "a.svg", "name"),
        (files.SVG, "a.png", "type"),
        (files.HTML, "a.txt", "type"),
        (files.PHP, "a.txt", "type"),
        (b"Hello <?php system(1); ?>", "a.txt", "type"),
        (b"#!/bin/sh\nrm -rf /\n", "a", "type"),
        (files.EXE, "a.png", "type"),
        (b"\x7fELF" + b"\0" * 100, "a", "type"),
        (files.png(), "a.exe", "name"),
        (files.png(), "photo.png.html", "name"),
        (files.gif_with(files.PHP), "a.gif", "program"),
        (files.gif_with(files.HTML), "a.gif", "program"),
        (files.png() + b"<SCRIPT>alert(1)</SCRIPT>", "a.png", "program"),
        (files.png()[:60], "a.png", "broken"),
        (b"GIF89a" + b"\0" * 20, "a.gif", "broken"),
        (files.flood(), "a.png", "too_many_pixels"),
        (files.flood(8001, 8000), "a.png", "too_many_pixels"),
        (files.zip_bomb(), "a.zip", "archive"),
        (files.zipped({"../../etc/cron.d/x": b"x"}), "a.zip", "archive"),
        (files.office("word/document.xml", "../../x"), "a.docx", "archive"),
        (files.office("word/document.xml", "/etc/x"), "a.docx", "archive"),
        (files.office("word/document.xml", "word/vbaProject.bin"), "a.docx", "macros"),
        (b"PK\x03\x04" + b"\0" * 40, "a.docx", "broken"),
        (files.office()[:-10], "a.docx", "broken"),
        (files.EICAR, "a.txt", "virus"),
        (files.png() + files.EICAR, "a.png", "virus"),
        (UTF16 + files.EICAR.decode().encode("utf-16-le"), "a.txt", "virus"),
        (files.EICAR.decode().encode("utf-16"), "a.csv", "virus"),
        (files.png() + files.EICAR.decode().encode("utf-16-be"), "a.png", "virus"),
        (b"\xef\xbb\xbf", "a.txt", "empty"),
        (UTF16, "a.txt", "empty"),
        (files.pdf().replace(b"/Type/Catalog", b"/OpenAction<</S/JavaScript>>"), "a.pdf", "acts"),
        (b"%PDF-1.4\n<html><script>x()</script></html>\n" + files.pdf(), "a.pdf", "code"),
        (files.mp4() + b"<script>alert(1)</script>", "a.mp4", "code"),
        (files.mp3() + files.PHP, "a.mp3", "code"),
        (files.png() + b"<svg onload=alert(1)>", "a.png", "program"),
        (b"text\0text", "a.txt", "type"),
        ("Grüße".encode("utf-16-le"), "a.txt", "type"),
        ("Grüße".encode("utf-32"), "a.txt", "type"),
        (b"\x81\x8d in no code page", "a.txt", "type"),
    ],
)
def test_what_could_harm_is_refused_with_what_to_do(
    world: World, content: bytes, name: str, code: str
) -> None:
    with pytest.raises(NotKept) as refusal:
        make_file(world.alice, world.acme, content=content, name=name)

    assert refusal.value.code == code
    assert len(str(refusal.value)) > 40
    assert not File.objects.exists()
    assert lying() == []


def test_h17_four_signs_that_stand_in_a_photo_by_chance_are_no_drawing(world: World) -> None:
    """Of large photos one in a hundred has them, and was refused."""
    png = files.png()
    kept = make_file(world.alice, content=png[:-12] + comment(b"\x9a<SvG\x07\x81") + png[-12:])

    assert kept.type == "image/png"


def comment(text: bytes) -> bytes:
    """A chunk of a PNG that is left out when it is kept."""
    raw = b"tEXt" + text
    return struct.pack(">I", len(text)) + raw + struct.pack(">I", zlib.crc32(raw))


def test_a_zip_whose_directory_would_fill_the_memory_is_not_read(world: World) -> None:
    content = files.zipped({f"{number}-{'x' * 200}": b"" for number in range(5000)})

    with pytest.raises(NotKept, match="Archives are not accepted"):
        make_file(world.alice, content=content, name="a.docx")


def test_marks_are_found_across_the_borders_of_reading(world: World) -> None:
    content = b"a" * ((1 << 16) - 30) + files.EICAR

    with pytest.raises(NotKept, match="contains a virus"):
        make_file(world.alice, content=content, name="a.txt")


def test_what_is_too_large_is_refused_with_the_limit(world: World, settings: Settings) -> None:
    settings.FILE_MAX_BYTES = 1000

    with pytest.raises(NotKept) as refusal:
        make_file(world.alice, content=b"x" * 1001, name="a.txt")

    assert refusal.value.code == "too_large"
    assert "larger than 1 kB." in str(refusal.value)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("C:\\Users\\me\\Logo.png", "Logo.png"),
        ("../../etc/passwd", "passwd"),
        ("photo\u202egnp.exe", "photognp.exe"),  # shown as photoexe.png
        ("a\u200bb\u2066c\ufeff.png", "abc.png"),
        ("a\r\nSet-Cookie: x.png", "a Set-Cookie_ x.png"),
        ("x.txt::$DATA", "x.txt__$DATA"),
        ("con.txt", "_con.txt"),
        ("LPT1", "_LPT1"),
        ("console.txt", "console.txt"),
        ("nul\0byte.png", "nulbyte.png"),
        ("\ud800half.png", "?half.png"),
        (".htaccess", "htaccess"),
        ("  two   words . ", "two words"),
        ("e\u0301.png", "é.png"),
        ("\u202e", "file"),
        ("..", "file"),
        ("", "file"),
        ("report.tar.pdf", "report.tar.pdf"),
    ],
)
def test_names_are_cleaned_of_what_misleads(given: str, shown: str) -> None:
    assert clean(given) == shown


@pytest.mark.parametrize(
    "name",
    [
        "x" * 255 + ".png",
        "ü" * 300 + ".png",
        "😀" * 100 + ".jpeg",
        "." + "y" * 400,
        "a." + "z" * 300,
    ],
)
def test_long_names_are_shortened_and_keep_their_ending(name: str) -> None:
    shown = clean(name)

    assert 0 < len(shown.encode()) <= MOST_BYTES
    assert not name.endswith((".png", ".jpeg")) or shown.endswith((".png", ".jpeg"))


def test_a_stream_need_not_be_at_its_beginning(world: World) -> None:
    upload = ContentFile(files.pdf())
    upload.read()

    made = operations.keep(upload, name="a.pdf", client=None, by=by(world.alice), at=NOW)

    assert Path(private().path(made.storage_key)).read_bytes() == files.pdf()
