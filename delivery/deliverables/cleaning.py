"""Elements that the sanitiser removed, listed for the author."""

from __future__ import annotations

import re
from collections import Counter

from django.utils.translation import gettext as _

MOST_NAMED = 12
# Patterns instead of a parser: pasted text may have tags that never end, and html.parser takes
# quadratic time for those.
# What a repetition took is not given back: a name without an end would be tried letter by letter.
_TAG = re.compile(r"<([a-z][a-z0-9-]*+)([^<>]*+)>", re.IGNORECASE)
_QUOTED = re.compile(r""""[^"]*"|'[^']*'""")
_ATTRIBUTE = re.compile(r"(?<![a-z0-9:_-])([a-z][a-z0-9:_-]*+)\s*+=", re.IGNORECASE)


def taken_out(written: str, kept: str) -> tuple[str, ...]:
    """
    Return the tags and attributes of ``written`` that ``kept`` has fewer of, most frequent first.

    Examples are ``<script>`` and ``style on <p>``.
    """
    before, after = _count(written), _count(kept)
    gone = [name for name, _number in (before - after).most_common()]
    more = len(gone) - MOST_NAMED
    if more > 0:
        return (*gone[:MOST_NAMED], _("%(count)s more") % {"count": more})
    return tuple(gone)


def _count(html: str) -> Counter[str]:
    found: Counter[str] = Counter()
    for tag, rest in _TAG.findall(html):
        name = f"<{tag.lower()}>"
        found[name] += 1
        # Values go first: an equals sign in one of them would look like an attribute.
        for attribute in _ATTRIBUTE.findall(_QUOTED.sub('""', rest)):
            found[_("%(name)s on %(tag)s") % {"name": attribute.lower(), "tag": name}] += 1
    return found
