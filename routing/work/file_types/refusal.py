"""Reasons to refuse a file, with instructions."""

from __future__ import annotations

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_SENTENCES: dict[str, tuple[int, str | Promise]] = {
    "empty": (422, _("The file is empty. Check it and choose it again.")),
    "too_large": (
        413,
        _("The file is larger than %(limit)s. Make it smaller or send a link to it."),
    ),
    "type": (
        415,
        _(
            "This file type is not accepted. Send an image (PNG, JPEG, GIF, WebP, AVIF), a PDF, "
            "a Word, Excel or PowerPoint file, a video (MP4, MOV, WebM), audio (MP3, WAV), plain "
            "text or CSV."
        ),
    ),
    "name": (
        415,
        _(
            "Files ending in .%(ending)s are not accepted because they can run as programs. Send a "
            "PDF or an image instead."
        ),
    ),
    "ending": (
        415,
        _(
            "The name ends in .%(ending)s, but the content is of another type. Rename the file so "
            "that it ends in .%(right)s, or export it again, then send it."
        ),
    ),
    "embedded": (
        415,
        _(
            "The document contains another file or a link to a program (%(what)s). Remove it or "
            "save the document as a PDF, then send it again."
        ),
    ),
    "acts": (
        415,
        _(
            "The PDF does something by itself (%(what)s), such as running a script or sending a "
            "form. Print it to a new PDF and send that one."
        ),
    ),
    "sealed": (
        415,
        _(
            "The PDF is protected or packed in a way that cannot be checked. Save it without a "
            "password, or print it to a new PDF, then send it again."
        ),
    ),
    "code": (
        415,
        _(
            "The file contains program code. Export it again from the program it was made with, "
            "then send it."
        ),
    ),
    "busy": (
        503,
        _("Other images are being prepared. Wait a minute and send the file again."),
    ),
    "archive": (
        415,
        _("Archives are not accepted. Unpack the archive and send its files one by one."),
    ),
    "macros": (
        415,
        _(
            "The document contains macros. Save it without macros (.docx, .xlsx or .pptx) and send "
            "it again."
        ),
    ),
    "broken": (
        422,
        _(
            "The file is damaged or its content does not match its type. Open and save it again, "
            "then send it."
        ),
    ),
    "too_many_pixels": (
        422,
        _("The image is larger than %(limit)s megapixels. Make it smaller and send it again."),
    ),
    "program": (
        415,
        _("The file contains program code. Open it, save it again as an image, then send it."),
    ),
    "virus": (
        422,
        _("The file contains a virus. Do not open it. Ask the person who gave it to you."),
    ),
    "no_room": (
        507,
        _(
            "There is no storage space left. The file was not saved. Try again later or tell your "
            "administrator."
        ),
    ),
}


class NotKept(ValueError):
    """
    A file was refused, and nothing of it was kept. ``str()`` says what to do.

    :ivar code: the reason, one of the keys above
    :ivar status: a suitable HTTP status
    """

    def __init__(self, code: str, **details: Any) -> None:
        super().__init__(code)
        self.code, self.details = code, details
        self.status, self._sentence = _SENTENCES[code]

    def __str__(self) -> str:
        return str(self._sentence) % self.details if self.details else str(self._sentence)
