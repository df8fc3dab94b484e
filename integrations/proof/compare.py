"""
Compare a fetched public page with the approved version. Pure functions without I/O.

The reader must get the approved text in order with nothing added inside, its links, images,
headings and title. The theme around it, and how it is laid out, make no difference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from integrations.proof.addresses import file_name, is_file
from integrations.proof.heads import other_head, other_title, titled
from integrations.proof.page import PageImage, ReadPage, read_page
from integrations.proof.parts import (
    PartsContext,
    extra_said,
    extras_inside,
    is_same_image,
    other_headings,
    other_images,
    other_links,
)
from integrations.proof.region import PageRegion, changed_text, container_of, whole_regions
from integrations.proof.typography import normal, short

# Raise it when the comparison gets stricter. Version 1 is ``integrations.proof.first``.
VERSION = 2
MOST_SAID = 50
# Elements of the theme beside the content, whatever their class.
_FRAME = frozenset({"nav", "aside", "footer", "header", "form", "script", "button"})
_LOOSE = "text"
_NOWHERE = -1  # the number of no element


@dataclass(frozen=True, slots=True)
class Shown:
    """
    The content that a page must show.

    ``body_html`` has the addresses of its images. ``titles`` are further titles that the window of
    a browser may show, and ``files`` the addresses of all files that came with the content.
    """

    title: str
    body_html: str
    url: str = ""
    titles: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """
    Sentences about what differs, and the frame: what stands around the content.

    The frame of a proven page is kept, so that a later addition beside the content is noticed.
    """

    differences: list[str]
    frame: Mapping[str, Any] = field(default_factory=dict)


def compare(
    ours: Shown,
    html: str,
    frame: Mapping[str, Any] | None = None,
    *,
    robots: str = "",
    listed: bool = True,
) -> Comparison:
    """
    :param frame: of the page when it was proven
    :param robots: the header X-Robots-Tag
    :param listed: False if the site asks search engines to list no page at all
    """
    page, wanted = read_page(html), read_page(ours.body_html)
    found: Comparison | None = None
    for region in _whole(page, wanted, ours.url):
        each = _compared(ours, PartsContext(wanted, page, region, ours.url), [], frame)
        if found is None or len(each.differences) < len(found.differences):
            found = each
    if found is None:
        changed, said = changed_text(page, wanted, {normal(ours.title)})
        found = Comparison(said)
        if changed is not None:
            found = _compared(ours, PartsContext(wanted, page, changed, ours.url), said, frame)
    rules = [*page.head.robots, robots] if listed else []
    head = other_head(page.head, rules, ours.url)
    return Comparison([*found.differences, *head][:MOST_SAID], found.frame)


def _whole(page: ReadPage, wanted: ReadPage, url: str) -> Iterator[PageRegion]:
    if wanted.words:
        yield from whole_regions(page, wanted.words)
        return
    # Without words, the images say where the content is. Missing ones are told anyway.
    first = wanted.images[:1]
    shown = [image for image in page.images if first and is_same_image(image, first[0], url)]
    if shown:
        container = container_of(page, [shown[0].element])
        yield PageRegion(shown[0].at, shown[0].at, container, whole=True)
    else:
        yield PageRegion(0, 0, _NOWHERE, whole=True)


def _compared(
    ours: Shown, context: PartsContext, said: list[str], frame: Mapping[str, Any] | None
) -> Comparison:
    names = (normal(ours.title), *map(normal, ours.titles))
    beside, titles = _beside(context, names[0]), titled(context, names)
    images = _shown_files(ours, context.page)
    now = {"beside": dict(Counter(kind for kind, _text in beside)), "images": images, **titles}
    found = [*other_title(context, names[0], titles, frame or {}), *said]
    found += other_headings(context)
    found += other_links(context)
    found += other_images(context)
    found += extras_inside(context)
    found += _no_longer_shown(ours, images, frame or {})
    if frame and "beside" in frame:
        found += _added_beside(beside, frame["beside"])
    return Comparison(found, now)


def _shown_files(ours: Shown, page: ReadPage) -> list[str]:
    """Return the files that the page shows anywhere, such as the main image of a post."""
    known: dict[str, list[PageImage]] = {}
    for image in (*page.images, *page.spare):
        for address in image.addresses:
            known.setdefault(file_name(address, ours.url), []).append(image)
    found = []
    for file in ours.files:
        same_name = known.get(file_name(file, ours.url), ())
        if any(is_file(image.addresses, file, ours.url) for image in same_name):
            found.append(file)
    return found


def _no_longer_shown(ours: Shown, images: list[str], frame: Mapping[str, Any]) -> Iterator[str]:
    for file in frame.get("images", ()):
        # What is missing from the text is told there.
        if file in ours.files and file not in images and file not in ours.body_html:
            said = _("The page no longer shows the image %(image)s, which it showed when proven.")
            yield said % {"image": file}


# -- Beside the content ----------------------------------------------------------------------------


def _beside(context: PartsContext, title: str) -> list[tuple[str, str]]:
    """
    Return what stands beside the content in its container and may be a person's: kind and text.

    Themes and plugins give what they add a class or an id.
    """
    page, region = context.page, context.region
    found = []
    for block in page.blocks:
        outside = block.end <= region.start or block.start >= region.end
        if outside and block.text != title and (kind := _kind(context, block.element)):
            found.append((kind, short(block.text)))
    for image in page.images:
        known = any(is_same_image(image, each, context.url) for each in context.wanted.images)
        beside = image.at <= region.start or image.at >= region.end
        if beside and not known and (kind := _kind(context, image.element)):
            found.append((kind, short(image.alt) or image.addresses[0]))
    for extra in page.extras:
        beside = extra.at <= region.start or extra.at >= region.end
        if beside and extra.tag not in _FRAME and _kind(context, extra.element):
            found.append((extra.tag, ""))
    return found


def _kind(context: PartsContext, element: int) -> str:
    """Return the tag of a person's element beside the content, or an empty text."""
    page, container = context.page, context.region.container
    if element == container:
        return _LOOSE
    above = list(page.above(element))
    if container not in above:
        return ""
    top = page.elements[above[above.index(container) - 1]]
    return top.tag if top.author and top.tag not in _FRAME else ""


def _added_beside(beside: list[tuple[str, str]], known: Mapping[str, int]) -> Iterator[str]:
    left = Counter(known)
    for kind, text in beside:
        if left[kind] > 0:
            left[kind] -= 1
        elif text:
            said = _("The page also shows “%(text)s” beside the text, which was not approved.")
            yield said % {"text": text}
        else:
            yield extra_said(kind)
