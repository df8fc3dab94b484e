"""
The declaration of text fields: which of them may hold a client's words or a person's data.

Each model names its text fields in two tuples. ``redactable`` has those that may hold a client's
words or a person's data, so that erasure and redaction rewrite them. ``impersonal`` has those that
hold neither: choices, codes, keys and digests. A system check refuses a text field that is in
none of them, or in both.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

Text = (
    models.CharField,
    models.TextField,
    models.JSONField,
    models.BinaryField,
    models.FileField,
)


def redactable_fields(model: type[models.Model]) -> tuple[str, ...]:
    """Return the fields that may hold a client's words or a person's data."""
    names: tuple[str, ...] = getattr(model, "redactable", ())
    return names


def impersonal_fields(model: type[models.Model]) -> tuple[str, ...]:
    """Return the text fields that hold neither a client's words nor a person's data."""
    names: tuple[str, ...] = getattr(model, "impersonal", ())
    return names


def text_fields(model: type[models.Model]) -> list[str]:
    """Return the names of all fields of the model that can hold text."""
    return [field.name for field in model._meta.concrete_fields if _is_text(field)]


def declaration_faults(model: type[models.Model]) -> list[str]:
    """Return what is wrong with the declaration of a model, a sentence for each field."""
    words, neither = set(redactable_fields(model)), set(impersonal_fields(model))
    texts = set(text_fields(model))
    faults = [
        f"{name} does not say whether it may hold a client's words or a person's data"
        for name in sorted(texts - words - neither)
    ]
    faults += [f"{name} is declared twice" for name in sorted(words & neither)]
    faults += [f"{name} is no text field" for name in sorted((words | neither) - texts)]
    return faults


def _is_text(field: models.Field[object, object]) -> bool:
    if isinstance(field, ArrayField):
        return isinstance(field.base_field, Text)
    return isinstance(field, Text)
