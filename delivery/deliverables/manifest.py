"""Content of one version and the digest that approvals and checks bind to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from unicodedata import normalize

from routing.kernel.canonical import as_json

FORMAT = 1  # of the canonical text: a digest is only comparable within one


@dataclass(frozen=True, slots=True)
class FileEntry:
    role: str  # what it is for: "hero", "content", "download" …
    sha256: str  # lower-case hex; the body refers to it as src="asset:<sha256>"
    name: str
    type: str  # as sniffed from the bytes, such as "image/jpeg"
    size: int  # bytes
    width: int | None = None  # pixels, of images only
    height: int | None = None
    alt: str = ""


@dataclass(frozen=True, slots=True)
class Manifest:
    title: str = ""
    slug: str = ""
    excerpt: str = ""
    body_html: str = ""  # as `sanitise` left it
    seo_title: str = ""
    seo_description: str = ""
    terms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # "categories" and "tags"
    files: tuple[FileEntry, ...] = ()


TEXTS = ("title", "slug", "excerpt", "body_html", "seo_title", "seo_description")


def canonical(manifest: Manifest) -> str:
    """
    The manifest as canonical JSON: the same for whoever sees the same.

    Text is NFC with ``\\n`` line ends; terms are sets, so their order is none; the order of files
    is kept. Size and dimensions of a file follow from its sha256 and are left out, so a later,
    better measurement is no other version.
    """
    document: dict[str, Any] = {name: normal(getattr(manifest, name)) for name in TEXTS}
    document["format"] = FORMAT
    document["terms"] = {
        normal(kind): sorted({normal(term) for term in terms})
        for kind, terms in manifest.terms.items()
        if terms
    }
    document["files"] = [
        {
            "role": normal(file.role),
            "sha256": file.sha256.lower(),
            "name": normal(file.name),
            "type": file.type,
            "alt": normal(file.alt),
        }
        for file in manifest.files
    ]
    return as_json(document)


def digest(manifest: Manifest) -> str:
    """SHA-256 of the canonical JSON in UTF-8, as hex."""
    return sha256(canonical(manifest).encode("utf-8", "surrogatepass")).hexdigest()


def normal(text: str) -> str:
    """
    Text in NFC with ``\n`` line ends: what two people who typed the same on different keyboards
    have in common.
    """
    return normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
