"""What a user may do and which teams they are in, in one statement: every page asks both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib.auth.models import Group, Permission
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Q, Value
from django.db.models.functions import Concat

if TYPE_CHECKING:
    from routing.models.people import User


@dataclass(frozen=True, slots=True)
class Rights:
    permissions: frozenset[str]  # app.codename
    team_ids: frozenset[int]


NONE = Rights(frozenset(), frozenset())


def rights_of(user: User) -> Rights:
    """As the database says now: through roles and of one's own; none for the inactive, every permission for a superuser."""
    people, teams = type(user)._default_manager, user.teams.through._default_manager
    granted = Permission.objects.all()
    if not user.is_superuser:
        by_role = Group.permissions.through._default_manager.filter(group__user=user.pk).values("permission")
        own = type(user).user_permissions.through._default_manager.filter(user=user.pk).values("permission")
        granted = granted.filter(Q(pk__in=by_role) | Q(pk__in=own))
    names = granted.order_by().values(full=Concat("content_type__app_label", Value("."), "codename"))
    found = (
        people.filter(pk=user.pk)
        .order_by()
        .values_list(ArraySubquery(names), ArraySubquery(teams.filter(user=user.pk).order_by().values("team")))
        .first()
    )
    if found is None:
        return NONE
    return Rights(frozenset(found[0]) if user.is_active else frozenset(), frozenset(found[1]))
