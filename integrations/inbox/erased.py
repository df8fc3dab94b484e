"""
Recognise erased people in what comes in, and keep it without them.

They are recognised by their e-mail addresses and phone numbers, of which there are only keyed
digests. A name alone recognises nobody, because others have it as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from integrations.base.adapter import Part
from routing.audit.operations.erasure import identity_digest, phone_digest
from routing.models import ErasedIdentity
from routing.people.finder import Finder
from routing.people.naming import PersonTerms
from routing.runs.operations.capture import Signal

# Bounded parts, so that no input makes the search slow.
_ADDRESS = re.compile(
    r"(?<![\w.!#$%&'*/=?^`{|}~+-])[\w.!#$%&'*/=?^`{|}~-]{1,64}(?:\+[\w.-]{1,64})?@(?:[\w-]{1,63}\.){1,8}[\w-]{2,63}"
)
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")
_NUMBER = re.compile(r"(?:\+|\b)\d[\d\s().\-/]{5,24}\d\b")
LONGEST_NUMBER = 40  # characters of a value that may be a phone number
_PERSONAL = re.compile(
    r"name|mail|phone|tel\b|mobile|fax|address|street|contact|person|birth|gender|salutation",
    re.IGNORECASE,
)
_OF_OTHERS = re.compile(r"company|organi[sz]ation|deal|product|form|event|page|site", re.IGNORECASE)


def named_in(value: Any) -> set[str]:
    """Return keyed digests of all addresses and phone numbers in a JSON value."""
    return set(_digests(value))


def without_erased(parts: Sequence[Part], raw: bytes) -> tuple[list[Part], bytes]:
    """
    Return the parts without erased people, and the body to keep: none if it names one of them.

    This asks the database, unless nobody is named.
    """
    text = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), raw.decode(errors="replace"))
    named = named_in(text)
    for part in parts:
        if isinstance(part, Signal):
            named |= named_in(part.body)
    if not named:
        return list(parts), raw
    rows = ErasedIdentity.objects.filter(digest__in=named)
    erased = frozenset(rows.values_list("digest", flat=True))
    if not erased:
        return list(parts), raw
    return [_without(part, erased) for part in parts], b""


def facts_without(facts: Mapping[str, Any], gone: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """
    Return facts without erased people who were read beside them.

    :param gone: name and address of each
    """
    identity = PersonTerms(
        tuple(name for name, _email in gone if name), tuple(email for _name, email in gone if email)
    )
    finder = Finder(identity)
    return {name: finder.without(value) for name, value in facts.items()}


def _digests(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if "@" in value:
            yield from (identity_digest(found) for found in _addresses(value))
        yield from filter(None, (phone_digest(found) for found in _numbers(value)))
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _digests(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _digests(each)


def _addresses(text: str) -> Iterator[str]:
    for found in _ADDRESS.findall(text):
        yield found
        local, _, domain = found.rpartition("@")
        if "+" in local:  # a sub-address is the same mailbox
            yield f"{local.partition('+')[0]}@{domain}"


def _numbers(text: str) -> list[str]:
    if len(text) <= LONGEST_NUMBER or any(sign in text for sign in "+("):
        return _NUMBER.findall(text)
    return []


def _without(part: Part, erased: frozenset[str]) -> Part:
    if not isinstance(part, Signal) or not erased & named_in(part.body):
        return part
    known = _Known(erased)
    body = known.without(part.body)
    # Name and number may stand in other answers as well, or in free text.
    cleaned = Finder(known.identity()).without(body)
    return replace(part, body=cleaned, sent_digest=part.digest)


class _Known:
    """Removes what belongs to an erased person from a body, and collects how they are called."""

    def __init__(self, erased: frozenset[str]) -> None:
        self.erased = erased
        self.names: set[str] = set()
        self.emails: set[str] = set()
        self.phones: set[str] = set()

    def identity(self) -> PersonTerms:
        return PersonTerms(tuple(self.names), tuple(self.emails), tuple(self.phones))

    def without(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return self._object(value)
        if isinstance(value, list | tuple):
            return [self.without(each) for each in value]
        if isinstance(value, str):
            self._collect(value)
        return value

    def _object(self, value: Mapping[str, Any]) -> dict[str, Any]:
        personal: set[str] = set()
        for name, each in value.items():
            if isinstance(each, str) and self._collect(each):
                personal |= {other for other in value if _beside(name, other)} | {name}
        called = [
            str(each)
            for name, each in value.items()
            if name in personal and "name" in name.lower() and isinstance(each, str)
        ]
        self.names |= {*called, " ".join(called)} - {""}  # first and last name may stand apart
        return {name: self.without(each) for name, each in value.items() if name not in personal}

    def _collect(self, text: str) -> bool:
        """Remember the addresses of erased people in a text. Return whether it is nothing else."""
        emails = [each for each in _addresses(text) if identity_digest(each) in self.erased]
        phones = [each for each in _numbers(text) if phone_digest(each) in self.erased]
        self.emails |= set(emails)
        self.phones |= set(phones)
        return bool(emails) and _ADDRESS.fullmatch(text.strip()) is not None


def _beside(name: str, other: str) -> bool:
    """Return whether a key is about the same person as the key of an address."""
    group, _, _field = name.rpartition(".")
    if group:
        return other.startswith(f"{group}.")
    return "." not in other and bool(_PERSONAL.search(other)) and not _OF_OTHERS.search(other)
