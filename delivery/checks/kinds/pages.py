"""Checks of the body for accessibility (WCAG 2.2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from delivery.checks.kinds.base import CheckKind, Finding, Param, ParamType, or_passed, quote, said
from delivery.checks.kinds.page import HEADINGS, CheckedPage, Image

EMPTY_PHRASES = [
    "image of",
    "picture of",
    "photo of",
    "graphic of",
    "Bild von",
    "Foto von",
    "Grafik von",
]
_ENDINGS = ["jpg", "jpeg", "png", "gif", "webp", "avif", "svg", "tif", "tiff", "bmp", "heic"]


def alt_text(page: CheckedPage, params: Mapping[str, Any]) -> list[Finding]:
    # https://www.w3.org/WAI/WCAG22/Understanding/non-text-content requires alt text. A file name is
    # not one (https://www.w3.org/WAI/WCAG22/Techniques/failures/F30), and an empty one marks a
    # decorative image (https://www.w3.org/WAI/WCAG22/Techniques/html/H67).
    names = {f"asset:{file.sha256.lower()}": file.name for file in page.manifest.files}
    return or_passed(_alternatives(page, names, params), _("All images have alt text."))


def _alternatives(
    page: CheckedPage, names: Mapping[str, str], params: Mapping[str, Any]
) -> Iterator[Finding]:
    for number, image in enumerate(page.images, 1):
        name = names.get(image.src.lower(), "")
        if problem := _alt_problem(image.alt, name, params):
            yield Finding(
                False, problem, _shown(image, name), said(_("body, image {number}"), number=number)
            )
    # Images that the body does not show, such as the main image, are published with their alt text.
    shown = {image.src.lower() for image in page.images}
    for file in page.manifest.files:
        outside = file.type.startswith("image/") and f"asset:{file.sha256.lower()}" not in shown
        if outside and (problem := _alt_problem(file.alt, file.name, params)):
            place = said(_("file with role “{role}”"), role=quote(file.role))
            yield Finding(False, problem, _shown(Image("", file.alt), file.name), place)


def _alt_problem(alt: str | None, name: str, params: Mapping[str, Any]) -> Any:
    if alt is None:
        return _("The image has no alt text. Describe what it shows.")
    text = " ".join(alt.split()).casefold()
    if not text:
        if params["allow_decorative"]:
            return ""
        return _("The alt text is empty. Describe what the image shows.")
    stem = name.rpartition(".")[0] or name
    if text in {name.casefold(), stem.casefold()} or _is_file_name(text):
        return _("The alt text is a file name. Describe what the image shows.")
    if any(text.startswith(phrase.casefold()) for phrase in params["empty_phrases"]):
        return _(
            "Do not start with “image of”: screen readers already announce it. Describe what it "
            "shows."
        )
    return ""


def _is_file_name(text: str) -> bool:
    stem, _dot, ending = text.rpartition(".")
    return bool(stem) and " " not in text and ending in _ENDINGS


def _shown(image: Image, name: str) -> str:
    shown = name or image.src or "?"
    if image.alt:
        shown = f"{shown}: “{image.alt}”"
    return quote(shown)


def heading_order(page: CheckedPage, params: Mapping[str, Any]) -> list[Finding]:
    # https://www.w3.org/WAI/WCAG22/Techniques/html/H42 and
    # https://www.w3.org/WAI/WCAG22/Techniques/general/G141
    return or_passed(
        _steps(page, int(params["first_level"])),
        _("Headings start at the right level, skip no level and are not empty."),
    )


def _steps(page: CheckedPage, first: int) -> Iterator[Finding]:
    before = first - 1
    for number, heading in enumerate(page.headings, 1):
        level, text = HEADINGS[heading.tag], heading.text
        place = said(_("body, heading {number}"), number=number)
        if not text:
            yield Finding(
                False,
                said(_("A heading of level {level} is empty."), level=level),
                f"<{heading.tag}></{heading.tag}>",
                place,
            )
        if level < first:
            message = _("Level {level} is reserved for the page title. Start at level {first}.")
            yield Finding(False, said(message, level=level, first=first), quote(text), place)
        elif level > before + 1:
            yield Finding(
                False,
                said(_("Level {level} follows level {before}."), level=level, before=before),
                quote(text),
                place,
            )
        before = max(level, first - 1)


def table_headers(page: CheckedPage, params: Mapping[str, Any]) -> list[Finding]:
    # https://www.w3.org/WAI/WCAG22/Techniques/html/H51
    findings = (
        Finding(
            False,
            _("The table has no header cells."),
            quote(table.text),
            said(_("body, table {number}"), number=number),
        )
        for number, table in enumerate(page.tables, 1)
        if table.cells and not table.headers
    )
    return or_passed(findings, _("All tables have header cells."))


KINDS = (
    CheckKind(
        "alt_text",
        _("Alt text"),
        _("All images must have alt text."),
        (
            Param(
                "allow_decorative",
                _("Allow empty alt text for decorative images"),
                ParamType.BOOLEAN,
                False,
            ),
            Param("empty_phrases", _("Openings to reject"), ParamType.TERMS, EMPTY_PHRASES),
        ),
        alt_text,
        reads_body=True,
    ),
    CheckKind(
        "heading_order",
        _("Heading order"),
        _("Headings must start below the title, skip no level and not be empty."),
        (
            Param(
                "first_level",
                _("First heading level in the body"),
                ParamType.CHOICE,
                "2",
                choices=("1", "2", "3", "4"),
            ),
        ),
        heading_order,
        reads_body=True,
    ),
    CheckKind(
        "table_headers",
        _("Table headers"),
        _("All tables have header cells."),
        (),
        table_headers,
        reads_body=True,
    ),
)
