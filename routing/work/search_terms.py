"""Search input as conditions that indexes can answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from operator import or_
from unicodedata import category

from django.db.models import Q
from django.db.models.constants import LOOKUP_SEP

from routing.kernel.domains import address_part
from routing.people.clients import Client
from routing.work.refs import number_in, ref_in

MAX_WORDS, MAX_LENGTH = 8, 100
MOST_CLIENTS = 200
# The index holds trigrams. Shorter words are compared with the beginning of a text only.
LETTERS = 3
OF_CLIENT = ("client__code", "client__name")
# Signs around the words of a pasted title or address. Those inside a word stay.
AROUND_WORDS = frozenset(",;:!?.<>\"'`…")
QUOTES_AND_BRACKETS = frozenset({"Pi", "Pf", "Ps", "Pe", "Pd"})
HOW = {"=": "iexact", "^": "fold__startswith"}


def words_in(text: str) -> list[str]:
    """
    Split a search into words, without quotes, brackets, commas and the like around them.

    Very long input is cut off.
    """
    words = [word[:MAX_LENGTH] for word in text.replace("\0", " ").split()[:MAX_WORDS]]
    bare = [_bare(word) for word in words]
    # A sign alone, such as “%” or “&”, is in no index.
    return [word for word in bare if any(map(str.isalnum, word))] or words


def _bare(word: str) -> str:
    """Return a word of a pasted sentence or address as it stands in a title or a name."""
    first, last = 0, len(word)
    while first < last and _is_around(word[first]):
        first += 1
    while first < last and _is_around(word[last - 1]):
        last -= 1
    return word[first:last].removeprefix("mailto:")


def _is_around(sign: str) -> bool:
    return sign in AROUND_WORDS or category(sign) in QUOTES_AND_BRACKETS


def asked(text: str, fields: Sequence[str]) -> Q:
    """
    Return a condition for rows with every word of the text in one of the fields, or with the
    reference or the number that the text is.

    :param fields: written as in ``search_fields`` of an admin
    """
    wanted = all_of(words_in(text), fields)
    for field in fields:
        if field.lstrip("=^").split(LOOKUP_SEP)[-1] == "ref":
            wanted |= is_ref(text, field.lstrip("=^"))
    return wanted


def is_ref(text: str, field: str = "ref") -> Q:
    """Return a condition for rows whose reference the text is, with or without its prefix."""
    number = number_in(text)
    # “No. 50” is a number, although it looks like a reference.
    if not number and (ref := ref_in(text)):
        # As it is spelled here, it is found as a word already, and one condition costs less.
        return Q(pk__in=[]) if ref == text.strip().upper() else Q(**{field: ref})
    if number:
        return Q(**{f"{field}__fold__endswith": f"-{number}"})
    return Q(pk__in=[])


def matching(word: str, fields: Sequence[str], *, anywhere: bool = False) -> Q:
    """
    Return a condition for rows with the word in one of the fields.

    :param fields: written as in ``search_fields`` of an admin
    :param anywhere: find a short word also inside a field, not only at its beginning
    """
    # Clients are found by a query of their own, because an OR across a join could use no index.
    clients = {
        field.removesuffix("client__code").removesuffix("client__name")
        for field in fields
        if field.endswith(OF_CLIENT)
    }
    found = [_in_field(word, field, anywhere) for field in fields if not field.endswith(OF_CLIENT)]
    ids = clients_like(word) if clients else []
    found += [Q(**{f"{prefix}client_id__in": ids}) for prefix in sorted(clients) if ids]
    return reduce(or_, found, Q(pk__in=[]))


def _in_field(word: str, field: str, anywhere: bool = False) -> Q:
    if field.endswith("email") and not word.isascii():
        word = address_part(word)
    inside = anywhere or len(word) >= LETTERS
    how = HOW.get(field[:1], "fold__contains" if inside else "fold__startswith")
    return Q(**{f"{field.lstrip('=^')}{LOOKUP_SEP}{how}": word})


def clients_like(word: str) -> list[int]:
    """Return the ids of matching clients, visible or not: the caller's query limits the work."""
    return list(
        Client.objects.filter(is_client(word))
        .order_by()
        .values_list("pk", flat=True)[:MOST_CLIENTS]
    )


def is_client(word: str, *, anywhere: bool = False) -> Q:
    name = _in_field(word, "name", anywhere)
    return name | Q(code__istartswith=word)


def has_index(words: Iterable[str]) -> bool:
    """Return whether an index can answer one of the words."""
    return any(len(word) >= LETTERS for word in words)


def all_of(words: Iterable[str], fields: Sequence[str]) -> Q:
    words = list(words)
    # No index finds a short word inside a text. Beside a longer one, which an index finds, none is
    # needed: “Repair days in the workshop” must be found by its own title.
    anywhere = has_index(words)
    wanted = Q()
    for word in words:
        wanted &= matching(word, fields, anywhere=anywhere)
    return wanted
