"""
The public page of a post, made as WordPress and a theme make it.

WordPress rewrites a text before a reader gets it: quotes, dashes, smilies, shortcodes and addresses
of videos. Titles are HTML.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from demo.sandbox.cms import Post

_PIECE = re.compile(r"(<!--.*?-->|<[^>]*>)", re.DOTALL)
_BLOCK = re.compile(r"<!-- /?wp:[^>]*-->")
_PLAIN_QUOTES = re.compile(r'(?<=[\s(>])"|^"')
_VERBATIM = re.compile(r"<(/?)(pre|code|kbd|style|script|tt)\b", re.IGNORECASE)
_SMILEYS = {
    ":)": "🙂",
    ":-)": "🙂",
    ";)": "😉",
    ";-)": "😉",
    ":(": "🙁",
    ":-(": "🙁",
    ":D": "😀",
    ":P": "😛",
    ":|": "😐",
    ":o": "😮",
    "8-)": "😎",
    ":lol:": "😆",
    ":?:": "❓",
    ":!:": "❗",
    ":cool:": "😎",
}
_SMILEY = re.compile(rf"(?<!\S)(?:{'|'.join(map(re.escape, _SMILEYS))})(?!\S)")
_SHORTCODE = re.compile(r"\[(gallery|audio|video|playlist|embed|caption|wp_caption)\b[^\]]*\]")
_OEMBED = re.compile(
    r"^(\s*|.*<p(?: [^>]*)?>\s*)(https?://(?:www\.)?(?:youtube\.com|youtu\.be|vimeo\.com)/[^\s<>\"]+)"
    r"(\s*(?:</p>.*)?)$",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass
class Theme:
    """
    The page around the content of a post.

    ``above`` and ``below`` are beside the content, as plugins put it there. ``opening`` and
    ``closing`` are the tags around it.
    """

    head: str = ""
    before: str = ""
    after: str = ""
    above: str = ""
    below: str = ""
    opening: str = '<div class="entry-content">'
    closing: str = "</div>"
    heading: str = '<h1 class="entry-title">{}</h1>'
    robots: str = ""  # a header of the answer


def page(post: Post, theme: Theme | None = None) -> str:
    """Render a post as a theme does."""
    theme = theme or Theme()
    title = title_of(post)
    head = f'<meta charset="utf-8"><title>{re.sub("<[^>]*>", "", title)} – A site</title>'
    content = f"{theme.opening}{theme.above}{content_of(post)}{theme.below}{theme.closing}"
    main = f"<main><article>{theme.heading.format(title)}{content}</article></main>"
    body = f"{theme.before}{main}{theme.after}"
    return (
        f'<!doctype html><html lang="en"><head>{head}{theme.head}</head><body>{body}</body></html>'
    )


def title_of(post: Post) -> str:
    """Return the title as HTML, which it is."""
    return texturized(post.title.replace("Wordpress", "WordPress")).strip()


def content_of(post: Post) -> str:
    html = _OEMBED.sub(r'\1<iframe src="\2"></iframe>\3', post.content)
    html = texturized(_BLOCK.sub("", html))
    html = _SHORTCODE.sub(r'<div class="\1"></div>', html)
    html = re.sub(r"(?<=[ >(])Wordpress", "WordPress", html)
    return _outside_code(html, lambda text: _SMILEY.sub(lambda found: _SMILEYS[found[0]], text))


def texturized(html: str) -> str:
    """Imitate wptexturize for most texts."""
    return _outside_code(html, _typographic)


def _typographic(text: str) -> str:
    text = text.replace("``", "“").replace("''", "”").replace(" (tm)", " ™")
    text = _PLAIN_QUOTES.sub("“", text).replace('"', "”").replace("'", "’")
    text = text.replace("---", "—").replace(" -- ", " — ").replace("--", "–").replace("...", "…")
    return re.sub(r"(?<=\d)x(?=\d)", "×", re.sub(r"(?<=\s)-(?=\s)", "–", text))


def _outside_code(html: str, change: Callable[[str], str]) -> str:
    """Change the texts between tags, except those that WordPress leaves as they are."""
    parts, verbatim = [], 0
    for part in _PIECE.split(html):
        if not part.startswith("<"):
            parts.append(part if verbatim else change(part))
            continue
        parts.append(part)
        if found := _VERBATIM.match(part):
            verbatim = max(0, verbatim + (-1 if found[1] else 1))
    return "".join(parts)
