"""
What body HTML shows besides words, links and images: lines, breaks, lists, rows, languages, code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from delivery.deliverables.markup import Open
from routing.work.gates import Words

TAGS: Mapping[str, Words] = {
    "a": gettext_lazy("link"),
    "abbr": gettext_lazy("abbreviation"),
    "blockquote": gettext_lazy("quotation"),
    "br": gettext_lazy("line break before it"),
    "caption": gettext_lazy("caption"),
    "dd": gettext_lazy("definition"),
    "details": gettext_lazy("part that folds"),
    "dl": gettext_lazy("list of terms"),
    "dt": gettext_lazy("term"),
    "figcaption": gettext_lazy("caption"),
    "figure": gettext_lazy("figure"),
    "h1": gettext_lazy("heading 1"),
    "h2": gettext_lazy("heading 2"),
    "h3": gettext_lazy("heading 3"),
    "h4": gettext_lazy("heading 4"),
    "h5": gettext_lazy("heading 5"),
    "h6": gettext_lazy("heading 6"),
    "hr": gettext_lazy("dividing line before it"),
    "img": gettext_lazy("image before it"),
    "li": gettext_lazy("list item"),
    "ol": gettext_lazy("numbered list"),
    "p": gettext_lazy("paragraph"),
    "pre": gettext_lazy("preformatted"),
    "summary": gettext_lazy("title of a part that folds"),
    "table": gettext_lazy("table"),
    "tbody": gettext_lazy("rows of a table"),
    "td": gettext_lazy("table cell"),
    "tfoot": gettext_lazy("foot of a table"),
    "th": gettext_lazy("table heading"),
    "thead": gettext_lazy("head of a table"),
    "tr": gettext_lazy("table row"),
    "ul": gettext_lazy("bulleted list"),
}
# What has no words of its own is told also where the words around it changed.
ALONE = frozenset({"hr"})
_DIRECTIONS: Mapping[str, Words] = {
    "ltr": gettext_lazy("left to right"),
    "rtl": gettext_lazy("right to left"),
    "auto": gettext_lazy("direction of its own text"),
}
_SCOPES: Mapping[str, Words] = {
    "col": gettext_lazy("of a column"),
    "colgroup": gettext_lazy("of columns"),
    "row": gettext_lazy("of a row"),
    "rowgroup": gettext_lazy("of rows"),
}


@dataclass(frozen=True, slots=True)
class SeenMark:
    """
    One mark. ``place`` counts the characters before it, without spaces. ``near`` are the words that
    follow, or those before it at the end of the text. ``alone`` is whether it is compared also
    where the words changed.
    """

    tag: str
    words: str
    place: int
    near: str
    alone: bool

    def key(self, same_words: bool) -> tuple[str, int]:
        """Return what is compared: the place counts only if the words are the same."""
        return self.words, self.place if same_words else 0


@dataclass(frozen=True, slots=True)
class SeenCode:
    """Code or preformatted text, with its spaces and line breaks."""

    text: str


def marked(piece: Open) -> tuple[str, bool] | None:
    """Return a tag in words, and whether it is told where the words changed; None if unseen."""
    more = list(_details(piece))
    if piece.tag not in TAGS and not more:
        return None
    named = [str(TAGS[piece.tag])] if piece.tag in TAGS else []
    return ", ".join([*named, *more]), bool(more) or piece.tag in ALONE


def _details(piece: Open) -> list[str]:
    return [say(value) for name, say in _SAID.items() if (value := piece.attributes.get(name))] + [
        _("from the last to the first") for name in piece.attributes if name == "reversed"
    ]


_SAID: Mapping[str, Callable[[str], str]] = {
    "start": lambda value: _("from %(number)s") % {"number": value},
    "colspan": lambda value: _("%(number)s columns wide") % {"number": value},
    "rowspan": lambda value: _("%(number)s rows high") % {"number": value},
    "scope": lambda value: str(_SCOPES.get(value, value)),
    "width": lambda value: _("width %(number)s") % {"number": value},
    "height": lambda value: _("height %(number)s") % {"number": value},
    "title": lambda value: _("explained as “%(text)s”") % {"text": value},
    "lang": lambda value: _("language %(code)s") % {"code": value},
    "dir": lambda value: str(_DIRECTIONS.get(value, value)),
}


def spaces_shown(line: str) -> str:
    """Return a line of code with its spaces and tabs as signs."""
    return line.replace(" ", "·").replace("\t", "⇥")
