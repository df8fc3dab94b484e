"""
Hide personal values of what other systems send, for pages that show how it looks.

The one function is ``masked``. It would rather hide too much: a value is shown only if neither its
name nor its look says that it may be about a person.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

LONGEST = 60  # characters of a text that is shown
MOST_WORDS = 3  # of a text that is shown; a longer one may say anything about anybody
MOST = 50  # fields or items of one object or list
DEEPEST = 5
_LABELS = ("label", "name", "title", "question", "key", "field")
_ANSWERS = ("value", "answer", "response", "text")

# Bounded parts, so that no input makes a search slow.
_EMAIL = re.compile(r"[^\s@<>()\"',;:]{1,64}@[^\s@<>()\"',;:]{1,255}")
_PHONE = re.compile(r"(?:\+|\b)\d[\d\s().\-/]{5,24}\d\b")
_DIALLED = re.compile(r"[\s().\-/]|^\+|^0\d{6}")
# A number, an instant or a date, as systems send them: not a phone number.
_PLAIN_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,17})(?:[.,]\d{1,6})?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ][\d:.,+\-Z ]{4,30})?|\d{1,2}[./]\d{1,2}[./]\d{2,4}")
_NAMED = re.compile(
    r"name|^first$|^last$|mail|phone|tel(?:$|[^a-z]|efon|ephone)|mobil|handy|fax|whats|address|adress|anschrift|"
    r"street|stra(?:ß|ss)e|zip|postal|postcode|plz|\bcity|\bort\b|stadt|town|contact|kontakt|"
    r"ansprech|person|birth|geburt|gender|geschlecht|salutation|anrede|signature|\bip\b|"
    r"user|author|sender|owner|recipient|iban|linkedin",
    re.IGNORECASE,
)
_OF_OTHERS = re.compile(
    r"company|firma|organi[sz]ation|deal|product|form|event|campaign|page|site|property|file|flow",
    re.IGNORECASE,
)
# “Carla Client” in a field whose name says nothing. Names of companies look alike, and hide too.
_LIKE_A_NAME = re.compile(r"[^\W\d_a-z]\S{0,57}(?: (?:[a-z]{1,3} )?[^\W\d_a-z]\S{0,57}){1,9}")
_HOUSE = re.compile(
    r"[^\W\d_]{3}\S{0,55}\s{1,9}\d{1,5}\s?[a-z]?\b|\b\d{4,5}\s{1,9}[^\W\d_]{3}", re.IGNORECASE
)


def is_personal_name(name: str) -> bool:
    """Return whether a field of this name is likely to identify a person."""
    last = re.split(r"[.\[]", name)[-1] or name
    spaced = re.sub(r"(?<=[a-zß-ÿ])(?=[A-ZÄÖÜ])|[_\-]", " ", last)
    return bool(_NAMED.search(spaced)) and not _OF_OTHERS.search(spaced)


def masked(value: Any, name: str = "", *, personal: bool = False, depth: int = 0) -> Any:
    """
    Return a JSON value with everything personal in it replaced by what it is.

    :param name: of its field; the names of nested fields count as well
    :param personal: whether the field is known to identify a person
    """
    hide = personal or is_personal_name(name)
    if isinstance(value, dict | list) and depth >= DEEPEST:
        return _("[more]")
    if isinstance(value, dict):
        return _masked_object(value, personal=hide, depth=depth + 1)
    if isinstance(value, list):
        return [masked(each, name, personal=hide, depth=depth + 1) for each in value[:MOST]]
    if value is None or isinstance(value, bool) or value == "":
        return value
    if isinstance(value, str):
        return masked_text(value, hide=hide)
    return _hidden(str(value)) if hide else value


def _masked_object(value: Mapping[Any, Any], *, personal: bool, depth: int) -> dict[str, Any]:
    """Mask the fields of an object by their names, and an answer by the label beside it."""
    # ``{"label": "E-mail", "value": …}``, as form builders send their answers.
    label = next((str(value[key]) for key in _LABELS if value.get(key)), "")
    labelled = bool(label) and any(key in value for key in _ANSWERS)
    found = {}
    for key, each in list(value.items())[:MOST]:
        name = str(key)[:LONGEST]
        if labelled and key in _ANSWERS:
            name = f"{name}.{label}"
        if labelled and key in _LABELS:
            name = ""  # it is the label of the answer, not a name of somebody
        found[str(key)[:LONGEST]] = masked(each, name, personal=personal, depth=depth)
    return found


def masked_text(text: str, *, hide: bool = False) -> str:
    """Return a text as it is, or what it is if it may be personal."""
    text = text.strip()
    plain = bool(_PLAIN_NUMBER.fullmatch(text) or _DATE.fullmatch(text))
    if hide or (not plain and (_EMAIL.search(text) or _is_phone(text))):
        return _hidden(text)
    if plain:
        return text
    if len(text) > LONGEST or len(text.split()) > MOST_WORDS:
        words = ngettext("[text, %(count)s character]", "[text, %(count)s characters]", len(text))
        return words % {"count": len(text)}
    if _HOUSE.search(text):
        return _("[address or number]")
    return _("[name]") if _LIKE_A_NAME.fullmatch(text) else text


def _is_phone(text: str) -> bool:
    return any(_DIALLED.search(found[0]) for found in _PHONE.finditer(text))


def _hidden(text: str) -> str:
    if _EMAIL.search(text):
        return _("[e-mail address]")
    if _PHONE.fullmatch(text) and not _DATE.fullmatch(text):
        return _("[phone number]")
    return _("[personal]")
