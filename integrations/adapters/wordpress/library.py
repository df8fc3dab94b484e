"""The parts of a post beside its text: files in the media library, categories and tags."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from integrations.adapters.wordpress import mapping
from integrations.adapters.wordpress.client import Medium, WordPressClient
from integrations.base.adapter import Asset, Permanent
from integrations.base.markup import plain


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
        medium = client.upload(slug, mapping.filename(asset), asset.type, asset.read(), asset.name)
    # An alt text that somebody wrote in the library stays. The page has its own.
    if asset.alt and not medium.alt:
        client.describe(medium.id, asset.alt)
    return medium


def term_ids(client: WordPressClient, taxonomy: str, names: Sequence[str]) -> list[int]:
    """
    Return the terms with exactly these names, and create those that are missing.

    :raises Permanent: if one is missing and this user may not create it
    """
    wanted = dict.fromkeys(map(plain, names))
    return [_term(client, taxonomy, name) for name in wanted if name]


def _term(client: WordPressClient, taxonomy: str, name: str) -> int:
    known = _find(client, taxonomy, name)
    if known is not None:
        return known
    try:
        return client.make_term(taxonomy, name)
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

    WordPress stores “&” as “&amp;” and searches for the stored form.
    """
    stored = escape(name, quote=False)
    return min(
        (
            key
            for key, term_name in client.terms(taxonomy, stored)
            if plain(term_name).casefold() == name.casefold()
        ),
        default=None,
    )
