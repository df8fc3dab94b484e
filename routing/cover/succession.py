"""
Responsibilities of people outside work items: clients, flows, the agency, connections and the teams
they lead.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from routing.people.actors import Actor
from routing.people.saving import save_with_reason
from routing.people.staff import User
from routing.work.door import OperationResult
from routing.work.gates import refused
from routing.work.items import DoorOnly

# Found by name: packages above have such places too, and one of theirs must not be forgotten
# because nobody registered it.
PLACES = (
    "owner",
    "backup",
    "default_owner",
    "default_backup",
    "health_owner",
    "health_backup",
    "lead",
)
OTHER_SIDE = refused(
    "successor",
    _("The successor is already owner or backup here. Choose another owner and backup first."),
    clears_by=_("Someone who can change it"),
)


def places() -> Iterator[tuple[type[models.Model], Sequence[str]]]:
    """
    Configuration that names people, and where.

    Work changes hands through the door; evidence never does.
    """
    for model in apps.get_models():
        if hasattr(model, "history") and not issubclass(model, DoorOnly):
            found = [
                field.name
                for field in model._meta.concrete_fields
                if field.name in PLACES and field.related_model is User
            ]
            if found:
                yield model, found


def held_by(person: User) -> list[Any]:
    """Every row in which a person has a place."""
    return [row for model, names in places() for row in _rows(model, names, person)]


def _rows(model: type[models.Model], names: Sequence[str], person: User) -> models.QuerySet[Any]:
    anywhere = Q()
    for name in names:
        anywhere |= Q(**{name: person})
    return model._default_manager.filter(anywhere).order_by("pk")


def _pair_of(name: str) -> str:
    """The pair that a place belongs to: a row may have several, such as a connection."""
    return name.removesuffix("owner").removesuffix("backup")


def hand_on(
    leaver: User, heir: User, *, by: Actor, at: datetime, reason: str
) -> list[OperationResult]:
    """
    Put ``heir`` into every place of ``leaver``. Call it in a transaction.

    :returns: a refusal for each row in which the heir already stands on the other side; it keeps
        the leaver
    """
    stuck = []
    for model, names in places():
        for row in _rows(model, names, leaver).select_for_update(of=("self",), no_key=True):
            theirs = [name for name in names if getattr(row, f"{name}_id") == leaver.pk]
            pairs = {_pair_of(name) for name in theirs}
            if any(
                getattr(row, f"{name}_id") == heir.pk and _pair_of(name) in pairs for name in names
            ):
                stuck.append(OperationResult(row.pk, False, (OTHER_SIDE,), row))
                continue
            for name in theirs:
                setattr(row, name, heir)
            save_with_reason(row, by=by, at=at, reason=reason, only=theirs)
    return stuck
