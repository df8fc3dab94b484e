"""
Check an evidence pack without the product. It needs Python 3.8 or newer, and nothing else.

    python3 verify_pack.py                  in the folder of the unpacked files
    python3 verify_pack.py --heads FILE     compare with heads that were published elsewhere
    python3 verify_pack.py --key-file FILE  check free text too, with the agency's ERASURE_KEY

It exits with 0 if everything agrees, and with 1 if anything was changed. VERIFY.md explains it.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import json
import sys
from pathlib import Path
from typing import Any, Iterator, Sequence  # noqa: UP035  # as Python 3.8 has them

SUMS = "SHA256SUMS"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def digest(pairs: Sequence[Sequence[Any]]) -> str:
    """Return the digest of columns: length, colon, text and comma for each, or ``-,`` for none."""
    parts = []
    for _name, value in pairs:
        parts.append("-," if value is None else f"{len(value.encode())}:{value},")
    return sha256("".join(parts).encode()) if parts else ""


def keyed(key: bytes, row: dict[str, Any], text: str) -> str:
    """Return the keyed form of a digest of text, as the agency's key makes it."""
    if not text:
        return ""
    derived = hmac.new(key, b"sealed text", hashlib.sha256).digest()
    message = f"{row['ledger']}:{row['row_id']}:{text}".encode()
    return hmac.new(derived, message, hashlib.sha256).hexdigest()


def file_faults(folder: Path) -> Iterator[str]:
    """Compare every file with its line in SHA256SUMS, and look for files without a line."""
    named = {SUMS}
    for line in (folder / SUMS).read_text("utf-8").splitlines():
        wanted, _space, name = line.partition("  ")
        named.add(name)
        path = folder / name
        if Path(name).name != name or not path.is_file():
            yield f"{name} is missing"
        elif sha256(path.read_bytes()) != wanted:
            yield f"{name} was changed"
    for path in sorted(folder.iterdir()):
        if path.name not in named:
            yield f"{path.name} does not belong to the pack"


def row_faults(
    ledger: dict[str, Any],
    key: bytes | None,
    counted: dict[str, int],
) -> Iterator[str]:
    """Compare every row with its digests, and its digests with those of its seal."""
    seals = ledger["seals"]
    with_key = {seal["seal"]: bool(seal["text_key"]) for seal in seals}
    sealed: dict[tuple[int, int], tuple[str, str]] = {}
    for seal in seals:
        for row_id, facts, text in seal["rows"]:
            sealed[seal["seal"], row_id] = facts, text
    redacted = {(each["ledger"], each["row_id"]) for each in ledger["redactions"]}
    for row in ledger["rows"]:
        name = f"row {row['row_id']} of {row['ledger']}"
        if row["seal"] is None:
            counted["unsealed"] += 1
            continue
        if sealed.get((row["seal"], row["row_id"])) != (row["digest"], row["text_digest"]):
            yield f"{name}: its digests are not those of seal {row['seal']}"
        if (row["ledger"], row["row_id"]) in redacted:
            counted["redacted"] += 1
            continue
        counted["rows"] += 1
        if digest(row["facts"]) != row["digest"]:
            yield f"{name} was changed"
        text = digest(row["text"])
        if with_key[row["seal"]] and key is None:
            counted["unchecked"] += bool(text)
            continue
        wanted = keyed(key, row, text) if with_key[row["seal"]] and key else text
        if wanted != row["text_digest"]:
            yield f"{name}: its text was changed"


def seal_faults(ledger: dict[str, Any]) -> Iterator[str]:
    """Compute every head again, and follow the chain from seal to seal."""
    heads = {}
    before = None
    for number, previous, head in ledger["chain"]:
        if before is not None and previous != before:
            yield f"seal {number} does not follow the seal before it"
        heads[number] = (previous, head)
        before = head
    for seal in ledger["seals"]:
        name = f"seal {seal['seal']} of {seal['ledger']}"
        lines = [f"{row_id} {facts} {text}" for row_id, facts, text in seal["rows"]]
        if sha256("\n".join([seal["previous"], *lines]).encode()) != seal["head"]:
            yield f"{name}: its head does not match its rows"
        if heads.get(seal["seal"]) != (seal["previous"], seal["head"]):
            yield f"{name} is not in the chain of the pack"


def published_faults(ledger: dict[str, Any], path: Path) -> Iterator[str]:
    """Compare the heads with a file of published heads: one JSON object on each line."""
    found = set()
    for line in path.read_bytes().splitlines():
        try:
            found.add(json.loads(line)["head"])
        except (ValueError, KeyError, TypeError):
            continue  # a line that was torn by a power failure; its head stands in the next one
    for seal in ledger["seals"]:
        if seal["head"] not in found:
            yield f"seal {seal['seal']} was not published in {path}"


def check(given: argparse.Namespace) -> int:
    folder, counted = Path(given.folder), dict.fromkeys(NOTES, 0)
    key = Path(given.key_file).read_bytes().strip() if given.key_file else None
    faults = list(file_faults(folder))
    seals = 0
    try:
        ledger = json.loads((folder / "ledger.json").read_text("utf-8"))
        seals = len(ledger["seals"])
        faults += row_faults(ledger, key, counted)
        faults += seal_faults(ledger)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        faults.append(f"ledger.json cannot be read: {type(error).__name__} {error}")
    else:
        if given.heads:
            faults += published_faults(ledger, Path(given.heads))
    said = [f"{seals} seals checked."]
    said += [words.format(counted[name]) for name, words in NOTES.items() if counted[name]]
    said += [f"FAULT: {fault}" for fault in faults]
    said.append("The pack is broken." if faults else "The pack is intact.")
    sys.stdout.write("\n".join(said) + "\n")
    return 1 if faults else 0


NOTES = {
    "rows": "{} rows checked.",
    "unchecked": "{} rows have text under the agency's key. It was not checked.",
    "unsealed": "{} rows had no seal yet when the pack was made.",
    "redacted": "{} rows were redacted on purpose. They were not compared.",
}


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description="Check an evidence pack without the product.")
    parser.add_argument("folder", nargs="?", default=str(Path(__file__).resolve().parent))
    parser.add_argument("--heads", help="file of published heads, kept outside the product")
    parser.add_argument("--key-file", help="file with the ERASURE_KEY of the agency")
    return check(parser.parse_args(arguments))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
