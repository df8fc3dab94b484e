"""Removals by the sanitiser, in words for the author."""

from __future__ import annotations

import re
from collections import Counter

from django.utils.translation import gettext as _

MOST_NAMED = 12
# By pattern, not by parser: what people paste may never end its tags, and html.parser takes time by
# the square for it.
_TAG = re.compile(r"<([a-z][a-z0-9-]*)([^<>]*)>", re.IGNORECASE)
_QUOTED = re.compile(r""""[^"]*"|'[^']*'""")
_ATTRIBUTE = re.compile(r"([a-z][a-z0-9:_-]*)\s*=", re.IGNORECASE)


def taken_out(written: str, kept: str) -> tuple[str, ...]:
    """
    The tags and attributes of ``written`` that ``kept`` has fewer of, such as ``<script>`` and
    ``style on <p>``; the commonest first.
    """
    before, after = _count(written), _count(kept)
    gone = [name for name, _number in (before - after).most_common()]
    more = len(gone) - MOST_NAMED
    return (*gone[:MOST_NAMED], *((_("%(count)s more") % {"count": more},) if more > 0 else ()))


def _count(html: str) -> Counter[str]:
    found: Counter[str] = Counter()
    for tag, rest in _TAG.findall(html):
        name = f"<{tag.lower()}>"
        found[name] += 1
        found.update(
            _("%(name)s on %(tag)s") % {"name": each.lower(), "tag": name}
            for each in _ATTRIBUTE.findall(_QUOTED.sub('""', rest))
        )
    return found
