"""What a WordPress would refuse or change of a page, known before the page is approved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from delivery.deliverables.manifest import FileEntry

# Of the files that can be in a version: WordPress knows neither these endings nor their types.
UNKNOWN_ENDINGS = frozenset({"json", "log", "markdown", "md", "text", "yaml", "yml"})
_TEXTS = {
    "title": "title",
    "excerpt": "excerpt",
    "body_html": "text",
}
_MOST_NAMED = 5


def beyond_16_bits(content: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the characters that MySQL's older utf8 cannot store, by the name of their field."""
    found = {}
    for name, text in _texts(content):
        signs = dict.fromkeys(sign for sign in text if ord(sign) > 0xFFFF)  # noqa: PLR2004
        if signs:
            found[name] = "".join(signs)
    return found


def emoji_faults(content: Mapping[str, Any]) -> list[str]:
    """Return the sentences for a site whose database does not store such characters."""
    return [
        f"The site's database cannot store “{signs[:_MOST_NAMED]}” in the {name}. Remove it, or "
        f"have the tables of the site converted to utf8mb4."
        for name, signs in beyond_16_bits(content).items()
    ]


def file_faults(files: Sequence[FileEntry]) -> list[str]:
    return [
        f"{file.name}: WordPress does not take files of this type. Send it as a PDF or as .txt."
        for file in files
        if PurePath(file.name).suffix.lstrip(".").lower() in UNKNOWN_ENDINGS
    ]


def _texts(content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, label in _TEXTS.items():
        yield label, str(content.get(name) or "")
    seo, terms = content.get("seo") or {}, content.get("terms") or {}
    for name, text in seo.items():
        yield f"SEO {name}", str(text)
    for name, words in terms.items():
        yield name, " ".join(map(str, words))
