"""
Our content as a WordPress post.

A mark in the content identifies our post and says what we wrote, so that a change by somebody else
can be detected.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any

from delivery.deliverables.markup import Open, read
from integrations.adapters.wordpress.client import TRASHED, WordPressPost
from integrations.adapters.wordpress.spelling import body_as_html, text_of
from integrations.base.adapter import Asset
from integrations.base.markup import seen, spelled
from routing.kernel import slugs
from routing.kernel.canonical import SPACED, json_digest

# A comment in the content is the only mark that plain WordPress keeps: its API drops meta fields
# that no plugin registered. The HTML block around it keeps WordPress from adding paragraphs and
# line breaks (wpautop).
_RAW = "<!-- wp:html -->\n<!-- throughline:{key} {digest} -->\n{body}\n<!-- /wp:html -->"
_MARK = re.compile(r"<!-- throughline:(\S+) ([0-9a-f]{32}) -->")
_BLOCK = re.compile(r"<!-- /?wp:[^>]*-->")
SCHEDULED = "future"
_NUMBERED = re.compile(r"-\d+$")
_UNSAFE = re.compile(r"[^a-z0-9]+")
_SHOWN = 60


def marked(body: str, object_key: str, title: str, excerpt: str) -> str:
    """
    Return the raw content: the body with our mark.

    :param title: as text, like the excerpt
    """
    digest = _text_digest(" ".join(title.split()), body, " ".join(excerpt.split()))
    return _RAW.format(key=object_key, digest=digest, body=body_as_html(body.strip()))


def mark_of(remote: WordPressPost) -> tuple[str, str]:
    """Return the object key and text digest of a mark; empty strings without exactly one mark."""
    found = _MARK.findall(remote.content)
    return found[0] if len(found) == 1 else ("", "")


def search_word(object_key: str) -> str:
    """Return the start of the mark. Without a key, that of all marks."""
    return f"throughline:{object_key}"


def unmarked(content: str) -> str:
    """Return the content without our mark and the comments that delimit blocks."""
    return _BLOCK.sub("", _MARK.sub("", content)).strip()


def scheduled_at(remote: WordPressPost) -> datetime | None:
    """Return the time at which WordPress will publish the post by itself, or None."""
    if remote.status != SCHEDULED:
        return None
    try:
        return datetime.fromisoformat(remote.date_gmt).replace(tzinfo=UTC)
    except ValueError:
        return None


def _text_digest(title: str, body: str, excerpt: str) -> str:
    """
    Return a digest of texts, links and images.

    The markup is left out: WordPress cleans it for users without ``unfiltered_html`` and spells
    entities in its own way.
    """
    shown = seen(body)
    parts = [title, excerpt, " ".join(shown.blocks), shown.images, shown.links]
    return json_digest(parts, SPACED)[:32]


def exactly(remote: WordPressPost) -> str:
    """Return a digest of the raw fields as the site has them."""
    return json_digest([remote.title, remote.content, remote.excerpt], SPACED)


def changed_by_others(remote: WordPressPost, evidence: Mapping[str, Any], slug: str) -> list[str]:
    """
    Return what others changed since our last write, in words.

    A write whose answer was lost left no evidence. Then the mark in the post says what we wrote.

    :param evidence: of our last write, as far as it is known
    """
    changes = []
    if exactly(remote) != evidence.get("written") and not as_marked(remote):
        changes.append("title, text or excerpt")
    if evidence.get("status") == "publish" and remote.status != "publish":
        changes.append(f"its status, which is {remote.status} now")
    if "slug" in evidence and remote.slug != evidence["slug"] and not same_slug(slug, remote.slug):
        changes.append(f"its slug, which is {remote.slug} now")
    return changes


def as_marked(remote: WordPressPost) -> bool:
    """Return whether the post holds a text of ours: the one that its mark says."""
    _, digest = mark_of(remote)
    texts = text_of(remote.title), remote.content, text_of(remote.excerpt)
    return bool(digest) and _text_digest(*texts) == digest


def same_slug(wanted: str, found: str) -> bool:
    """Return whether the slugs are equal, but for the number that WordPress adds to a taken one."""
    if found == wanted:
        return True
    return found.startswith(wanted) and _NUMBERED.fullmatch(found[len(wanted) :]) is not None


def unlike(remote: WordPressPost, wanted: Mapping[str, Any]) -> list[str]:
    """Return one sentence for each raw field that differs from what was sent."""
    found = []
    for name, here in (("title", remote.title), ("excerpt", remote.excerpt)):
        text, sent = text_of(here), text_of(wanted[name])
        if text != sent:
            found.append(f"The {name} is “{_short(text)}”, not “{_short(sent)}”.")
    if difference := _first_difference(spelled(wanted["content"]), spelled(remote.content)):
        found.append(f"The text has {difference[1]} where {difference[0]} was sent.")
    if mark_of(remote)[0] != mark_of_text(wanted["content"]):
        found.append("The text no longer has our mark.")
    if remote.slug != wanted["slug"]:
        found.append(
            f"The site changed the slug “{wanted['slug']}” to “{remote.slug}”, because it has that "
            f"one for something else. The page is {remote.status} at {remote.link}."
        )
    if remote.status != wanted["status"]:
        found.append(f"The status is {remote.status}, not {wanted['status']}.")
    found += [
        f"{name} are not those that were sent."
        for name in ("categories", "tags")
        if _differ(getattr(remote, name), wanted.get(name))
    ]
    found += [
        f"The field {name} was not kept."
        for name, value in (wanted.get("meta") or {}).items()
        if remote.meta.get(name) != value
    ]
    return found


def rewritten_alt(remote: WordPressPost) -> str:
    """
    Return one sentence about an alternative text that readers get otherwise, or an empty string.

    From version 7.1 on, WordPress resolves character references in attributes when it cleans the
    HTML of an author. Words in square brackets are shortcodes again then, and no spelling prevents
    that.
    """
    if not remote.shown:
        return ""
    shown = _alts(remote.shown)
    changed = [alt for alt in _alts(remote.content) if "[" in alt and alt not in shown]
    if not changed:
        return ""
    return (
        f"The site takes a part of the alternative text “{_short(changed[0])}” for a shortcode. "
        f"Leave out its square brackets, or give the connection an editor's application password."
    )


def _alts(html: str) -> list[str]:
    opened = [piece for piece in read(html) if isinstance(piece, Open) and piece.tag == "img"]
    return [" ".join(piece.attributes.get("alt", "").split()) for piece in opened]


def mark_of_text(content: str) -> str:
    found = _MARK.search(content)
    return found.group(1) if found else ""


def _differ(found: Iterable[int], wanted: Iterable[int] | None) -> bool:
    return wanted is not None and sorted(found) != sorted(wanted)


def _first_difference(wanted: list[str], found: list[str]) -> tuple[str, str] | None:
    if wanted == found:
        return None
    ours, theirs = [*wanted, "nothing"], [*found, "nothing"]
    place = next(
        (n for n, (one, other) in enumerate(zip(ours, theirs, strict=False)) if one != other),
        min(len(ours), len(theirs)) - 1,
    )
    return _short(ours[place]), _short(theirs[place])


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def in_trash(remote: WordPressPost) -> bool:
    return remote.status == TRASHED


def media_slug(asset: Asset) -> str:
    """Return a slug made of the bytes alone, so that no file is uploaded twice under two names."""
    return slug_of_file(asset.sha256)


def slug_of_file(sha256: str) -> str:
    return f"tl-{sha256[:32]}"


def filename(asset: Asset) -> str:
    """Return a name that is safe in a header and a URL."""
    name = PurePath(asset.name)
    stem = slugs.spelled(name.stem, most=60) or "file"
    ending = _UNSAFE.sub("", name.suffix.lower())
    return f"{stem}-{asset.sha256[:8]}.{ending}" if ending else f"{stem}-{asset.sha256[:8]}"
