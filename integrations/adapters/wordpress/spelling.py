"""
Spell text so that WordPress shows it as it was approved.

WordPress takes every field for HTML, and rewrites text on the way to the reader: shortcodes,
smilies and addresses on a line of their own become something else. A character reference is text to
the reader, and nothing of that to WordPress.
"""

from __future__ import annotations

import re
from html import escape

from delivery.deliverables.markup import Open, Text, read

# Tags as the sanitiser writes them: every value is in double quotes.
_TAG = re.compile(r'(<[^<>"]*+(?:"[^"]*+"[^<>"]*+)*+>)')
_VALUE = re.compile(r'"[^"]*"')
# WordPress resolves “&amp;#91;” for users whose HTML it cleans (wp_kses_normalize_entities), and
# leaves “&#38;#91;” alone.
_AMPERSAND = re.compile(r"&amp;(?=#|\w+;)")
_SMILEY_STARTS = r"(?:(?<=\s)|(?<=&nbsp;)|^)"
# Single characters. Without them, the pattern that WordPress looks for is not there.
_REWRITTEN = re.compile(
    "|".join(
        (
            r"[\[\]]",  # do_shortcode, also inside of attributes
            r":(?=//)",  # WP_Embed::autoembed
            _SMILEY_STARTS + r"(?:[:;](?=[^\s<])|8(?=-[)O]|O))",  # convert_smilies
            r"-(?=-)",  # wptexturize: two hyphens are a dash
            r"(?<= )\((?=tm\))",
            r"`(?=`)",
            r"'(?=')",
            r"(?<=Word)p(?=ress)",  # capital_P_dangit
        )
    )
)
# sanitize_text_field takes these out of names and alternative texts.
_OCTET = re.compile(r"%(?=[0-9a-fA-F]{2})")


def text_as_html(text: str) -> str:
    """Return HTML for a text, which is shown as it was typed."""
    return _left_alone(escape(text, quote=False))


def name_as_html(text: str) -> str:
    """Return HTML for a text on one line, such as the name of a tag or an alternative text."""
    return _OCTET.sub("&#37;", text_as_html(" ".join(text.split())))


def body_as_html(html: str) -> str:
    """Return sanitised HTML in a spelling of which WordPress rewrites no more than quotes."""
    parts = _TAG.split(html)
    # Split by a group: texts and tags take turns.
    parts[::2] = [_left_alone(text) for text in parts[::2]]
    parts[1::2] = [_VALUE.sub(_value, tag) for tag in parts[1::2]]
    return "".join(parts)


def text_of(html: str) -> str:
    """
    Return the text of a field of WordPress on one line.

    A tag is not text. Its name stands in the place, in characters that no text of ours has.
    """
    parts = []
    for piece in read(html):
        if isinstance(piece, Text):
            parts.append(piece.text)
        else:
            parts.append(f"\ue000{'' if isinstance(piece, Open) else '/'}{piece.tag}\ue000")
    return " ".join("".join(parts).split())


def _left_alone(html: str) -> str:
    return _REWRITTEN.sub(_reference, _AMPERSAND.sub("&#38;", html))


def _value(found: re.Match[str]) -> str:
    # The cleaning ends a tag at the first “>”, also inside of a value.
    value = _AMPERSAND.sub("&#38;", found[0]).replace("<", "&lt;").replace(">", "&gt;")
    return value.replace("[", "&#91;").replace("]", "&#93;")


def _reference(found: re.Match[str]) -> str:
    return f"&#{ord(found[0])};"
