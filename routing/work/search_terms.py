"""Search input as conditions that indexes can answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from operator import or_

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
HOW = {"=": "iexact", "^": "fold__startswith"}


def words_in(text: str) -> list[str]:
    """Split a search into words. Very long input is cut off."""
    return [word[:MAX_LENGTH] for word in text.replace("\0", " ").split()[:MAX_WORDS]]


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
    if ref := ref_in(text):
        # As it is spelled here, it is found as a word already, and one condition costs less.
        return Q(pk__in=[]) if ref == text.strip().upper() else Q(**{field: ref})
    if number := number_in(text):
        return Q(**{f"{field}__fold__endswith": f"-{number}"})
    return Q(pk__in=[])


def matching(word: str, fields: Sequence[str]) -> Q:
    """
    Return a condition for rows with the word in one of the fields.

    :param fields: written as in ``search_fields`` of an admin
    """
    # Clients are found by a query of their own, because an OR across a join could use no index.
    clients = {
        field.removesuffix("client__code").removesuffix("client__name")
        for field in fields
        if field.endswith(OF_CLIENT)
    }
    found = [_in_field(word, field) for field in fields if not field.endswith(OF_CLIENT)]
    ids = clients_like(word) if clients else []
    found += [Q(**{f"{prefix}client_id__in": ids}) for prefix in sorted(clients) if ids]
    return reduce(or_, found, Q(pk__in=[]))


def _in_field(word: str, field: str) -> Q:
    if field.endswith("email") and not word.isascii():
        word = address_part(word)
    how = HOW.get(field[:1], "fold__contains" if len(word) >= LETTERS else "fold__startswith")
    return Q(**{f"{field.lstrip('=^')}{LOOKUP_SEP}{how}": word})


def clients_like(word: str) -> list[int]:
    """Return the ids of matching clients, visible or not: the caller's query limits the work."""
    return list(
        Client.objects.filter(is_client(word))
        .order_by()
        .values_list("pk", flat=True)[:MOST_CLIENTS]
    )


def is_client(word: str) -> Q:
    name = _in_field(word, "name")
    return name | Q(code__istartswith=word)


def all_of(words: Iterable[str], fields: Sequence[str]) -> Q:
    wanted = Q()
    for word in words:
        wanted &= matching(word, fields)
    return wanted
