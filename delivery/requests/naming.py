"""How the titles of requests are built, such as “{client}-{year} {text}”: pure values."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

MOST_PATTERN = 100  # characters
CLIENT, YEAR, MONTH, NUMBER, TEXT = "client", "year", "month", "number", "text"
# What a person may write in braces, and what it stands for.
PARTS = {
    CLIENT: gettext_lazy("the code of the client"),
    YEAR: gettext_lazy("a year, such as 2027"),
    MONTH: gettext_lazy("a month, from 01 to 12"),
    NUMBER: gettext_lazy("a number"),
    TEXT: gettext_lazy("any words"),
}
_READ = {
    YEAR: r"20[0-9]{2}",
    MONTH: r"(?:0[1-9]|1[0-2])",
    NUMBER: r"[0-9]{1,9}",
    TEXT: r"\S(?:.*\S)?",
}
_SHOWN = {YEAR: "2027", MONTH: "03", NUMBER: "12", TEXT: "Spring campaign"}
_BRACES = re.compile(r"\{([^{}]*)\}")


class BadNamePattern(ValueError):
    """A pattern that cannot be read. The message says what to enter instead."""


@dataclass(frozen=True, slots=True)
class NamePattern:
    """How a title is built: a text with parts in braces."""

    text: str

    def fits(self, title: str, code: str) -> bool:
        """:param code: the code of the client, which is compared without regard to case"""
        return re.fullmatch(self._expression(code), title.strip(), re.IGNORECASE) is not None

    def example(self, code: str) -> str:
        shown = {**_SHOWN, CLIENT: code or "ACM"}
        return _BRACES.sub(lambda found: shown[found[1]], self.text)

    def _expression(self, code: str) -> str:
        read = {**_READ, CLIENT: re.escape(code)}
        pieces = _BRACES.split(self.text)  # texts, with the names of parts between them
        return "".join(
            read[piece] if place % 2 else re.escape(piece) for place, piece in enumerate(pieces)
        )


def read_pattern(text: str) -> NamePattern:
    """:raises BadNamePattern: naming what is wrong"""
    text = " ".join(text.split())
    if not text or len(text) > MOST_PATTERN:
        raise BadNamePattern(
            _("Enter at most %(most)s characters, such as {client}-{year} {text}.")
            % {"most": MOST_PATTERN}
        )
    names = _BRACES.findall(text)
    unknown = [name for name in names if name not in PARTS]
    if unknown or "{" in _BRACES.sub("", text) or "}" in _BRACES.sub("", text):
        known = ", ".join(f"{{{name}}}" for name in PARTS)
        raise BadNamePattern(_("In braces only these are known: %(known)s.") % {"known": known})
    # Once each, so that a title is compared in linear time.
    if TEXT not in names or len(set(names)) < len(names):
        raise BadNamePattern(
            _("Enter {text} where the words of the title stand, and nothing in braces twice.")
        )
    return NamePattern(text)
