"""Write generated passwords for the demo's people to a private file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from secrets import token_urlsafe

from django.contrib.auth.models import Group

from demo.agency import agency
from routing.kernel.roles import Role
from routing.people.staff import User

IN_PORTAL = "client: sign in at /portal/, the code is on the desk's Mail page"


def write(people: Sequence[User], path: Path) -> None:
    """
    Give each person a new password and write all to a file with mode 0600.

    Contacts are listed without one, because they sign in with codes.
    """
    lines = []
    for user in people:
        password = token_urlsafe(12)
        user.set_password(password)
        user.save(update_fields=["password"])
        names = Group.objects.filter(user=user).values_list("name", flat=True)
        roles = ", ".join(str(Role(name).label) for name in names)
        lines.append(f"{user.email:32} {password:20} {user.full_name}, {roles}\n")
    lines += [
        f"{email:32} {'(code by mail)':20} {name}, {IN_PORTAL}\n" for email, name in _contacts()
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.writelines(lines)


def _contacts() -> Iterable[tuple[str, str]]:
    invited = User.objects.filter(contact__email__in=agency.IN_PORTAL, is_active=True)
    return invited.order_by("email").values_list("email", "full_name")
