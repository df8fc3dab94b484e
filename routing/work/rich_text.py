"""Show written text with its headings, lists and emphasis, as people mark them in plain text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

_HEADING = re.compile(r"(#{1,6})\s+(\S.*)")
_BULLET = re.compile(r"[-*•]\s+(.+)")
_NUMBERED = re.compile(r"\d{1,3}[.)]\s+(.+)")
_RULES = ("---", "***", "___")
# Applied to escaped text, so that nothing but these tags is markup. An end is looked for over a few
# lines, not over all that follows each mark.
_INLINE = (
    (re.compile(r"`([^`\n]{1,500})`"), r"<code>\1</code>"),
    (re.compile(r"\*\*(?=\S)(.{1,500}?)(?<=\S)\*\*"), r"<strong>\1</strong>"),
    (
        re.compile(r"(?<![\w*])\*(?=[^\s*])([^*\n]{1,500}?)(?<=[^\s*])\*(?![\w*])"),
        r"<em>\1</em>",
    ),
)
_MARKED = re.compile(r"[`*#]|^\s*[-•]\s|^\s*\d{1,3}[.)]\s")
TOP = 3  # pages have headings of their own above


def rich(text: str) -> SafeString:
    """Return HTML of a text. Everything that is not one of these marks is shown as it is."""
    return mark_safe("\n".join(_blocks(text.splitlines())))  # noqa: S308  # _inline escapes


def plain(text: str) -> str:
    """
    Return a text on one line, without its marks, for sentences that quote it.

    What follows a heading is put behind a colon. Lines and items are parted by semicolons.
    """
    if "\n" not in text and not _MARKED.search(text):
        return text.strip()
    said = ""
    heading = False
    for line in text.splitlines():
        tag, words = _read(line)
        if not words:
            continue
        for pattern, _mark in _INLINE:
            words = pattern.sub(r"\1", words)
        said += (": " if heading and not tag.startswith("h") else "; ") if said else ""
        said += " ".join(words.split())
        heading = tag.startswith("h")
    return said


def _blocks(lines: list[str]) -> Iterator[str]:
    held: list[str] = []  # lines of the open paragraph or items of the open list
    kind = ""
    for line in [*lines, ""]:
        tag, words = _read(line)
        if held and (tag != kind or not words):
            yield _closed(kind, held)
            held = []
        kind = tag
        if tag.startswith("h") and words:
            yield f"<{tag}>{_inline(words)}</{tag}>"
        elif words:
            held.append(words)


def _read(line: str) -> tuple[str, str]:
    """Return the tag of a line's block, and its text."""
    if not line.strip() or _is_rule(line):
        return "p", ""
    if found := _HEADING.fullmatch(line):
        words = found[2].rstrip().rstrip("#").rstrip()
        return f"h{min(len(found[1]) + TOP - 1, 6)}", words or found[2]
    if found := _BULLET.fullmatch(line.lstrip()):
        return "ul", found[1]
    if found := _NUMBERED.fullmatch(line.lstrip()):
        return "ol", found[1]
    return "p", line.strip()


def _is_rule(line: str) -> bool:
    """Return whether this is a line of three or more of one sign, with or without spaces."""
    signs = "".join(line.split())
    return signs[:3] in _RULES and not signs.strip(signs[0])


def _closed(tag: str, held: list[str]) -> str:
    if tag == "p":
        return f"<p>{'<br>'.join(_inline(line) for line in held)}</p>"
    items = "".join(f"<li>{_inline(line)}</li>" for line in held)
    return f"<{tag}>{items}</{tag}>"


def _inline(text: str) -> str:
    safe = str(escape(text))
    for pattern, mark in _INLINE:
        safe = pattern.sub(mark, safe)
    return safe
