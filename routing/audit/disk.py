"""
Search the files of the product for one person: kept e-mails, logs, uploads, live pages and dumps.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from io import BytesIO
from pathlib import Path

from django.conf import settings

from routing.kernel.storage import private
from routing.people.finder import Finder
from routing.work.files import File

# Data of servers, files that are searched by their rows, and secrets that only look like text.
APART = frozenset({"postgres", "valkey", "static", "metrics"})
SECRETS = frozenset({"secrets.json", "run.env", "run.json", "run.lock", "seal-heads.jsonl"})
DUMPS = (".dump", ".partial", ".sql")
MOST_BYTES = 64 * 1024 * 1024  # of one file, and of what is unpacked from it
_STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)


def clean_kept_mail(finder: Finder) -> int:
    """Remove kept e-mails from, to or about the person. Return their number."""
    removed = 0
    for path in sorted(Path(settings.VAR_DIR / "mail").glob("*.eml*")):
        if _names_in_mail(path, finder):
            path.unlink(missing_ok=True)
            removed += 1
    return removed


def clean_text_files(finder: Finder) -> int:
    """
    Overwrite the person in logs and other text files. Return the number of files.

    The bytes are replaced by as many others in place, because a running process may be appending.
    """
    return sum(_overwrite(path, finder) for path in _text_files())


def files_with(finder: Finder) -> list[str]:
    """Return the files that still hold the person, relative to the folder of the product."""
    found = [path for path in _text_files() if any(_spans(path, finder))]
    mails = sorted(Path(settings.VAR_DIR / "mail").glob("*.eml*"))
    found += [path for path in mails if _names_in_mail(path, finder)]
    return [_relative(path) for path in found]


def pages_with(finder: Finder) -> list[str]:
    """Return the pages of static destinations that hold the person. They are never rewritten."""
    folder = Path(settings.SITES_DIR)
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return [_relative(path) for path in found if any(_spans(path, finder))]


def dumps() -> list[str]:
    """Return the dumps of the database that are older than the erasure, with their times."""
    folder = Path(settings.VAR_DIR)
    kept = {path for path in (folder / "backups").glob("*") if path.is_file()}
    kept |= {path for path in folder.glob("*") if path.suffix in DUMPS}
    return [f"{_relative(path)} ({_taken(path)})" for path in sorted(kept)]


def upload_names(file: File, finder: Finder) -> bool:
    """Return whether the bytes of an upload hold the person, as far as text can be read in them."""
    try:
        with private().open(file.storage_key) as stream:
            raw: bytes = stream.read(MOST_BYTES)
    except FileNotFoundError:
        return False
    return any(finder.has(text) for text in _texts(raw))


def _texts(raw: bytes) -> Iterator[str]:
    """Yield the text of a file: as it is, and of the parts of archives and PDFs."""
    yield raw.decode("utf-8", errors="replace")
    if raw[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        yield raw.decode("utf-16", errors="replace")
    if raw.startswith(b"PK"):
        yield from _members(raw)
    if raw.startswith(b"%PDF"):
        for found in _STREAM.finditer(raw):
            yield _inflated(found[1]).decode("latin-1")


def _members(raw: bytes) -> Iterator[str]:
    left = MOST_BYTES
    try:
        with zipfile.ZipFile(BytesIO(raw)) as archive:
            for info in archive.infolist():
                with archive.open(info) as member:
                    part = member.read(left)
                left -= len(part)
                yield part.decode("utf-8", errors="replace")
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, zlib.error, EOFError):
        return


def _inflated(part: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(part, MOST_BYTES)
    except zlib.error:
        return part


def _text_files() -> Iterator[Path]:
    folder = Path(settings.VAR_DIR)
    apart = {Path(settings.MEDIA_ROOT), Path(settings.SITES_DIR), folder / "backups"}
    for top in sorted(folder.iterdir()) if folder.is_dir() else ():
        if top.name in APART or top.name in SECRETS or top in apart or top.is_symlink():
            continue
        paths = sorted(top.rglob("*")) if top.is_dir() else [top]
        for path in paths:
            if path.is_file() and ".eml" not in path.suffixes and path.suffix not in DUMPS:
                yield path


def _overwrite(path: Path, finder: Finder) -> bool:
    places = list(_spans(path, finder))
    if places:
        with path.open("r+b") as file:
            for start, end in places:
                file.seek(start)
                file.write(b"*" * (end - start))
    return bool(places)


def _spans(path: Path, finder: Finder) -> Iterator[tuple[int, int]]:
    """Yield the places of the person in a file, in bytes. It is read line by line."""
    at = 0
    try:
        with path.open("rb") as file:
            for line in file:
                text = line.decode("utf-8", errors="surrogateescape")
                for start, end in finder.spans(text):
                    yield at + _size(text[:start]), at + _size(text[:end])
                at += len(line)
    except OSError:  # removed meanwhile, or not ours to read
        return


def _size(text: str) -> int:
    return len(text.encode("utf-8", errors="surrogateescape"))


def mails_to(finder: Finder) -> list[Path]:
    """Return the kept e-mails that were sent to the person."""
    found = []
    for path in sorted(Path(settings.VAR_DIR / "mail").glob("*.eml")):
        message = message_from_bytes(path.read_bytes(), _class=EmailMessage, policy=policy.default)
        if finder.has(str(message["To"] or "")):
            found.append(path)
    return found


def _names_in_mail(path: Path, finder: Finder) -> bool:
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return False
    message = message_from_bytes(raw, _class=EmailMessage, policy=policy.default)
    parts = [f"{name}: {value}" for name, value in message.items()]
    for part in message.walk():
        if part.get_content_maintype() == "text":
            parts.append(str(part.get_content()))
        elif part.get_filename():
            parts.append(str(part.get_filename()))
    return finder.has("\n".join(parts)) or finder.has(raw.decode("utf-8", errors="replace"))


def _relative(path: Path) -> str:
    folder = Path(settings.VAR_DIR)
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)


def _taken(path: Path) -> str:
    return f"{datetime.fromtimestamp(path.stat().st_mtime, UTC):%Y-%m-%d %H:%M} UTC"
