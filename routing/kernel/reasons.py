"""Reason codes of exceptions: the classes of what only a person can settle."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Reason(models.TextChoices):
    """Every code needs a route in the exception map: a system check asks."""

    MISSING_FIELDS = "missing_fields", _("Required information is missing")
    MISSING_CONTEXT = "missing_context", _("It is not clear which client this is for")
    DUPLICATE = "duplicate", _("More than one client fits")
    FAILED_CONNECTOR = "failed_connector", _("An outside system refuses us")
    CONFLICTING_DUPLICATE = "conflicting_duplicate", _("The same event came twice with different content")
    NO_RULE = "no_rule", _("No routing rule fits")
    NOBODY_AVAILABLE = "nobody_available", _("Nobody is available to take it")
    FAILED_STEP = "failed_step", _("A step keeps failing")
    ROUNDS_EXCEEDED = "rounds_exceeded", _("More change rounds than were sold")
    REJECTED = "rejected", _("What was made is rejected")
    OUTCOME_MISSING = "outcome_missing", _("What was published is not to be seen")
    OUTCOME_DECAYED = "outcome_decayed", _("What was proven is no longer so")
    NO_ANSWER = "no_answer", _("Nobody answered in time")
    FAILED_DELIVERY = "failed_delivery", _("An outside system did not take what was sent")
    REMOTE_CONFLICT = "remote_conflict", _("It was changed or removed on the other side")
