"""What is kept of uploads, and how they are told from each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from routing.models import File
from routing.storage import private
from tests import files
from tests.files import make_file
from tests.world import World


def kept_bytes() -> set[str]:
    """Everything in the private storage, unfinished files too."""
    root = Path(private().path(""))
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("content", "name", "kind", "pixels"),
    [
        (files.png(8, 6), "a.png", "image/png", (8, 6)),
        (files.jpeg(9, 7), "a.jpg", "image/jpeg", (9, 7)),
        (files.image("GIF"), "a.gif", "image/gif", (8, 6)),
        (files.image("WEBP"), "a.webp", "image/webp", (8, 6)),
        (files.image("AVIF", 32, 16), "a.avif", "image/avif", (32, 16)),
        (files.pdf(), "a.pdf", "application/pdf", (None, None)),
        (files.office(), "a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", (None, None)),
        (files.office("xl/workbook.xml"), "a.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", (None, None)),
        (
            files.office("ppt/presentation.xml"),
            "a.pptx",
            "application/vnd.openxmlformats-officedocument.presentationml.presentation",
            (None, None),
        ),
        (files.mp4(), "a.mp4", "video/mp4", (None, None)),
        (files.mp4(b"qt  "), "a.mov", "video/quicktime", (None, None)),
        (files.webm(), "a.webm", "video/webm", (None, None)),
        (files.mp3(), "a.mp3", "audio/mpeg", (None, None)),
        (files.wav(), "a.wav", "audio/wav", (None, None)),
        ("Grüße\n".encode(), "a.txt", "text/plain", (None, None)),
        ("\ufeffStadt,Preis\nKöln,3\n".encode(), "a.CSV", "text/csv", (None, None)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_is_what_its_bytes_are(world: World, content: bytes, name: str, kind: str, pixels: tuple[int | None, int | None]) -> None:
    made = make_file(world.alice, world.acme, content=content, name=name)

    kept = File.objects.get(pk=made.pk)
    assert (kept.type, kept.width, kept.height, kept.size) == (kind, *pixels, len(content))
    with private().open(kept.storage_key) as stored:
        assert stored.read() == content
