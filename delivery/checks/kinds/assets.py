"""Checks of files: presence, type, size, dimensions, and use in the body."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from delivery.checks.kinds.base import CheckKind, Finding, Param, ParamType, or_passed, quote, said
from delivery.checks.kinds.page import CheckedPage
from delivery.deliverables.manifest import FileEntry

MEGABYTE = 1_000_000
TYPES = (
    "image/jpeg",
    "image/png",
    "image/webp",
    "image/avif",
    "image/gif",
    "application/pdf",
    "video/mp4",
)
ROLES = Param("roles", _("Only files with these roles"), ParamType.TERMS, [])


def required_assets(page: CheckedPage, params: Mapping[str, Any]) -> list[Finding]:
    counts = Counter(file.role for file in page.manifest.files)
    roles: Mapping[str, int] = params["roles"]
    if not roles and not page.manifest.files:
        return [Finding(False, _("There are no files."), place=_("files"))]
    findings = (
        Finding(
            False,
            said(
                _("Role “{role}” requires {wanted}; {found} found."),
                wanted=wanted,
                role=role,
                found=counts[role],
            ),
            place=_("files"),
        )
        for role, wanted in sorted(roles.items())
        if counts[role] < wanted
    )
    return or_passed(findings, _("All required files are present."))


def file_types(page: CheckedPage, params: Mapping[str, Any]) -> list[Finding]:
    allowed = {name.casefold() for name in params["types"]}
    findings = (
        Finding(
            False,
            said(_("{type} is not an allowed type."), type=quote(file.type) or "?"),
            quote(file.name),
            _place(file),
        )
        for file in _files(page, params["roles"])
        if file.type.casefold() not in allowed
    )
    return or_passed(findings, _("All files have an allowed type."))


def max_size(page: CheckedPage, params: Mapping[str, Any]) -> list[Finding]:
    most: Decimal = params["megabytes"]
    message = _("The file has {size} MB; the limit is {most} MB.")
    findings = (
        Finding(
            False,
            said(message, size=f"{file.size / MEGABYTE:.1f}", most=most),
            quote(file.name),
            _place(file),
        )
        for file in _files(page, params["roles"])
        if file.size > most * MEGABYTE
    )
    return or_passed(findings, _("All files are within the size limit."))


def image_dimensions(page: CheckedPage, params: Mapping[str, Any]) -> list[Finding]:
    images = (file for file in _files(page, params["roles"]) if file.type.startswith("image/"))
    findings: list[Finding] = []
    for image in images:
        findings += _shape(image, params)
    return or_passed(findings, _("All images have the required dimensions."))


def file_use(page: CheckedPage, params: Mapping[str, Any]) -> list[Finding]:
    used = {
        image.src.removeprefix("asset:").lower()
        for image in page.images
        if image.src.startswith("asset:")
    }
    there = {file.sha256.lower() for file in page.manifest.files}
    missing = (
        Finding(
            False,
            _("The body refers to a file that this version does not have."),
            f"asset:{name}",
            _("body"),
        )
        for name in sorted(used - there)
    )
    empty = (
        Finding(
            False,
            _(
                "The image has no address, or one that is left out: it is not https, or has a user "
                "name or password."
            ),
            quote(image.alt or ""),
            said(_("body, image {number}"), number=number),
        )
        for number, image in enumerate(page.images, 1)
        if not image.src
    )
    # Only roles that belong into the body: a main image or a download is shown elsewhere.
    unused = (
        Finding(
            False,
            _("The file belongs to this version, but the body does not show it."),
            quote(file.name),
            _place(file),
        )
        for file in page.manifest.files
        if file.role in params["roles"] and file.sha256.lower() not in used
    )
    return or_passed([*missing, *empty, *unused], _("The body and the files match."))


def _files(page: CheckedPage, roles: Iterable[str]) -> Iterator[FileEntry]:
    wanted = set(roles)
    return (file for file in page.manifest.files if not wanted or file.role in wanted)


def _place(file: FileEntry) -> Any:
    return said(_("file with role “{role}”"), role=quote(file.role))


def _shape(file: FileEntry, params: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield a finding for each required dimension that an image does not have."""
    if not file.width or not file.height:
        yield Finding(False, _("The dimensions could not be read."), quote(file.name), _place(file))
        return
    problems = [
        *_side(file.width, _("width"), params, "width"),
        *_side(file.height, _("height"), params, "height"),
        *_ratio(file.width, file.height, params),
    ]
    found = quote(f"{file.name[:80]}: {file.width} × {file.height} px")
    for problem in problems:
        yield Finding(False, problem, found, _place(file))


def _side(number: int, name: StrOrPromise, params: Mapping[str, Any], side: str) -> Iterator[Any]:
    least, most, exact = params[f"min_{side}"], params[f"max_{side}"], params[side]
    if exact and number != exact:
        yield said(_("The {side} must be exactly {wanted} px."), side=name, wanted=exact)
    if least and number < least:
        yield said(_("The {side} must be at least {wanted} px."), side=name, wanted=least)
    if most and number > most:
        yield said(_("The {side} must be at most {wanted} px."), side=name, wanted=most)


def _ratio(width: int, height: int, params: Mapping[str, Any]) -> Iterator[Any]:
    across, down = params["ratio_width"], params["ratio_height"]
    if not across or not down:
        return
    # Multiplied out instead of divided: 1600 × 901 compares exactly, without rounding.
    difference = abs(width * down - height * across)
    if difference * 100 > params["tolerance"] * height * across:
        yield said(_("The aspect ratio must be {across}:{down}."), across=across, down=down)


def _pixels(name: str, label: Any) -> Param:
    return Param(name, label, ParamType.INTEGER, 0)


KINDS = (
    CheckKind(
        "required_assets",
        _("Required files"),
        _("The file roles a version must have, with their counts. Empty: at least one file."),
        (Param("roles", _("Roles and counts"), ParamType.COUNTS, {}),),
        required_assets,
    ),
    CheckKind(
        "file_types",
        _("File types"),
        _("The allowed file types, detected from file content and not from names."),
        (Param("types", _("Allowed types"), ParamType.TERMS, list(TYPES)), ROLES),
        file_types,
    ),
    CheckKind(
        "max_size",
        _("File size"),
        _("The largest allowed file. A megabyte is 1,000,000 bytes."),
        (Param("megabytes", _("Maximum size in MB"), ParamType.DECIMAL, "20"), ROLES),
        max_size,
    ),
    CheckKind(
        "image_dimensions",
        _("Image dimensions"),
        _("Image size in pixels and aspect ratio. 0 means any."),
        (
            _pixels("min_width", _("Minimum width")),
            _pixels("max_width", _("Maximum width")),
            _pixels("width", _("Exact width")),
            _pixels("min_height", _("Minimum height")),
            _pixels("max_height", _("Maximum height")),
            _pixels("height", _("Exact height")),
            _pixels("ratio_width", _("Aspect ratio: width, such as 16 in 16:9")),
            _pixels("ratio_height", _("Aspect ratio: height, such as 9 in 16:9")),
            Param("tolerance", _("Aspect ratio tolerance in percent"), ParamType.DECIMAL, "1"),
            ROLES,
        ),
        image_dimensions,
    ),
    CheckKind(
        "file_use",
        _("Use of files"),
        _("The body refers to existing files only and shows all files with these roles."),
        (Param("roles", _("Roles that must be shown in the body"), ParamType.TERMS, ["content"]),),
        file_use,
        reads_body=True,
    ),
)
