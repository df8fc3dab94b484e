"""Compare the title and the head of a page: window, search engines, address and forwarding."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from integrations.proof.addresses import address_of, is_page
from integrations.proof.page import PageBlock, PageHead
from integrations.proof.parts import PartsContext
from integrations.proof.typography import normal, short

_MOST_WINDOW = 1_000  # characters of a window's title that are read
_MOST_CANONICAL = 5
_UNLISTED = frozenset({"noindex", "none"})
# Between the title of a page and the name of its site.
_BEFORE = re.compile(r"(?:.*\s[^\w\s]{1,3}\s|.*:\s)?")
_AFTER = re.compile(r"(?:\s[^\w\s]{1,3}\s.*|[:,]\s.*)?")


def titled(context: PartsContext, names: Sequence[str]) -> dict[str, bool]:
    """
    Return whether a heading and the window show the title.

    :param names: the title, and other titles that the window may show, all normalised
    """
    heading = any(block.level and block.text == names[0] for block in _around(context))
    window = normal(context.page.head.title)
    return {"heading": heading, "window": any(_names(window, name) for name in names if name)}


def other_title(
    context: PartsContext, title: str, now: Mapping[str, bool], frame: Mapping[str, Any]
) -> Iterator[str]:
    """
    Yield a sentence if the page shows another title.

    Themes may show the title in the window only. What a proven page showed, it must go on showing.
    """
    if not title:
        return
    around = list(_around(context))
    if now["heading"]:
        if frame.get("window") and not now["window"]:
            said = _("The title in the browser's window is “%(found)s”, not “%(wanted)s”.")
            found = short(normal(context.page.head.title))
            yield said % {"found": found, "wanted": short(title)}
        return
    tops = [block.text for block in around if block.level == 1]
    more = re.compile(rf"(?<!\w){re.escape(title)}(?!\w)")
    longer = next((text for text in tops if more.search(text)), "")
    shown = now["window"] or any(block.text == title for block in around)
    if shown and not longer and not frame.get("heading"):
        return
    found = longer or next(iter(tops), "")
    if found:
        said = _("The title is “%(found)s”, not “%(wanted)s”.")
        yield said % {"found": short(found), "wanted": short(title)}
    else:
        yield _("The page does not show the title “%(wanted)s”.") % {"wanted": short(title)}


def other_head(head: PageHead, robots: Sequence[str], url: str) -> Iterator[str]:
    """Yield a sentence for each instruction that keeps readers or search engines away."""
    rules = " ".join(robots).lower().replace(",", " ").split()
    if not _UNLISTED.isdisjoint(rules):
        yield _("The page asks search engines not to list it (noindex).")
    if not url:
        return
    own = address_of(url, url)
    for canonical in dict.fromkeys(head.canonical[:_MOST_CANONICAL]):
        if not is_page(address_of(canonical, url), own):
            said = _("The page names %(found)s as its address for search engines (canonical).")
            yield said % {"found": canonical}
    if head.refresh and not is_page(address_of(head.refresh, url), own):
        yield _("The page sends its readers on to %(found)s.") % {"found": head.refresh}


def _around(context: PartsContext) -> Iterator[PageBlock]:
    region = context.region
    for block in context.page.blocks:
        if block.end <= region.start or block.start >= region.end:
            yield block


def _names(window: str, title: str) -> bool:
    """Return whether the title of a window is this one, perhaps with the name of the site."""
    window = window[:_MOST_WINDOW]
    place = window.find(title)
    while place >= 0:
        before, after = window[:place], window[place + len(title) :]
        if _BEFORE.fullmatch(before) and _AFTER.fullmatch(after):
            return True
        place = window.find(title, place + 1)
    return False
