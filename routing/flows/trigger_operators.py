"""How a trigger compares the field of an event."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class TriggerOperator(models.TextChoices):
    EQUALS = "equals", _("is")
    ONE_OF = "one_of", _("is one of")
    AT_LEAST = "at_least", _("is at least")
    CHANGED_TO = "changed_to", _("changed to")
    CHANGED_BY_MORE = "changed_by_more", _("changed by more than")


# They compare with the value that the field had before.
CHANGES = frozenset({TriggerOperator.CHANGED_TO, TriggerOperator.CHANGED_BY_MORE})
