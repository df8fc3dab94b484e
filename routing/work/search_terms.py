"""Search input as conditions that indexes can answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from operator import or_

from django.db.models import Q
from django.db.models.constants import LOOKUP_SEP

from routing.people.clients import Client

MAX_WORDS, MAX_LENGTH = 8, 100
MOST_CLIENTS = 200
LETTERS = 3  # the index knows letters in threes: shorter words are looked for where a text begins
OF_CLIENT = ("client__code", "client__name")
HOW = {"=": "iexact", "^": "istartswith"}


def words_in(text: str) -> list[str]:
    """Words by space; all of them are to be found. What nobody types on purpose is cut off."""
    return [word[:MAX_LENGTH] for word in text.replace("\0", " ").split()[:MAX_WORDS]]


def matching(word: str, fields: Sequence[str]) -> Q:
    """
    Rows with the word in one of the fields, which are written as a list's ``search_fields``.

    Clients are found first, by a query of their own: a join in an OR could use no index.
    """
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
    how = HOW.get(field[:1], "icontains" if len(word) >= LETTERS else "istartswith")
    return Q(**{f"{field.lstrip('=^')}{LOOKUP_SEP}{how}": word})


def clients_like(word: str) -> list[int]:
    """Ids; whoever may see a piece of work may find it by its client."""
    name = Q(name__icontains=word) if len(word) >= LETTERS else Q(name__istartswith=word)
    return list(
        Client.objects.filter(name | Q(code__istartswith=word))
        .order_by()
        .values_list("pk", flat=True)[:MOST_CLIENTS]
    )


def all_of(words: Iterable[str], fields: Sequence[str]) -> Q:
    wanted = Q()
    for word in words:
        wanted &= matching(word, fields)
    return wanted
