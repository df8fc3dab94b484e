"""Permissions and teams of a user in one statement, because every page needs both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import connection

if TYPE_CHECKING:
    from routing.people.staff import User


# Whoever has work is expected to act on it, so people who may only look get none.
OWN_WORK = "routing.own_workitem"  # as owner or backup, and in every place of configuration
DO_WORK = "routing.do_workitem"  # as assignee


@dataclass(frozen=True, slots=True)
class Rights:
    permissions: frozenset[str]  # app.codename
    team_ids: frozenset[int]


NONE = Rights(frozenset(), frozenset())

# Hand-written, because Django takes longer to build these querysets than PostgreSQL to answer. It
# follows ModelBackend: none for inactive users, all for superusers, otherwise own and by group.
ASKED = """
    SELECT ARRAY(SELECT t.app_label || '.' || p.codename FROM auth_permission p
        JOIN django_content_type t ON t.id = p.content_type_id
        WHERE u.is_active AND (u.is_superuser
            OR p.id IN (SELECT permission_id FROM routing_user_groups
                JOIN auth_group_permissions USING (group_id) WHERE user_id = %(user)s)
            OR p.id IN (SELECT permission_id FROM routing_user_user_permissions
                WHERE user_id = %(user)s))),
        ARRAY(SELECT team_id FROM routing_teammembership WHERE user_id = %(user)s)
    FROM routing_user u WHERE u.id = %(user)s"""


def rights_of(user: User) -> Rights:
    """
    Return a user's permissions and teams from the database, through roles and their own.
    """
    with connection.cursor() as cursor:
        cursor.execute(ASKED, {"user": user.pk})
        found = cursor.fetchone()
    return Rights(frozenset(found[0]), frozenset(found[1])) if found else NONE
