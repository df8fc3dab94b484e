"""References as people type and paste them."""

from __future__ import annotations

import re
from unicodedata import category, normalize
from urllib.parse import unquote, urlsplit

MINUS = "\u2212"  # the sign, which Unicode does not count as a dash
AROUND = " \t\r\n.,;:!?()[]{}<>\"'#"
# ``ACM-52``, ``acm 52``, ``ACM52``. A prefix with digits needs something between.
APART = re.compile(r"([A-Z][A-Z0-9]{1,7})[\s.:_/-]+0*(\d{1,9})")
JOINED = re.compile(r"([A-Z]{2,8})0*(\d{1,9})")
NUMBER = re.compile(r"(?:N(?:[OR](?:\.\s?|\s)|°\s?))?0*(\d{1,9})")
INSIDE = re.compile(r"(?<![\w-])([A-Z]{2,8})-0*(\d{1,9})(?![\w-])")
IN_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9]{1,7}-\d{1,9}")

PHONE = re.compile(r"\+?[0-9(][0-9 ()/.\-]{4,38}[0-9]")
LEAST_DIGITS, MOST_ALIKE = 6, 9  # of a telephone number; fewer are the number of some work


def plain(text: str) -> str:
    """Return the text in capitals, with one kind of dash and without signs around it."""
    folded = normalize("NFKC", text.replace("\0", " "))
    dashed = "".join("-" if each == MINUS or category(each) == "Pd" else each for each in folded)
    return " ".join(dashed.strip(AROUND).upper().split())


def ref_in(text: str) -> str:
    """Return the reference that the text is, such as ACM-52, or an empty string."""
    found = APART.fullmatch(plain(text)) or JOINED.fullmatch(plain(text))
    return f"{found[1]}-{found[2]}" if found else ""


def refs_inside(text: str) -> list[str]:
    """Return the references in a text, such as the subject of an e-mail, each once."""
    return list(dict.fromkeys(f"{code}-{number}" for code, number in INSIDE.findall(plain(text))))


def number_in(text: str) -> str:
    """Return the number that the text is, without zeros before it, or an empty string."""
    found = NUMBER.fullmatch(plain(text))
    return found[1] if found else ""


def path_in(text: str) -> str:
    """Return the path of a pasted address, or an empty string."""
    typed = text.strip()
    if "://" not in typed and not typed.startswith("/"):
        return ""
    try:
        return unquote(urlsplit(typed).path)
    except ValueError:
        return ""


def public_addresses(text: str) -> list[str]:
    """
    Return the ways to write the web address that the text is: with either scheme, with and without
    a slash at its end, and with and without what follows a question mark. Empty if it is none.
    """
    try:
        parts = urlsplit(text.strip())
    except ValueError:
        return []
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        return []
    path = parts.path.rstrip("/")
    ends = [path, f"{path}/"]
    if parts.query:
        ends += [f"{end}?{parts.query}" for end in ends]
    place = parts.netloc.lower()
    found = [f"https://{place}{end}" for end in ends]
    return [*found, *(f"http://{place}{end}" for end in ends)]


def phone_digits(text: str) -> str:
    """
    Return the last digits of the telephone number that the text is, or an empty string.

    They are as many as a number has in common with and without the prefix of its country.
    """
    typed = text.strip()
    if not PHONE.fullmatch(typed):
        return ""
    digits = re.sub(r"[^0-9]", "", typed.replace("(0)", "")).lstrip("0")
    return digits[-MOST_ALIKE:] if len(digits) >= LEAST_DIGITS else ""


def ref_in_path(path: str) -> str:
    """Return the last reference that is a whole part of a path, or an empty string."""
    refs = [part for part in path.split("/") if IN_ADDRESS.fullmatch(part)]
    return refs[-1].upper() if refs else ""
