"""
Display names of files, without characters that could mislead a reader or a file system.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from routing.work.file_types.archives import EXCEL, POWERPOINT, WORD
from routing.work.file_types.refusal import NotKept

MOST_BYTES = 200  # of UTF-8: file systems allow 255, and browsers append " (1)" to a second copy
_LONGEST_ENDING = 20
# Control characters, right-to-left overrides, surrogates and line ends.
_MISLEADING = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}

# Endings that Windows, macOS or a web server runs or opens as a page, whatever the content. None of
# them is accepted; these are refused with their own reason.
RUNS = frozenset(
    """
    app appref-ms asp aspx bat cgi chm cmd com command cpl desktop dll dmg exe hta htm html inf iso jar js jse jsp jspx
    library-ms lnk mhtml mjs msi msp mht phar php php3 php4 php5 php7 php8 pht phtml pif pl ps1 psd1 psm1 py rb reg scf
    scr settingcontent-ms sh shtml svg svgz swf url vb vbe vbs wsc wsf wsh xht xhtml xml xsl
    """.split()  # noqa: E501, SIM905
)
# The endings of each type that is accepted, the usual one first. A system opens a file by its
# ending, so it has to agree with the content.
ENDINGS: Mapping[str, Sequence[str]] = {
    "image/png": ("png",),
    "image/jpeg": ("jpg", "jpeg", "jpe", "jfif"),
    "image/gif": ("gif",),
    "image/webp": ("webp",),
    "image/avif": ("avif",),
    "application/pdf": ("pdf",),
    WORD: ("docx",),
    EXCEL: ("xlsx",),
    POWERPOINT: ("pptx",),
    "video/mp4": ("mp4", "m4v"),
    "video/quicktime": ("mov", "qt"),
    "video/webm": ("webm",),
    "audio/mpeg": ("mp3",),
    "audio/wav": ("wav",),
    "text/csv": ("csv", "tsv", "txt"),
    "text/plain": ("txt", "text", "md", "markdown", "log", "srt", "vtt", "json", "yaml", "yml"),
}
# Names that Windows takes for devices, whatever their ending.
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?=\.|$)", re.IGNORECASE)


def clean(name: str) -> str:
    """
    Return the last part of a path, without invisible characters and at most ``MOST_BYTES`` long.

    It is never empty, and names neither a device nor, behind a colon, a hidden part of a file.
    """
    # NFC, because macOS sends decomposed characters and two forms of one name would look the same.
    name = unicodedata.normalize("NFC", name.encode("utf-8", "replace").decode())
    name = re.split(r"[/\\]", name)[-1]
    name = "".join(
        " " if sign.isspace() else sign
        for sign in name
        if sign.isspace() or unicodedata.category(sign) not in _MISLEADING
    )
    name = " ".join(name.split()).replace(":", "_").strip(". ")
    if _DEVICES.match(name):
        name = f"_{name}"
    return _shortened(name) or "file"


def _shortened(name: str) -> str:
    if len(name.encode()) <= MOST_BYTES:
        return name
    ending = PurePosixPath(name).suffix
    if len(ending.encode()) > _LONGEST_ENDING:
        ending = ""
    room = MOST_BYTES - len(ending.encode())
    return name.removesuffix(ending).encode()[:room].decode(errors="ignore").rstrip(". ") + ending


def ending_of(name: str) -> str:
    return PurePosixPath(name).suffix.lstrip(".").lower()


def check(name: str) -> None:
    """
    :raises NotKept: if the last ending is one that runs; earlier endings have no effect
    """
    ending = ending_of(name)
    if ending in RUNS:
        raise NotKept("name", ending=ending)


def check_ending(name: str, kind: str) -> None:
    """:raises NotKept: if the name has an ending that does not belong to this type"""
    ending, right = ending_of(name), ENDINGS[kind]
    if ending and ending not in right:
        raise NotKept("ending", ending=ending, right=right[0])


def with_ending(name: str, kind: str) -> str:
    """Return the name with the ending of its type, if it has none."""
    return name if ending_of(name) else f"{name}.{ENDINGS[kind][0]}"
