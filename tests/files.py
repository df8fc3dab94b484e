"""Tiny files of every kind, honest and hostile, and uploads made of them."""

from __future__ import annotations

import struct
import wave
import zipfile
import zlib
from io import BytesIO
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from routing.models import Client, File, User
from routing.work.file_types.streams import EICAR as LOWER_EICAR
from routing.work.operations import files
from tests.world import by

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}" + b"$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
assert EICAR.lower() == LOWER_EICAR
SVG = (
    b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
)
HTML = b"<!doctype html><title>x</title><script>alert(1)</script>"
PHP = b"<?php system($_GET['c']); ?>"
EXE = b"MZ\x90\x00\x03\x00\x00\x00" + b"\0" * 120 + b"PE\0\0" + b"\0" * 200


def image(
    kind: str = "PNG", width: int = 8, height: int = 6, colour: Any = (200, 30, 30), **options: Any
) -> bytes:
    out = BytesIO()
    Image.new("RGB", (width, height), colour).save(out, kind, **options)
    return out.getvalue()


def png(width: int = 8, height: int = 6, **options: Any) -> bytes:
    return image("PNG", width, height, **options)


def jpeg(width: int = 8, height: int = 6, **options: Any) -> bytes:
    return image("JPEG", width, height, **options)


def pdf(text: str = "Hello") -> bytes:
    body = f"BT /F1 12 Tf 20 100 Td ({text}) Tj ET".encode()
    return b"".join(
        (
            (
                b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 "  # noqa: E501
                b"R]/Count 1>>endobj\n"
            ),
            b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents 4 0 R>>endobj\n",
            b"4 0 obj<</Length %d>>stream\n%s\nendstream endobj\n" % (len(body), body),
            b"trailer<</Root 1 0 R>>\n%%EOF\n",
        )
    )


def zipped(members: dict[str, bytes]) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def office(mark: str = "word/document.xml", *more: str) -> bytes:
    """:param more: names of other members"""
    return zipped(dict.fromkeys(("[Content_Types].xml", mark, *more), b"<x/>"))


def mp4(brand: bytes = b"isom") -> bytes:
    return (
        struct.pack(">I", 24)
        + b"ftyp"
        + brand
        + b"\0\0\2\0"
        + brand
        + brand
        + struct.pack(">I", 8)
        + b"mdat"
    )


def webm() -> bytes:
    return (
        b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\xf7\x81\x01\x42\xf2\x81\x04\x42\xf3\x81\x08\x42\x82\x84webm"
        + b"\0" * 40
    )


def mp3() -> bytes:
    return b"ID3\x03\0\0\0\0\0\0" + b"\xff\xfb\x90\x00" + b"\0" * 413


def wav() -> bytes:
    out = BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(8000)
        sound.writeframes(b"\x80" * 80)
    return out.getvalue()


def gif_with(code: bytes = PHP) -> bytes:
    """A GIF that shows, with code behind its end."""
    return image("GIF") + code


def flood(width: int = 60_000, height: int = 60_000) -> bytes:
    """A PNG of a few bytes whose header promises billions of pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content))
            + kind
            + content
            + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n"
        + header
        + chunk(b"IDAT", zlib.compress(b"\0" * 100))
        + chunk(b"IEND", b"")
    )


def zip_bomb(megabytes: int = 20) -> bytes:
    return zipped({"bomb": b"\0" * (megabytes << 20)})


def upload(content: bytes, name: str = "logo.png") -> SimpleUploadedFile:
    """As a form or a test client sends it."""
    return SimpleUploadedFile(name, content)


def make_file(
    user: User,
    client: Client | None = None,
    *,
    content: bytes | None = None,
    name: str = "logo",
) -> File:
    """A kept file, a small PNG unless said otherwise. Its type gives it an ending."""
    return files.keep(
        ContentFile(png() if content is None else content),
        name=name,
        client=client,
        by=by(user),
        at=timezone.now(),
    )
