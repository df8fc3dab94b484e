"""The parts of a post beside its text: files in the media library, categories and tags."""

from __future__ import annotations

import re
from collections.abc import Sequence

from integrations.adapters.wordpress import mapping
from integrations.adapters.wordpress.client import Medium, WordPressClient
from integrations.adapters.wordpress.spelling import name_as_html, text_of
from integrations.base.adapter import Asset, Permanent

_PLAIN = re.compile(r"\w+(?: \w+)*")


def placed_media(client: WordPressClient, assets: Sequence[Asset]) -> dict[str, Medium]:
    """
    Return every file in the media library by sha256.

    A file is uploaded only if no earlier attempt or version did so: WordPress would keep both.
    """
    found: dict[str, Medium] = {}
    for asset in assets:
        if asset.sha256 not in found:
            found[asset.sha256] = _placed(client, asset)
    return found


def _placed(client: WordPressClient, asset: Asset) -> Medium:
    # The slug is a digest of the bytes, so a file that an earlier attempt uploaded is found again.
    slug = mapping.media_slug(asset)
    medium = client.medium_with_slug(slug)
    if medium is None:
        medium = client.upload(
            slug, mapping.filename(asset), asset.type, asset.read(), name_as_html(asset.name)
        )
    # An alt text that somebody wrote in the library stays. The page has its own.
    if asset.alt and not medium.alt:
        client.describe(medium.id, name_as_html(asset.alt))
    return medium


def term_ids(client: WordPressClient, taxonomy: str, names: Sequence[str]) -> list[int]:
    """
    Return the terms with exactly these names, and create those that are missing.

    :raises Permanent: if one is missing and this user may not create it
    """
    wanted = dict.fromkeys(" ".join(name.split()) for name in names)
    return [_term(client, taxonomy, name) for name in wanted if name]


def _term(client: WordPressClient, taxonomy: str, name: str) -> int:
    known = _find(client, taxonomy, name)
    if known is not None:
        return known
    try:
        return client.make_term(taxonomy, name_as_html(name))
    except Permanent as error:
        known = _find(client, taxonomy, name)  # term_exists: somebody created it meanwhile
        if known is None:
            raise Permanent(
                f"“{name}” is not among the {taxonomy} of the site and could not be added: {error}",
                error.status,
            ) from None
        return known


def _find(client: WordPressClient, taxonomy: str, name: str) -> int | None:
    """
    Return the term with a name, or the oldest if children of several categories share it.

    WordPress stores names as HTML in a spelling of its own, and searches for the stored form. So
    the search is for the longest part that is spelled in one way only.
    """
    word = max(_PLAIN.findall(name), key=len, default=name)
    return min(
        (
            key
            for key, term_name in client.terms(taxonomy, word)
            if text_of(term_name).casefold() == name.casefold()
        ),
        default=None,
    )
