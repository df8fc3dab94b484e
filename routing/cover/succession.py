"""
Places that people have outside work items: in clients, flows, the agency, connections and teams.
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

# Places are found by the name of the field. Packages above have some too, and a place that nobody
# registered would keep a person who has left.
PLACES = (
    "owner",
    "backup",
    "outcome_owner",
    "default_owner",
    "default_backup",
    "health_owner",
    "health_backup",
    "lead",
    "security_owner",
)
OTHER_SIDE = refused(
    "successor",
    _("The successor is already owner or backup here. Choose another owner and backup first."),
    clears_by=_("Someone who can change it"),
)


def places() -> Iterator[tuple[type[models.Model], Sequence[str]]]:
    """
    Yield the models of configuration that name people, with the names of the fields.

    Work changes hands through the door. Evidence never does, and a saved view stays as it is until
    one of its readers takes it over.
    """
    for model in apps.get_models():
        stays = getattr(model, "stays_with_leaver", False)
        if hasattr(model, "history") and not issubclass(model, DoorOnly) and not stays:
            found = [
                field.name
                for field in model._meta.concrete_fields
                if field.name in PLACES and field.related_model is User
            ]
            if found:
                yield model, found


def held_by(person: User) -> list[Any]:
    """Return every row in which a person has a place."""
    found: list[Any] = []
    for model, names in places():
        found += _rows(model, names, person)
    return found


def _rows(model: type[models.Model], names: Sequence[str], person: User) -> models.QuerySet[Any]:
    anywhere = Q()
    for name in names:
        anywhere |= Q(**{name: person})
    return model._default_manager.filter(anywhere).order_by("pk")


def _pair_of(name: str) -> str:
    """Return the pair a place belongs to. A row such as a connection may have several pairs."""
    return name.removesuffix("owner").removesuffix("backup")


def hand_on(
    leaver: User, heir: User, *, by: Actor, at: datetime, reason: str
) -> list[OperationResult]:
    """
    Put ``heir`` into every place of ``leaver``. Call it in a transaction.

    :returns: a refusal for each row in which the heir is already the other of a pair. The leaver
        stays there.
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
