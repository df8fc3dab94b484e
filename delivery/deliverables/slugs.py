"""The slug of a version: as its author typed it, or derived from the title."""

from __future__ import annotations

from django.utils.translation import gettext as _

from routing.kernel.slugs import is_slug, slug_of


def chosen_slug(typed: str, title: str, *, is_page: bool) -> str:
    """
    Return the slug that the author typed, or else the one derived from the title.

    It is empty if there is neither a slug nor a title, and for files whose title gives none: they
    have no address.

    :raises ValueError: if the slug cannot be part of an address, or the title gives none; the
        message says what to enter
    """
    if typed:
        return _valid(typed)
    derived = slug_of(title)
    if is_page and title and not derived:
        raise ValueError(
            _(
                "No slug can be derived from this title. Enter one in lower-case letters a to z, "
                "digits and single hyphens, such as spring-offer."
            )
        )
    return derived


def _valid(typed: str) -> str:
    if is_slug(typed):
        return typed
    words = _(
        "Use lower-case letters a to z, digits and single hyphens, without slashes or spaces."
    )
    proposal = slug_of(typed)
    if proposal:
        words += " " + _("For example: %(slug)s") % {"slug": proposal}
    raise ValueError(words)
