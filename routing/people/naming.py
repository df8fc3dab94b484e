"""
The patterns of a person's name, e-mail addresses and phone numbers, over folded text.

Two strengths: ``sure`` matches are the person, ``near`` matches may be somebody else.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from routing.people.folded import fold

# Letters of a name of one word that hardly is an ordinary word; fewer where each letter is one.
SAFE_ALONE, SAFE_WIDE = 8, 3
LEAST_TOKEN = 3
LEAST_LOCAL = 4
LEAST_DIGITS = 7
TAIL = 7  # digits
TITLES = frozenset(
    {
        "mr",
        "mrs",
        "ms",
        "miss",
        "dr",
        "prof",
        "herr",
        "frau",
        "von",
        "van",
        "der",
        "den",
        "de",
        "la",
    }
)
# Between the words of a name: spaces, punctuation of addresses and slugs, and tags of HTML.
BETWEEN = r"(?:[\s._+/\-\u2010-\u2015\"'&;:]|<[^<>]{0,80}>){1,8}"
BETWEEN_DIGITS = r"[\s().\-/\u2010-\u2015]{0,3}"
_WORD = re.compile(r"[^\s._+/\-\u2010-\u2015\"'\u2019&;:,<>()\[\]@]+")
_EXTENSION = re.compile(r"(?:ext|x|#|durchwahl|dw)", re.IGNORECASE)
# Country calling codes of one and two digits. All others have three.
_ONE = frozenset("17")
_TWO = frozenset(
    str(code)
    for first, last in (
        (20, 20),
        (27, 27),
        (30, 34),
        (36, 36),
        (39, 41),
        (43, 49),
        (51, 58),
        (60, 66),
        (81, 82),
        (84, 84),
        (86, 86),
        (90, 95),
        (98, 98),
    )
    for code in range(first, last + 1)
)


@dataclass(frozen=True, slots=True)
class PersonTerms:
    """
    The names, addresses and numbers of one person, as they were entered.

    ``shared`` has those names and numbers that somebody else has as well. They identify nobody by
    themselves.
    """

    names: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    shared: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """``national`` has no country code and no leading zero."""

    country: str
    national: str


def phone_number(text: str) -> PhoneNumber | None:
    """Return the digits of a phone number, or None if there are too few to identify anybody."""
    written = _EXTENSION.split(fold(text))[0].replace("(0)", "")
    digits = re.sub(r"\D", "", written)
    country = ""
    if written.strip().startswith("+") or digits.startswith("00"):
        digits = digits.removeprefix("00")
        size = 1 if digits[:1] in _ONE else 2 if digits[:2] in _TWO else 3
        country, digits = digits[:size], digits[size:]
    national = digits.lstrip("0")
    if len(digits) < LEAST_DIGITS or len(national) < LEAST_DIGITS - 1:
        return None
    return PhoneNumber(country, national)


def words_of(name: str) -> list[str]:
    """Return the words of a name in one Unicode form, with their accents."""
    return _WORD.findall(unicodedata.normalize("NFC", name))


def sure_patterns(identity: PersonTerms) -> Iterator[str]:
    """Yield patterns over folded text that only this person matches."""
    for name in identity.names:
        if "@" in name:
            yield from _addresses([name])
        elif name not in identity.shared and is_distinctive(name):
            yield from _full_name(name)
    yield from _addresses(identity.emails)
    for phone in identity.phones:
        number = phone_number(phone)
        if number is not None and phone not in identity.shared:
            yield from _numbers(number)


def near_patterns(identity: PersonTerms) -> Iterator[str]:
    """Yield patterns over folded text that a person must look at."""
    for name in identity.names:
        found = [word for word in words_of(name) if fold(word) not in TITLES]
        for word in {*found[:1], *found[-1:]}:
            if len(fold(word)) >= LEAST_TOKEN or not word.isascii():
                yield _edged(word, _loose(word))
        if len(found) > 1:
            initial = re.escape(fold(found[0])[:1])
            yield rf"(?<![^\W_]){initial}\.?\s{{0,2}}{_loose(found[-1])}(?![^\W_])"
            yield _edged(found[0], f"{_loose(found[0])}{_loose(found[-1])}")
        if found and name in identity.shared:
            yield from _full_name(name)
    for email in identity.emails:
        local = fold(email).partition("@")[0]
        if len(local) >= LEAST_LOCAL:
            yield rf"(?<![^\W_]){re.escape(local)}(?![^\W_])"
    for phone in identity.phones:
        digits = re.sub(r"\D", "", fold(phone))[-TAIL:]
        if len(digits) == TAIL:
            yield rf"{BETWEEN_DIGITS.join(digits)}(?!\d)"


def is_distinctive(name: str) -> bool:
    """Return whether a name is of several words, or of one that is hardly an ordinary word."""
    words = words_of(name)
    if len(words) != 1:
        return bool(words)
    least = SAFE_WIDE if _is_wide(words[0][0]) else SAFE_ALONE
    return len(words[0]) >= least or any(sign.isdigit() for sign in words[0])


def _full_name(name: str) -> Iterator[str]:
    words = words_of(name)
    patterns = [_strict(word) for word in words]
    yield _edged(words[0], BETWEEN.join(patterns), words[-1])
    if len(words) > 1:
        # “Client, Carla” as in lists and directories.
        turned = rf"{patterns[-1]}\s?,\s?{BETWEEN.join(patterns[:-1])}"
        yield _edged(words[-1], turned, words[0])


def _addresses(emails: Iterable[str]) -> Iterator[str]:
    for email in emails:
        local, _, domain = fold(email.strip()).rpartition("@")
        if local and domain:
            domains = "|".join(re.escape(each) for each in sorted(_domains(email, domain)))
            yield (
                rf"(?<![\w.+-]){re.escape(local)}(?:\+[\w.%-]{{1,64}})?\s?(?:@|\(at\)|\[at\])\s?"
                rf"(?:{domains})(?![\w-]|\.[^\W_])"
            )


def _domains(email: str, folded: str) -> set[str]:
    """Return a domain as people write it and as the DNS does."""
    raw, found = email.strip().lower().rpartition("@")[2], {folded}
    try:
        found.add(raw.encode("idna").decode("ascii"))
        found.add(fold(raw.encode("ascii").decode("idna")))
    except UnicodeError:
        pass
    return found


def _numbers(number: PhoneNumber) -> Iterator[str]:
    rest = BETWEEN_DIGITS.join(number.national)
    country = BETWEEN_DIGITS.join(number.country) if number.country else r"[1-9]\d{0,2}"
    zero = rf"(?:\(?0\)?{BETWEEN_DIGITS})?"
    yield rf"(?<!\d)(?:\+|00)\s?{country}{BETWEEN_DIGITS}{zero}{rest}(?!\d)"
    if number.country:
        yield rf"(?<!\d){country}{BETWEEN_DIGITS}{zero}{rest}(?!\d)"
    if len(number.national) > LEAST_DIGITS:
        yield rf"(?<!\d){zero}{rest}(?!\d)"
    else:
        yield rf"(?<!\d)\(?0\)?{BETWEEN_DIGITS}{rest}(?!\d)"
        yield rf"(?<![\d.,/-]){rest}(?![\d.,/-]\d|\d)"


def _strict(word: str) -> str:
    """Return the pattern of a word. An umlaut may be written with an e."""
    parts = []
    for sign in unicodedata.normalize("NFC", word):
        folded = fold(sign)
        parts.append(f"{folded[0]}e?" if sign in "äöüÄÖÜøØæÆœŒ" else re.escape(folded))
    return "".join(parts)


def _loose(word: str) -> str:
    """Return the pattern of a word whose ae, oe or ue may stand for an umlaut."""
    return re.sub(r"(?<=[aou])e(?!\?)", "e?", _strict(word))


def _edged(first: str, pattern: str, last: str = "") -> str:
    """Add the edges of words, except in scripts that do not separate words."""
    before = "" if _runs_on(first[0]) else r"(?<![^\W_])"
    after = "" if _runs_on((last or first)[-1]) else r"(?![^\W_])"
    return f"{before}{pattern}{after}"


def _runs_on(sign: str) -> bool:
    """Return whether words of this script stand beside each other without spaces."""
    script = unicodedata.name(sign, "").partition(" ")[0]
    return _is_wide(sign) or script in {"THAI", "LAO", "KHMER", "MYANMAR"}


def _is_wide(sign: str) -> bool:
    return unicodedata.east_asian_width(sign) in {"W", "F"}
