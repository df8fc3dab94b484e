"""
F5 and H3: pictures are kept upright and without what tells where they were taken, and decoded in
the background, one at a time, with limited memory.
"""

from __future__ import annotations

import fcntl
import resource
import struct
import subprocess
import sys
import zlib
from datetime import timedelta
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from PIL import Image, ImageCms, ImageOps, PngImagePlugin

from routing.kernel.storage import private
from routing.models import File, ImagePreview
from routing.work.file_types import drawing, separate
from routing.work.files_view import address_of
from routing.work.operations.files import NotKept, erase_uploads
from routing.work.operations.previews import draw_previews
from tests import files
from tests.desk import signed_in
from tests.files import make_file
from tests.portal import REQUESTER, invited, user_of
from tests.world import NOW, World, by

pytestmark = pytest.mark.usefixtures("own_folder", "without_second_factor")

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
SECRET = b"Alice at home"
NOISE = b"".join(sha256(bytes([number])).digest() for number in range(256))
ENDINGS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "AVIF": "avif", "GIF": "gif"}


def exif(orientation: int = 1) -> bytes:
    found = Image.Exif()
    found[drawing.ORIENTATION] = orientation
    found[0x010E], found[0x013B] = SECRET.decode(), SECRET.decode()  # what, and by whom
    found.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 18.0)})
    return found.tobytes()


def photo(kind: str, orientation: int = 1, **options: Any) -> bytes:
    """Wider than high, dark on its left half, with everything a camera writes into it."""
    picture = Image.new("RGB", (64, 32), (250, 250, 250))
    picture.paste((5, 5, 5), (0, 0, 32, 32))
    out = BytesIO()
    given: dict[str, Any] = {
        "exif": exif(orientation),
        "icc_profile": PROFILE,
        "xmp": b"<x:xmpmeta>%s" % SECRET,
    }
    if kind == "PNG":
        notes = PngImagePlugin.PngInfo()
        notes.add_text("Author", SECRET.decode(), zip=True)
        notes.add_itxt("XML:com.adobe.xmp", f"<x>{SECRET.decode()}</x>")
        given = {"exif": exif(orientation), "icc_profile": PROFILE, "pnginfo": notes}
    if kind == "GIF":
        given = {"comment": SECRET}
    if kind == "JPEG":
        given["comment"] = SECRET
    picture.save(out, kind, **given, **options)
    return out.getvalue()


def stored(file: File) -> bytes:
    with private().open(file.storage_key) as stream:
        content: bytes = stream.read()
    return content


def keep(world: World, kind: str, content: bytes) -> File:
    return make_file(world.alice, world.acme, content=content, name=f"a.{ENDINGS[kind]}")


@pytest.mark.parametrize("kind", ENDINGS)
def test_f5_nothing_tells_where_and_by_whom_a_picture_was_taken(world: World, kind: str) -> None:
    sent = photo(kind)
    kept = keep(world, kind, sent)

    content = stored(kept)
    shown = Image.open(BytesIO(content))
    assert SECRET in sent or kind == "PNG"
    assert SECRET not in content
    assert dict(shown.getexif()) == dict(shown.getexif().get_ifd(0x8825)) == {}
    assert not shown.info.get("xmp", b"").strip()
    assert kept.sha256 == sha256(content).hexdigest()
    assert kept.size == len(content)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_f5_the_colour_profile_and_the_pixels_are_kept(world: World, kind: str) -> None:
    sent = photo(kind)

    shown = Image.open(BytesIO(stored(keep(world, kind, sent))))

    assert shown.info["icc_profile"] == PROFILE
    assert shown.tobytes() == Image.open(BytesIO(sent)).tobytes()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(
    ("orientation", "size", "dark"),
    [(3, (64, 32), (60, 5)), (6, (32, 64), (16, 5)), (8, (32, 64), (16, 60))],
)
def test_f5_a_picture_is_turned_upright_before_its_digest_is_taken(
    world: World, kind: str, orientation: int, size: tuple[int, int], dark: tuple[int, int]
) -> None:
    kept = keep(world, kind, photo(kind, orientation))

    content = stored(kept)
    shown = Image.open(BytesIO(content))
    assert (shown.size, (kept.width, kept.height)) == (size, size)
    assert max(shown.convert("RGB").getpixel(dark)) < 40  # type: ignore[arg-type]
    assert dict(shown.getexif()) == {}
    assert shown.info["icc_profile"] == PROFILE
    assert kept.sha256 == sha256(content).hexdigest()


def test_f5_progressive_grey_and_cmyk_pictures_stay_what_they_are(world: World) -> None:
    for mode in ("L", "CMYK", "RGB"):
        out = BytesIO()
        Image.new(mode, (40, 30)).save(out, "JPEG", progressive=True, exif=exif(6))

        shown = Image.open(BytesIO(stored(keep(world, "JPEG", out.getvalue()))))

        assert (shown.mode, shown.size) == (mode, (30, 40))
        assert shown.info.get("progressive")


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_f5_an_animation_goes_on_moving(world: World, kind: str) -> None:
    frames = [Image.new("RGB", (8, 6), (shade, 0, 0)) for shade in (0, 100, 200)]
    out = BytesIO()
    frames[0].save(out, kind, save_all=True, append_images=frames[1:], duration=90, loop=0)

    shown = Image.open(BytesIO(stored(keep(world, kind, out.getvalue()))))

    assert getattr(shown, "n_frames", 1) == 3
    assert shown.info.get("loop") == 0


def test_h3_a_preview_is_never_drawn_in_the_request(world: World) -> None:
    made, browser = (
        make_file(world.alice, world.acme, content=files.png(300, 200)),
        signed_in(world.alice),
    )

    first = browser.get(address_of(made) + "?preview")
    between = ImagePreview.objects.get().picture
    drawn = draw_previews(clock=timezone.now)
    then = browser.get(address_of(made) + "?preview")

    assert (first.status_code, first["Content-Type"], between) == (202, "image/svg+xml", None)
    assert "ETag" not in first
    assert (drawn, then.status_code, then["Content-Type"]) == (1, 200, "image/webp")
    assert Image.open(BytesIO(then.content)).size == (300, 200)


def test_h3_a_preview_is_drawn_once_for_all_files_with_the_same_bytes(world: World) -> None:
    for _ in range(3):
        make_file(world.alice, world.acme)

    drawn = [draw_previews(clock=timezone.now) for _ in range(3)]

    assert (drawn, ImagePreview.objects.count()) == ([1, 0, 0], 1)


def test_h3_what_cannot_be_drawn_is_tried_once_and_has_none(world: World) -> None:
    cut = make_file(world.alice, content=files.jpeg(900, 900)[:-2000], name="a.jpg")

    draw_previews(clock=timezone.now)

    row = ImagePreview.objects.get()
    assert (row.picture, row.fault, row.attempts, row.due_at) == (None, "broken", 1, None)
    assert signed_in(world.alice).get(address_of(cut) + "?preview").status_code == 404


def test_h3_pictures_of_before_get_their_preview_when_somebody_looks(world: World) -> None:
    made = make_file(world.alice, world.acme)
    ImagePreview.objects.all().delete()

    signed_in(world.alice).get(address_of(made) + "?preview")

    assert draw_previews(clock=timezone.now) == 1


def test_h3_while_another_picture_is_drawn_a_worker_waits_and_an_upload_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(separate, "WAIT_S", 0.1)
    make_file(world.alice)
    with separate.lock_file().open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(NotKept) as refusal:
            keep(world, "JPEG", photo("JPEG", 6))
        started = timezone.now()
        later = started + timedelta(minutes=1)
        drawn = draw_previews(clock=iter([started, started, started, started, later]).__next__)

    row = ImagePreview.objects.get()
    assert (refusal.value.code, refusal.value.status, drawn) == ("busy", 503, 0)
    assert (row.attempts, row.fault, row.due_at) == (0, "", started)
    assert draw_previews(clock=timezone.now) == 1


def test_h3_a_row_whose_workers_died_is_given_up(world: World) -> None:
    make_file(world.alice)
    ImagePreview.objects.update(attempts=ImagePreview.MOST_ATTEMPTS)

    draw_previews(clock=timezone.now)

    row = ImagePreview.objects.get()
    assert (row.fault, row.due_at) == ("failed", None)


def test_h3_an_erased_picture_leaves_no_preview(world: World) -> None:
    contact = invited(world, "Carla", (world.acme, REQUESTER))
    make_file(user_of(contact), world.acme)
    draw_previews(clock=timezone.now)

    erase_uploads(contact.pk, by=by(world.olga), at=NOW)

    assert not ImagePreview.objects.exists()


def flood(width: int, height: int) -> bytes:
    """A PNG of one colour that is small as a file, and large once it is decoded."""
    rows = zlib.compressobj(9)
    line = b"\0" + b"\x20\x40\x60" * width
    content = b"".join(rows.compress(line) for _ in range(height)) + rows.flush()

    def chunk(kind: bytes, raw: bytes) -> bytes:
        return struct.pack(">I", len(raw)) + kind + raw + struct.pack(">I", zlib.crc32(kind + raw))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", content) + chunk(b"IEND", b"")


def test_h3_a_process_that_draws_gets_no_more_memory_than_its_share() -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import drawing; drawing.limit();"
        "bytearray(drawing.MEMORY_BYTES)"
    )
    folder = str(Path(drawing.__file__).parent)

    ended = subprocess.run(
        [sys.executable, "-I", "-c", code, folder], capture_output=True, check=False
    )

    assert ended.returncode == 1
    assert b"MemoryError" in ended.stderr


@pytest.mark.drill
def test_h3_a_flood_of_pixels_stays_within_its_share(world: World) -> None:
    made = make_file(world.alice, world.acme, content=flood(7000, 7100))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    drawn = draw_previews(clock=timezone.now)

    # The process that draws is bound to its share, and would have failed with more. Its own figure
    # says nothing here, because Linux counts to it what this process held when it began.
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert (made.size < 300_000, drawn) == (True, 1)
    assert grown * 1024 < 100 << 20


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "I;16", "P", "L", "1"])
@pytest.mark.parametrize("orientation", drawing.TURNED)
def test_h3_strips_of_a_picture_are_turned_as_the_whole_would_be(
    monkeypatch: pytest.MonkeyPatch, mode: str, orientation: int
) -> None:
    monkeypatch.setattr(drawing, "STRIP_ROWS", 7)
    picture = Image.frombytes(mode, (32, 45), NOISE[: len(Image.new(mode, (32, 45)).tobytes())])
    if mode == "P":
        picture.putpalette(NOISE[:768])
    source, out = BytesIO(), BytesIO()
    picture.save(source, "PNG")

    drawing.upright(source, out, "image/png", str(orientation))

    picture.getexif()[drawing.ORIENTATION] = orientation
    right = ImageOps.exif_transpose(picture)
    with Image.open(out) as turned:
        assert (turned.mode, turned.size) == (right.mode, right.size)
        assert turned.tobytes() == right.tobytes()


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "I;16"])
def test_h3_a_preview_is_drawn_strip_by_strip(monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    monkeypatch.setattr(drawing, "STRIP_ROWS", 64)
    grey = Image.linear_gradient("L").resize((900, 600))
    wide = grey.convert("I").point(lambda value: value * 256).convert("I;16")
    source, out = BytesIO(), BytesIO()
    (wide if mode == "I;16" else grey.convert(mode)).save(source, "PNG")

    drawing.preview(source, out, "image/png", "90")

    with Image.open(out) as small:
        shown = small.convert("L")
    right = grey.resize((90, 60))
    assert shown.size == right.size
    differences = [
        abs(seen - due) for seen, due in zip(shown.tobytes(), right.tobytes(), strict=True)
    ]
    assert max(differences) < 8


def test_h3_the_process_that_draws_cannot_exceed_its_limit(tmp_path: Path) -> None:
    content = tmp_path / "flood.png"
    content.write_bytes(files.flood())

    with (
        content.open("rb") as stream,
        pytest.raises(NotKept, match="megapixels"),
        separate.drawn("preview", stream, "image/png", 1200),
    ):
        pass
