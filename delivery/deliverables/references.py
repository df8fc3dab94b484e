"""
References to files in a body.

People write ``asset:photo.jpg``, a version stores ``asset:<sha256>``, and a page needs URLs.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from html import escape, unescape
from pathlib import PurePath

from django.utils.translation import gettext as _

# As people write it: any spaces, any quotes or none.
_WRITTEN = re.compile(
    r"""(\ssrc\s*=\s*)(?:"\s*asset:([^"]*)"|'\s*asset:([^']*)'|asset:([^\s"'>]+))""", re.IGNORECASE
)
# As the sanitiser writes it, in one form only.
_KEPT = re.compile(r' src="asset:([0-9a-f]{64})"')
_DIGEST = re.compile(r"[0-9a-f]{64}")


def free_name(name: str, taken: Iterable[str]) -> str:
    """Return the name, with a number before its ending if another file has it: photo-2.png."""
    known = {each.casefold() for each in taken}
    free, number = name, 2
    while free.casefold() in known:
        path = PurePath(name)
        free, number = f"{path.stem}-{number}{path.suffix}", number + 1
    return free


def distinct_names(files: Iterable[tuple[str, str]]) -> list[str]:
    """
    Return a name for each file, given as name and sha256, so that no two files share one.

    The first keeps its name, so that a text which refers to it stays right. The same file twice
    has one name.
    """
    names: list[str] = []
    owners: dict[str, str] = {}  # the sha256 by folded name
    for name, sha256 in files:
        others = [folded for folded, owner in owners.items() if owner != sha256]
        names.append(free_name(name, others))
        owners[names[-1].casefold()] = sha256
    return names


def by_digest(html: str, files: Iterable[tuple[str, str]]) -> str:
    """
    Replace file names in a body by the digests of the files.

    :param files: name and sha256 of each file of the new version
    :raises ValueError: naming a reference to no file, or to two different ones
    """
    known: dict[str, set[str]] = {}
    for name, sha256 in files:
        known.setdefault(name.casefold(), set()).add(sha256)
        # A body that was copied from an older version has digests already.
        known.setdefault(sha256, {sha256})

    def named(found: re.Match[str]) -> str:
        name = unescape(next(part for part in found.groups()[1:] if part is not None)).strip()
        meant = known.get(name.casefold(), set())
        if len(meant) > 1:
            raise ValueError(
                _("Two different files are named “%(name)s”. Rename one and upload it again.")
                % {"name": name}
            )
        if not meant and not _DIGEST.fullmatch(name):
            raise ValueError(
                _("The text refers to “asset:%(name)s”, but no such file was uploaded.")
                % {"name": name}
            )
        return f'{found[1]}"asset:{next(iter(meant), name)}"'

    return _WRITTEN.sub(named, html)


def by_name(html: str, files: Iterable[tuple[str, str]]) -> str:
    """
    Replace digests in a body by file names, where a name is unambiguous.

    :param files: name and sha256 of each file
    """
    known = list(dict.fromkeys(files))
    often = Counter(name.casefold() for name, _sha256 in known)
    # Reading the name back strips it, so a name with spaces at its ends would not be found again.
    names = {
        sha256: name
        for name, sha256 in known
        if often[name.casefold()] == 1 and name.strip() == name
    }
    return _KEPT.sub(lambda found: f' src="asset:{escape(names.get(found[1], found[1]))}"', html)


def by_address(html: str, address: Mapping[str, str] | Callable[[str], str | None]) -> str:
    """Replace digests in a body by URLs. An image without a URL keeps only its alt text."""
    find = address.get if isinstance(address, Mapping) else address

    def placed(found: re.Match[str]) -> str:
        url = find(found[1])
        return f' src="{escape(url)}"' if url else ""

    return _KEPT.sub(placed, html)
