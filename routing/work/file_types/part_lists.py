"""
The lists in an Office document: the types of its parts, and what they refer to.

They are read by a parser, as the programs do. A pattern over their bytes would miss another
encoding, character references, or another order of attributes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from xml.parsers import expat

from routing.work.file_types.refusal import NotKept

CONTENT_TYPES = "[Content_Types].xml"
# A workbook that another one takes values from, or a program that is asked for them.
_LINKED_BOOK = re.compile(r"xl/externalLinks/[^/]+\.xml", re.IGNORECASE)
MOST_DEEP = 8  # elements within each other; these lists have two
_MACROS = ("macroenabled", "vbaproject", "macrosheet", "dialogsheet")
# What a document loads when it is opened, by the last part of the type.
_LOADED = frozenset({"attachedtemplate", "oleobject", "frame", "subdocument"})
# A page or another document that is taken into this one, and controls that run.
_TAKEN_IN = frozenset({"afchunk", "control", "activexcontrolbinary"})
_SHOWN = frozenset({"image"})
# A path on the reader's own disk, or beside the document. Anything else with a colon is elsewhere.
_DRIVE = re.compile(r"[a-z]:(?:/|$)", re.IGNORECASE)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]{0,200}:", re.IGNORECASE)


def check_list(content: bytes, name: str) -> None:
    """
    :raises NotKept: if a list of parts names macros, loads something from elsewhere, shows a
        picture from another computer's disk, or cannot be read
    """
    if name == CONTENT_TYPES:
        if any(word.encode() in content.lower() for word in _MACROS):  # also in a damaged list
            raise NotKept("macros")
        for attributes in elements(content, ("Default", "Override")):
            if any(word in attributes.get("ContentType", "").lower() for word in _MACROS):
                raise NotKept("macros")
        return
    if _LINKED_BOOK.fullmatch(name):
        if next(elements(content, ("ddeLink",)), None) is not None:
            raise NotKept("embedded", what="ddeLink")
        return
    for attributes in elements(content, ("Relationship",)):
        kind = attributes.get("Type", "").strip().rpartition("/")[2]
        target = attributes.get("Target", "")
        loaded = kind.lower() in _LOADED and is_elsewhere(target)
        # Whoever shows it signs in at that computer, and so sends a password's digest there.
        shared = kind.lower() in _SHOWN and is_share(target)
        if loaded or shared or kind.lower() in _TAKEN_IN:
            raise NotKept("embedded", what=kind)


def is_list(name: str) -> bool:
    """Return whether a part is one of those that ``check_list`` reads."""
    return (
        name == CONTENT_TYPES
        or name.lower().endswith(".rels")
        or _LINKED_BOOK.fullmatch(name) is not None
    )


def elements(content: bytes, names: tuple[str, ...]) -> Iterator[Mapping[str, str]]:
    """
    Yield the attributes of the elements with these names, in any namespace.

    :raises NotKept: if this is no XML, or declares anything of its own
    """
    found: list[Mapping[str, str]] = []
    depth = [0]

    def begin(name: str, attributes: dict[str, str]) -> None:
        depth[0] += 1
        if depth[0] > MOST_DEEP:
            raise NotKept("broken")
        if name.rpartition(":")[2] in names:
            found.append({key.rpartition(":")[2]: value for key, value in attributes.items()})

    def end(_name: str) -> None:
        depth[0] -= 1

    def declared(*_what: object) -> None:
        raise NotKept("broken")

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = begin, end
    parser.StartDoctypeDeclHandler = declared
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, UnicodeError, LookupError) as error:
        raise NotKept("broken") from error
    yield from found


def is_elsewhere(target: str) -> bool:
    """Return whether a target is neither beside the document nor on the reader's own disk."""
    path = _path(target)
    if is_share(target):
        return True
    return _SCHEME.match(path) is not None and _DRIVE.match(path) is None


def is_share(target: str) -> bool:
    """Return whether a target is on the disk of another computer, as in ``//server/folder``."""
    return _path(target).startswith("//")


def _path(target: str) -> str:
    """Return a target with one kind of slash, and without ``file:`` before a local path."""
    path = target.strip().replace("\\", "/")
    if path[:5].lower() != "file:":
        return path
    rest = path[5:]
    if rest.startswith("//localhost/"):
        rest = rest.removeprefix("//localhost")
    # file:///C:/a and file:///a are local, file://server/a and file://///server/a are not.
    if rest.startswith("///") and not rest.startswith("////"):
        rest = rest[3:]
    elif re.match(r"//[a-z]:/", rest, re.IGNORECASE):
        rest = rest[2:]
    return rest if rest.startswith("//") else rest.lstrip("/") or "/"
