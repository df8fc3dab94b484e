"""The content of one version, and the digest that approvals and checks bind to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from unicodedata import normalize

from routing.kernel.canonical import as_json

# Part of the canonical text. Digests of different formats cannot be compared.
FORMAT = 1


@dataclass(frozen=True, slots=True)
class FileEntry:
    role: str  # its purpose: "hero", "content", "download" …
    sha256: str  # lower-case hex; the body refers to it as src="asset:<sha256>"
    name: str
    type: str  # detected from the bytes, such as "image/jpeg"
    size: int  # bytes
    width: int | None = None  # pixels, of images only
    height: int | None = None
    alt: str = ""


@dataclass(frozen=True, slots=True)
class Manifest:
    title: str = ""
    slug: str = ""
    excerpt: str = ""
    body_html: str = ""  # sanitised
    seo_title: str = ""
    seo_description: str = ""
    terms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # "categories" and "tags"
    files: tuple[FileEntry, ...] = ()


TEXTS = ("title", "slug", "excerpt", "body_html", "seo_title", "seo_description")


def canonical(manifest: Manifest) -> str:
    """
    Return the manifest as canonical JSON: equal content gives equal text.

    Text is NFC with ``\\n`` line ends. Terms are sets, so their order does not count; the order of
    files does.
    """
    document: dict[str, Any] = {name: normal(getattr(manifest, name)) for name in TEXTS}
    document["format"] = FORMAT
    document["terms"] = _terms(manifest)
    # Size and dimensions of a file follow from its sha256. They are left out, so that measuring an
    # image again, and better, does not make another version of it.
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


def _terms(manifest: Manifest) -> dict[str, list[str]]:
    found = {}
    for kind, terms in manifest.terms.items():
        if terms:
            found[normal(kind)] = sorted({normal(term) for term in terms})
    return found


def digest(manifest: Manifest) -> str:
    """Return the SHA-256 of the canonical JSON in UTF-8, as hex."""
    return sha256(canonical(manifest).encode("utf-8", "surrogatepass")).hexdigest()


def normal(text: str) -> str:
    """
    Return a text in NFC with ``\\n`` line ends.

    Two people who type the same text on different systems then get equal strings.
    """
    return normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
