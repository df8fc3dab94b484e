"""Text folded for search: without case and accents, in one Unicode form."""

from __future__ import annotations

from django.db import models
from django.db.models import CharField, TextField, Transform


class Fold(Transform):
    """
    ``routing_fold`` of the database, on both sides of a comparison.

    An index over ``Fold("title")`` answers ``title__fold__contains``.
    """

    lookup_name = "fold"
    function = "routing_fold"
    bilateral = True
    output_field: models.Field[str, str] = TextField()


CharField.register_lookup(Fold)
TextField.register_lookup(Fold)
