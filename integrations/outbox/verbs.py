"""Labels of outbox verbs, registered where the verbs are used."""

from __future__ import annotations

from routing.work.gates import Words

_words: dict[str, Words] = {}


def called(verb: str, words: Words) -> str:
    """Register the label of a verb, and return the verb."""
    _words[verb] = words
    return verb


def words_of(verb: str) -> str:
    return str(_words.get(verb, verb))
