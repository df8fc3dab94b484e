"""Changes in a version, in words for the client."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from delivery.deliverables.diff import ChangeKind, Difference, TextRun, difference
from delivery.deliverables.reading import text_of, tokens_of
from delivery.deliverables.versions import Version
from routing.work.gates import Words

MOST_LETTERS = 60  # of a quotation
AROUND = 12  # words that are shown before and after a change
MOST = 200  # pieces of text; with more changes, people read the version itself
NAMES: Mapping[str, Words] = {
    "title": gettext_lazy("Title"),
    "slug": gettext_lazy("Page address"),
    "excerpt": gettext_lazy("Summary"),
    "seo_title": gettext_lazy("SEO title"),
    "seo_description": gettext_lazy("SEO description"),
    "categories": gettext_lazy("Categories"),
    "tags": gettext_lazy("Tags"),
}


@dataclass(frozen=True, slots=True)
class News:
    """
    Changes since the version that the client saw.

    ``texts`` are name, before and after. ``body`` has an ellipsis where equal words are left out.
    """

    since: int  # number of that version
    texts: Sequence[tuple[Words, str, str]]
    body: Sequence[TextRun]
    notes: Sequence[str]  # one sentence each

    @property
    def nothing(self) -> bool:
        return not (self.texts or self.body or self.notes)


def news(before: Version, after: Version) -> News:
    found = difference(before.manifest, after.manifest)
    texts = [(NAMES.get(name, name), old, new) for name, old, new in found.fields]
    texts += [
        (NAMES.get(kind, kind), ", ".join(removed), ", ".join(added))
        for kind, added, removed in found.terms
    ]
    texts += list(_of_body(found))[:MOST]
    return News(before.number, texts, list(_shortened(found.body))[:MOST], list(_notes(found)))


def _of_body(found: Difference) -> Iterator[tuple[Words, str, str]]:
    """Return what changed in the text besides its words, each with before and after."""
    for link in found.links:
        yield _("Link “%(text)s”") % {"text": link.text}, plain(link.before), plain(link.after)
    for image in found.images:
        if image.before != image.after:
            yield _("Image"), image.before, image.after
        if image.alt_before != image.alt_after and image.before and image.after:
            label = _("Alt text of %(name)s") % {"name": image.after}
            yield label, image.alt_before, image.alt_after
    for look in found.looks:
        label = _("Layout of “%(text)s”") % {"text": _cut(look.text)} if look.text else _("Layout")
        yield label, look.before, look.after


def plain(address: str) -> str:
    """Return the address of a link as people read it."""
    return unquote(address.removeprefix("mailto:").removeprefix("tel:"))


def _cut(text: str) -> str:
    return Truncator(text).chars(MOST_LETTERS)


def _notes(found: Difference) -> Iterator[str]:
    for line in found.moved[:MOST]:
        yield _("Moved: “%(text)s”") % {"text": _cut(line)}
    if found.reordered:
        yield _("The files come in another order.")
    if found.unnamed:
        yield _("The text is the same. Only the layout changed, such as a line break or a table.")
    for change in found.files:
        if change.before is None and change.after is not None:
            yield _("New file: %(name)s") % {"name": change.after.name}
        elif change.after is None and change.before is not None:
            yield _("File removed: %(name)s") % {"name": change.before.name}
        elif change.before is not None and change.after is not None:
            if change.before.sha256 != change.after.sha256:
                yield _("File replaced: %(name)s") % {"name": change.after.name}
            else:
                yield _("File description changed: %(name)s") % {"name": change.after.name}


def _shortened(body: Sequence[TextRun]) -> Iterator[TextRun]:
    """Shorten long runs of equal words to those next to a change."""
    for place, run in enumerate(body):
        words = tokens_of(run.text)
        around = AROUND if " " in run.text else MOST_LETTERS // 2
        if run.change != ChangeKind.SAME or len(words) <= 2 * around:
            yield run
            continue
        start = text_of(words[:around]) if place else ""
        end = text_of(words[-around:]) if place < len(body) - 1 else ""
        yield TextRun(ChangeKind.SAME, f"{start} … {end}".strip(), glued=run.glued)
