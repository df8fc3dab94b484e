"""Compare what is not text: links, images, headings and what no approved text has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.proof.addresses import address_of, file_name, is_address, is_file
from integrations.proof.page import PageBlock, PageImage, PageLink, ReadPage
from integrations.proof.region import PageRegion
from integrations.proof.typography import short

MOST_PARTS = 1_000  # links or images that are compared one by one
# What a sentence calls an extra, by its tag.
_NAMES = {
    "video": gettext_lazy("a video"),
    "audio": gettext_lazy("a sound"),
    "form": gettext_lazy("a form"),
    "script": gettext_lazy("a script"),
}


@dataclass(frozen=True, slots=True)
class PartsContext:
    """The approved content and the page, with the region of the content, and its address."""

    wanted: ReadPage
    page: ReadPage
    region: PageRegion
    url: str

    def is_inside(self, at: int) -> bool:
        return self.region.start < at < self.region.end

    @property
    def links(self) -> list[PageLink]:
        """Return the links of the content, and those of images right beside it."""
        start, end = self.region.start, self.region.end
        return [
            link
            for link in self.page.links
            if (start <= link.at < end if link.text else self.is_near(link))
        ]

    def is_near(self, part: PageLink | PageImage) -> bool:
        """Return whether it is within the content, or right beside it in its container."""
        if self.is_inside(part.at):
            return True
        beside = part.at in {self.region.start, self.region.end}
        return beside and self.region.container in self.page.above(part.element)


def other_links(context: PartsContext) -> Iterator[str]:
    """Yield a sentence for each link that was added, removed or changed."""
    ours = [link for link in context.wanted.links if not _is_zoom(link, context.url)]
    theirs = [link for link in context.links if not _is_zoom(link, context.url)][:MOST_PARTS]
    keys = [_link_key(link, context.url) for link in ours]
    matcher = SequenceMatcher(None, keys, [_link_key(link, context.url) for link in theirs])
    for kind, begin, end, first, last in matcher.get_opcodes():
        if kind == "equal":
            pairs = zip(ours[begin:end], theirs[first:last], strict=True)
            yield from _downgraded(pairs, context.url)
        else:
            yield from _changed_links(ours[begin:end], theirs[first:last], context)


def _changed_links(
    ours: Sequence[PageLink], theirs: Sequence[PageLink], context: PartsContext
) -> Iterator[str]:
    free = list(theirs)
    for link in ours:
        same = next((each for each in free if each.text == link.text), None)
        names = {"text": short(link.text or _image_name(link)), "wanted": link.href}
        if same is None:
            # A changed text is a difference of its own.
            target = _link_key(link, context.url)[1]
            moved = next((each for each in free if _link_key(each, context.url)[1] == target), None)
            if moved is not None and not context.region.whole:
                free.remove(moved)
                continue
            yield _("The link “%(text)s” to %(wanted)s is missing.") % names
            continue
        free.remove(same)
        yield _lead(link, same)
    for link in free:
        if not link.text and not context.is_inside(link.at):
            continue  # an image of the theme beside the text
        yield _("The page also links “%(text)s” to %(found)s, which was not approved.") % {
            "text": short(link.text or _image_name(link)),
            "found": link.href,
        }


def _lead(ours: PageLink, theirs: PageLink) -> str:
    return _("The link “%(text)s” leads to %(found)s instead of %(wanted)s.") % {
        "text": short(ours.text or _image_name(ours)),
        "found": theirs.href,
        "wanted": ours.href,
    }


def _downgraded(pairs: Iterator[tuple[PageLink, PageLink]], base: str) -> Iterator[str]:
    for link, other in pairs:
        if not is_address(address_of(other.href, base), address_of(link.href, base)):
            yield _lead(link, other)


def _link_key(link: PageLink, base: str) -> tuple[str, str]:
    # http and https are told apart later, for links that are otherwise the same.
    return link.text, address_of(link.href, base).replace("http:", "https:", 1)


def _is_zoom(link: PageLink, base: str) -> bool:
    """Return whether a link around an image only leads to the image itself, as themes add."""
    if link.text or len(link.images) != 1:
        return False
    return any(is_file([link.href], address, base) for address in link.images[0].addresses)


def _image_name(link: PageLink) -> str:
    return next((image.alt for image in link.images if image.alt), "")


# -- Images ----------------------------------------------------------------------------------------


def other_images(context: PartsContext) -> Iterator[str]:
    """Yield a sentence for each image that is missing, changed, moved or described otherwise."""
    wanted, url = context.wanted.images, context.url
    theirs = [image for image in context.page.images if context.is_near(image)][:MOST_PARTS]
    known: dict[str, list[PageImage]] = {}
    for image in wanted:
        known.setdefault(file_name(image.addresses[0], url), []).append(image)
    matcher = SequenceMatcher(
        None,
        [_key(each, known, url) for each in wanted],
        [_key(each, known, url) for each in theirs],
    )
    missing: list[PageImage] = []
    free = list(theirs)
    for kind, begin, end, first, last in matcher.get_opcodes():
        if kind == "equal":
            for image, other in zip(wanted[begin:end], theirs[first:last], strict=True):
                free.remove(other)
                yield from _described(image, other, context)
        else:
            missing += wanted[begin:end]
    yield from _missing_images(missing, free, context)
    for image in free:
        same = any(is_same_image(image, each, url) for each in missing)
        if context.is_inside(image.at) and not same:
            said = _("The page also shows the image “%(image)s”, which was not approved.")
            yield said % _named(image)


def _missing_images(
    missing: Sequence[PageImage], free: Sequence[PageImage], context: PartsContext
) -> Iterator[str]:
    for image in missing:
        if any(is_same_image(other, image, context.url) for other in free):
            yield _("The page shows the image “%(image)s” in another place.") % _named(image)
        elif not any(is_same_image(other, image, context.url) for other in context.page.spare):
            yield _("The page does not show the image “%(image)s”.") % _named(image)


def _key(image: PageImage, known: Mapping[str, Sequence[PageImage]], url: str) -> str:
    """Return the address of the approved image that it is, or its own."""
    for address in image.addresses:
        for each in known.get(file_name(address, url), ()):
            if is_same_image(image, each, url):
                return each.addresses[0]
    return image.addresses[0]


def _named(image: PageImage) -> dict[str, str]:
    return {"image": short(image.alt) or image.addresses[0]}


def is_same_image(image: PageImage, wanted: PageImage, url: str) -> bool:
    return is_file(image.addresses, wanted.addresses[0], url)


def _described(image: PageImage, other: PageImage, context: PartsContext) -> Iterator[str]:
    if image.alt != other.alt:
        said = _("The image “%(wanted)s” has the alternative text “%(found)s”.")
        if not other.alt:
            said = _("The image “%(wanted)s” has no alternative text.")
        yield said % {"wanted": _named(image)["image"], "found": short(other.alt)}
    if context.region.whole and image.at != other.at - context.region.start:
        yield _("The page shows the image “%(image)s” in another place.") % _named(image)


# -- Headings and extras ---------------------------------------------------------------------------


def other_headings(context: PartsContext) -> Iterator[str]:
    """Yield a sentence for each text whose rank as a heading is another one."""
    region = context.region
    there: dict[str, list[PageBlock]] = {}
    for block in context.page.blocks:
        if region.start <= block.start and block.end <= region.end:
            there.setdefault(block.text, []).append(block)
    for block in context.wanted.blocks:
        same = there.get(block.text)
        if not same:
            continue
        found = same.pop(0)
        if found.level == block.level:
            continue
        names = {"text": short(block.text), "found": found.level, "wanted": block.level}
        if not found.level:
            yield _("“%(text)s” is no longer a heading.") % names
        elif not block.level:
            yield _("“%(text)s” is a heading, which was not approved.") % names
        else:
            said = _("The heading “%(text)s” has level %(found)s instead of %(wanted)s.")
            yield said % names


def extras_inside(context: PartsContext) -> Iterator[str]:
    for extra in context.page.extras:
        if context.is_inside(extra.at):
            yield extra_said(extra.tag)


def extra_said(tag: str) -> str:
    name = _NAMES.get(tag, _("a frame with something else"))
    return _("The page also has %(what)s, which was not approved.") % {"what": name}
