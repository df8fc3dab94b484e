"""Absences of people, and the permissions to read and change them."""

from __future__ import annotations

from routing.kernel.roles import EVERYONE, OPS, grant

grant("routing.view_absence", *EVERYONE)
for _verb in ("add", "change", "delete"):
    grant(f"routing.{_verb}_absence", OPS)
