"""Other contacts, who are masked in what one person gets to read."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any

from routing.audit.places import Person
from routing.people.clients import Contact
from routing.people.finder import Finder, flat
from routing.people.folded import fold, fold_decoded
from routing.people.naming import LEAST_DIGITS, PersonTerms, phone_number, words_of

MASK = "[somebody else]"


class OtherPeople:
    """All contacts but one. Few of them are in a text, so each text is searched for few."""

    def __init__(self, person: Person) -> None:
        self._finders: dict[int, Finder] = {}
        self._identities: dict[int, PersonTerms] = {}
        self._by_word: dict[str, set[int]] = defaultdict(set)
        self._numbers: dict[str, set[int]] = defaultdict(set)
        own = person.identity
        names, emails = {fold(name) for name in own.names}, {fold(each) for each in own.emails}
        rows = Contact.objects.exclude(pk=person.contact_id).filter(erased_at=None)
        for pk, name, email, phone in rows.values_list("pk", "full_name", "email", "phone"):
            # Who has the same name or number cannot be told from the person.
            called = () if fold(name) in names else (name,)
            address = () if not email or fold(email) in emails else (email,)
            known = {phone_number(each) for each in own.phones}
            number = () if not phone or phone_number(phone) in known else (phone,)
            self._add(pk, PersonTerms(called, address, number))

    def masked(self, value: Any) -> Any:
        """Return a value without other contacts."""
        text = fold_decoded(flat(value))
        found: set[int] = set()
        for word in set(words_of(text)):
            found |= self._by_word.get(word, set())
        digits = re.sub(r"\D", "", text)
        if len(digits) >= LEAST_DIGITS:
            for number, people in self._numbers.items():
                if number in digits:
                    found |= people
        for pk in sorted(found):
            value = self._finder(pk).without(value, MASK)
        return value

    def _add(self, pk: int, identity: PersonTerms) -> None:
        self._identities[pk] = identity
        for name in identity.names:
            for word in words_of(name)[-1:]:
                self._by_word[fold(word)].add(pk)
        for email in identity.emails:
            for word in words_of(fold(email))[:1]:
                self._by_word[word].add(pk)
        for phone in identity.phones:
            if number := phone_number(phone):
                self._numbers[number.national].add(pk)

    def _finder(self, pk: int) -> Finder:
        if pk not in self._finders:
            self._finders[pk] = Finder(self._identities[pk])
        return self._finders[pk]
