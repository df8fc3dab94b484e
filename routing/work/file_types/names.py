"""
Display names of files, without characters that could mislead a reader or a file system.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath

from routing.work.file_types.refusal import NotKept

MOST_BYTES = 200  # of UTF-8: file systems allow 255, and browsers append " (1)" to a second copy
_LONGEST_ENDING = 20
# Control characters, right-to-left overrides, surrogates and line ends.
_MISLEADING = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}

# Endings that Windows, macOS or a web server runs or opens as a page, whatever the content.
RUNS = frozenset(
    """
    app asp aspx bat cgi chm cmd com cpl dll dmg exe hta htm html iso jar js jse jsp lnk mhtml mjs msi msp mht phar php php3 php4
    php5 php7 php8 phtml pif pl ps1 py rb reg scf scr sh shtml svg svgz swf url vb vbe vbs wsc wsf wsh xht xhtml xml xsl
    """.split()  # noqa: E501, SIM905
)


def clean(name: str) -> str:
    """
    Return the last part of a path, without invisible characters and at most ``MOST_BYTES`` long.

    It is never empty.
    """
    # NFC, because macOS sends decomposed characters and two forms of one name would look the same.
    name = unicodedata.normalize("NFC", name.encode("utf-8", "replace").decode())
    name = re.split(r"[/\\]", name)[-1]
    name = "".join(
        " " if sign.isspace() else sign
        for sign in name
        if sign.isspace() or unicodedata.category(sign) not in _MISLEADING
    )
    name = " ".join(name.split()).strip(". ")
    return _shortened(name) or "file"


def _shortened(name: str) -> str:
    if len(name.encode()) <= MOST_BYTES:
        return name
    ending = PurePosixPath(name).suffix
    if len(ending.encode()) > _LONGEST_ENDING:
        ending = ""
    room = MOST_BYTES - len(ending.encode())
    return name.removesuffix(ending).encode()[:room].decode(errors="ignore").rstrip(". ") + ending


def check(name: str) -> None:
    """
    :raises NotKept: if the last ending is one that runs; earlier endings have no effect
    """
    ending = PurePosixPath(name).suffix.lstrip(".").lower()
    if ending in RUNS:
        raise NotKept("name", ending=ending)
