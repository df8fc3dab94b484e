"""Compute the text of a row without a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from django.contrib.postgres.fields import ArrayField
from django.db import models

from routing.audit.operations.redaction import redigested
from routing.audit.places import TextPlace
from routing.people.finder import MARK, Finder
from routing.runs.decisions import Decision

PLAIN_MARK = "redacted"  # where brackets are not allowed


def emptied(value: Any) -> Any:
    """Return a value without its words, in its shape. Pages that read it go on working."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return b""
    if isinstance(value, Mapping):
        return {}
    if isinstance(value, list | tuple):
        return []
    return MARK if value else value


def without_person(
    place: TextPlace, key: Any, row: Mapping[str, Any], finder: Finder, *, whole: bool
) -> dict[str, Any]:
    """
    Return the new values of those declared fields that change.

    :param whole: empty each declared field, whatever is in it
    """
    found: dict[str, Any] = {}
    for name in place.fields:
        old = row[name]
        new = _new_value(place, name, key, old, finder, whole=whole)
        if new is not old and new != old:
            found[name] = new
    if found and place.model is Decision:
        texts = {name: found.get(name, row[name]) for name in ("rule_name", "asked", "answer")}
        return dict(redigested(texts))
    return found


def _new_value(
    place: TextPlace, name: str, key: Any, old: Any, finder: Finder, *, whole: bool
) -> Any:
    field = cast("models.Field[Any, Any]", place.model._meta.get_field(name))
    if isinstance(field, models.EmailField):
        if not (whole and old) and not finder.has(old or ""):
            return old
        return "" if field.blank and not field.unique else f"erased-{key}@throughline.invalid"
    plain = isinstance(field, models.SlugField) or name == "slug"
    mark = PLAIN_MARK if plain else MARK
    # A body from outside is emptied: its event keeps a digest of the whole, and what is left would
    # let somebody guess the rest.
    outside = name in getattr(place.model, "emptied_whole", ())
    new = finder.without(old, mark)
    if new is old and not whole:
        return old
    if whole or outside:
        new = emptied(old)
    return _fitting(field, key, new)


def _fitting(field: models.Field[Any, Any], key: Any, new: Any) -> Any:
    """Return a value that the column takes: no longer than it may be, and still unique."""
    if not isinstance(new, str) or isinstance(field, ArrayField):
        return new
    if field.unique:
        new = f"{new} {key}"
    return new[: field.max_length] if field.max_length else new
