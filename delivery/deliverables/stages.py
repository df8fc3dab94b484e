"""The approval stages of a version, and the answers that a stage needs."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import models
from django.utils.translation import gettext_lazy as _


class Audience(models.TextChoices):
    INTERNAL = "internal", _("The agency")
    CLIENT = "client", _("The client")


class Quorum(models.TextChoices):
    ANY = "any", _("Any one")
    ALL = "all", _("All")
    SOME = "some", _("A set number")


@dataclass(frozen=True, slots=True)
class Stage:
    """
    ``need`` is used with SOME only. An approval expires after ``answer_days`` whole days. A stage
    of the agency may ask the people of one team, by its id and its name.
    """

    audience: str
    quorum: str = Quorum.ANY.value
    need: int = 1
    answer_days: int = 14
    team_id: int | None = None
    team: str = ""

    @property
    def asks(self) -> str:
        """Return who is asked, in words."""
        return self.team or str(Audience(self.audience).label)


DEFAULT = (Stage(Audience.INTERNAL), Stage(Audience.CLIENT))
