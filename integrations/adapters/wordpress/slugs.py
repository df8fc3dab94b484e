"""Slugs that WordPress does not keep, or under which readers would not find the page."""

from __future__ import annotations

import re

from django.utils.translation import gettext as _

# wp_unique_post_slug() adds a number to these, because addresses of feeds end with them.
FEEDS = frozenset({"feed", "rdf", "rss", "rss2", "atom", "embed"})
# A number would be the address of an archive of a year, month or day, or of a page of a list.
NUMERIC = re.compile(r"(?:page|comment-page-)?[0-9]+")
# Folders and rewrite rules of WordPress itself, which win over any page.
ITS_OWN = frozenset({"wp-admin", "wp-content", "wp-includes", "wp-json"})


def slug_fault(slug: str) -> str:
    """Return why WordPress would not keep the slug of a post or page, or an empty string."""
    if slug in FEEDS:
        return _(
            "WordPress uses “%(slug)s” for its feeds and would change it to “%(slug)s-2”. Choose "
            "another slug."
        ) % {"slug": slug}
    if NUMERIC.fullmatch(slug):
        return _(
            "WordPress takes “%(slug)s” for a date or a page number and would change it to "
            "“%(slug)s-2”. Add a word to the slug."
        ) % {"slug": slug}
    if slug in ITS_OWN:
        return _(
            "“%(slug)s” is a folder of WordPress itself, so readers would not reach the page. "
            "Choose another slug."
        ) % {"slug": slug}
    return ""
