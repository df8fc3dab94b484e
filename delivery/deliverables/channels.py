"""Channels that no adapter serves: a person launches there, and records what shows it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from routing.people.registry import PlaceKind, places


class HandChannel(models.TextChoices):
    """The kinds of destination at which a person launches."""

    NEWSLETTER = "newsletter", _("Newsletter (by hand)")
    ADS = "ads", _("Ads (by hand)")
    SOCIAL = "social", _("Social media (by hand)")
    OTHER = "by_hand", _("Another channel (by hand)")


@places
def hand_channels() -> list[PlaceKind]:
    """Return the channels as kinds of destination. None of them has connections."""
    return [PlaceKind(kind, label) for kind, label in HandChannel.choices]


def is_by_hand(kind: str) -> bool:
    """Return whether a person launches at destinations of this kind."""
    return kind in HandChannel.values
