"""
Default permissions: the matrix of roles and permissions as data.

Packages call ``grant``. After each migration the groups in the database get what was granted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """Role of a staff member. The values are the names of Django groups."""

    ACCOUNT_MANAGER = "account_manager", _("Account manager")
    CREATIVE = "creative", _("Creative")
    QA = "qa_reviewer", _("QA reviewer")
    OPERATIONS = "operations_lead", _("Operations lead")
    INTEGRATIONS = "integrations_owner", _("Integrations owner")
    AUDITOR = "auditor", _("Auditor")


AM, CREATIVE, QA, OPS, INTEGRATIONS, AUDITOR = Role
EVERYONE = tuple(Role)

_granted: dict[str, set[Role]] = defaultdict(set)
_names: dict[str, str] = {}


def grant(permission: str, *roles: Role, name: str = "") -> None:
    """
    Give ``roles`` the ``permission`` (``app.codename``).

    :param name: creates the permission, for one that no model declares
    """
    _granted[permission].update(roles)
    if name:
        _names[permission] = name


def matrix() -> Mapping[str, frozenset[Role]]:
    return {permission: frozenset(roles) for permission, roles in _granted.items()}


def holders(permission: str) -> str:
    """Return the roles with a permission, for a refusal: ``Account manager, Operations lead``."""
    return ", ".join(str(role.label) for role in Role if role in _granted.get(permission, ()))


def sync_groups(using: str) -> None:
    """
    Give the groups the permissions of the matrix, and no others.

    It runs after every ``migrate``, and running it again changes nothing.
    """
    for permission, name in _names.items():
        app, codename = permission.split(".")
        model = apps.get_model(app, codename.rsplit("_", 1)[1])
        Permission.objects.using(using).update_or_create(
            content_type=ContentType.objects.db_manager(using).get_for_model(model),
            codename=codename,
            defaults={"name": name[:255]},
        )
    known = {
        f"{p.content_type.app_label}.{p.codename}": p
        for p in Permission.objects.using(using).select_related("content_type")
    }
    # ``set`` also removes what a role no longer has in code.
    for role in Role:
        group, _made = Group.objects.using(using).get_or_create(name=role.value)
        group.permissions.set(
            [known[permission] for permission, roles in _granted.items() if role in roles]
        )
